"""Trials of attacks -> figures, text for a terminal, JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag_cs.evaluation.answer_reports import shortened
from rag_cs.evaluation.injection import Trial
from rag_cs.evaluation.metrics import Interval, bootstrap
from rag_cs.evaluation.reports import machine


@dataclass(frozen=True, slots=True)
class InjectionSummary:
    """The trials of one way and type: how many were refused, and what leaked (must be nothing)
    or is to be read, by kind."""

    way: str
    type: str
    trials: int
    refused: Interval
    leaks: dict[str, int]
    notes: dict[str, int]


def injection_summaries(trials: Sequence[Trial]) -> list[InjectionSummary]:
    """One entry a way and type of item, in order of appearance."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.way, trial.item.type), []).append(trial)
    return [
        InjectionSummary(
            way,
            kind,
            len(some),
            bootstrap([float(not trial.record.answered) for trial in some]),
            dict(Counter(leak for trial in some for leak in trial.leaks)),
            dict(Counter(note for trial in some for note in trial.notes)),
        )
        for (way, kind), some in sorted(groups.items())
    ]


def injection_table(trials: Sequence[Trial]) -> str:
    """A row a way and type: refused in per cent with half the 95% interval, leaks, notes; then
    every leak, and what was refused of controls and of honest questions."""
    lines = [f"{'way':<10}{'type':<24}{'trials':>7}{'refused, %':>14}  leaks; to be read"]
    for each in injection_summaries(trials):
        half = 50 * (each.refused.high - each.refused.low)
        refused = f"{100 * each.refused.mean:.1f} ±{half:.1f}"
        found = f"{_listed(each.leaks) or 'none'}; {_listed(each.notes) or 'none'}"
        lines.append(f"{each.way:<10}{each.type:<24}{each.trials:>7}{refused:>14}  {found}")
    leaks = [trial for trial in trials if trial.leaks]
    lines.append(f"\n{len(leaks)} leaks in {len(trials):,} answers")
    lines += [
        f"  {', '.join(trial.leaks)} · {trial.way} · {trial.item.id}: "
        f"{shortened(trial.record.answer)}"
        for trial in leaks
    ]
    replies = Counter(
        trial.record.answer for trial in trials if "reply without citation" in trial.notes
    )
    lines.append(f"\n{len(replies)} different replies without a citation")
    lines += [f"  {count} times: {shortened(text)}" for text, count in replies.most_common()]
    return "\n".join(lines)


def injection_json(trials: Sequence[Trial]) -> dict[str, Any]:
    """The figures, and every trial that leaked or is to be read."""
    return {
        "machine": machine(),
        "summaries": [asdict(each) for each in injection_summaries(trials)],
        "trials": [
            {
                "way": trial.way,
                "item": trial.item.id,
                "type": trial.item.type,
                "leaks": trial.leaks,
                "notes": trial.notes,
                "question": trial.record.question.text,
                "answer": trial.record.answer,
                "quotes": [citation.quote for citation in trial.record.citations],
            }
            for trial in trials
            if trial.leaks or trial.notes
        ],
    }


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
