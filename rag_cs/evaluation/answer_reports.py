"""Marked answers and their figures -> JSON, JSON lines, text for a terminal, and cases to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from typing import Any

from rag_cs.evaluation.answer_comparison import AnswerComparison
from rag_cs.evaluation.answer_marks import WRONG_BELOW_F1, Marked
from rag_cs.evaluation.answer_measures import MEASURES, Summary
from rag_cs.evaluation.metrics import Interval, Latency
from rag_cs.evaluation.reports import machine
from rag_cs.evaluation.risk import FALSE_REFUSAL

# Cases of each sort that are shown, and in all on a terminal.
MOST_CASES = 20
_SHOWN_CHARACTERS = 240
_FIRST_TABLE = ("f1", "contained", "f1_answered", "refusal", "false_refusal", "risk", "coverage")
_SECOND_TABLE = ("refusal_at_10", "auroc", "aurc", "citation_precision", "citation_recall",
                 "span_precision", "span_recall")  # fmt: skip
_SHORT_NAMES = {"contained": "contains", "false_refusal": "false ref.", "f1_answered": "f1 answ.",
    "refusal_at_10": "refuse@10", "citation_precision": "cite prec.", "span_recall": "span rec.",
    "citation_recall": "cite rec.", "span_precision": "span prec."}  # fmt: skip

Run = Mapping[str, Sequence[Summary]]
"""Summaries by the name of the system."""


@dataclass(frozen=True, slots=True)
class Case:
    """An answer that someone should read, and why."""

    sort: str
    marked: Marked
    detail: str


def answer_line(marked: Marked) -> dict[str, Any]:
    """One answer as plain values: what was asked, said, cited and retrieved, and its marks."""
    record, question = marked.record, marked.record.question
    return {
        "_id": question.id,
        "system": record.system,
        "dataset": question.group,
        "language": question.language,
        "question": question.text,
        "answerable": question.answerable,
        "expected": list(question.expected),
        "held_out": question.held_out,
        "status": record.status,
        "answer": record.answer,
        "confidence": record.confidence,
        "citations": [asdict(citation) for citation in record.citations],
        "retrieved": [
            {"chunk_id": chunk, "document_id": document} for chunk, document in record.retrieved
        ],
        "seconds_to_first_sentence": round(record.seconds_to_first_sentence, 4),
        "seconds": round(record.seconds, 4),
        "error": record.error,
        "marks": asdict(marked.marks),
    }


def json_line(marked: Marked) -> str:
    """`answer_line` as one line, its end included."""
    return json.dumps(answer_line(marked), ensure_ascii=False) + "\n"


def answers_json(
    run: Run, comparisons: Sequence[AnswerComparison], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The figures of a run as plain values, with what they mean."""
    return {
        "machine": machine(),
        "settings": dict(settings),
        "meaning": {
            **MEASURES,
            "wrong": f"unanswerable, or F1 below {WRONG_BELOW_F1} and no expected answer whole",
            "false refusal in refusal_at_10": FALSE_REFUSAL,
        },
        "systems": {
            name: [{**asdict(each), "measures": _plain(each.measures)} for each in summaries]
            for name, summaries in run.items()
        },
        "comparisons": [asdict(each) for each in comparisons],
    }


def _plain(measures: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: asdict(value) for name, value in measures.items()}


def answers_table(summaries: Sequence[Summary]) -> str:
    """Per cent with half the 95% interval, two tables of one row a group, then what must be 0,
    and the times in milliseconds."""
    width = 2 + max(len("group"), *(len(each.group) for each in summaries))
    parts = [
        _table(summaries, _FIRST_TABLE, width),
        _table(summaries, _SECOND_TABLE, width),
        _counts_table(summaries, width),
    ]
    return "\n\n".join(parts)


def _table(summaries: Sequence[Summary], names: Sequence[str], width: int) -> str:
    head = "".join(f"{_SHORT_NAMES.get(name, name):>13}" for name in names)
    lines = [f"{'group':<{width}}{'questions':>9}{head}"]
    for each in summaries:
        cells = "".join(f"{_per_cent(each.measures.get(name)):>13}" for name in names)
        lines.append(f"{each.group:<{width}}{each.questions:>9}{cells}")
    return "\n".join(lines)


def _counts_table(summaries: Sequence[Summary], width: int) -> str:
    names = {
        "answered": "answered", "citations": "citations", "altered quotes": "altered",
        "citations not retrieved": "unretrieved", "sentences without citation": "uncited",
        "replies without citation": "talk", "unsupported facts": "bad facts",
        "turned away": "turned away",
    }  # fmt: skip
    head = "".join(f"{name:>13}" for name in names.values())
    lines = [f"{'group':<{width}}{head}{'first ms p50/p95':>18}{'whole ms p50/p95':>18}"]
    for each in summaries:
        counts = {**each.counts, "answered": each.answered}
        cells = "".join(f"{counts[name]:>13,}" for name in names)
        times = f"{_times(each.first_sentence):>18}{_times(each.whole):>18}"
        lines.append(f"{each.group:<{width}}{cells}{times}")
    return "\n".join(lines)


def _times(times: Latency | None) -> str:
    return f"{times.p50_milliseconds:,.0f}/{times.p95_milliseconds:,.0f}" if times else "-"


def _per_cent(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{100 * interval.mean:.1f} ±{50 * (interval.high - interval.low):.1f}"


def answer_comparison_table(names: tuple[str, str], comparisons: Sequence[AnswerComparison]) -> str:
    """A row a group and measure: both systems in per cent, the gain with its interval, and p; then
    by how much the second one's area under the risk-coverage curve is smaller."""
    width = 2 + max(len(each.group) for each in comparisons)
    first, second = (name[:12] for name in names)
    lines = [
        f"{'group':<{width}}{'measure':<15}{first:>13}{second:>13}{'gain':>8}"
        f"{'95% interval':>17}{'p':>9}"
    ]
    for each in comparisons:
        for name, found in each.measures.items():
            lines.append(
                f"{each.group:<{width}}{name:<15}{100 * found.first:>13.1f}"
                f"{100 * found.second:>13.1f}{100 * found.gain.mean:>+8.1f}"
                f"{_ends(found.gain):>17}{found.p_value:>9.4f}"
            )
        saved = each.area_saved
        lines.append(
            f"{each.group:<{width}}{'area saved, %':<15}{'':>26}{100 * saved.mean:>+8.1f}"
            f"{_ends(saved):>17}"
        )
    return "\n".join(lines)


def _ends(interval: Interval) -> str:
    return f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"


def cases_of(marked: Sequence[Marked]) -> dict[str, list[Case]]:
    """Every case of each sort, the worst first: of what was said, that which was said most surely;
    of what was withheld, that which was nearest to being said."""
    found: dict[str, list[Case]] = {sort: [] for sort in _SORTS}
    for each in sorted(marked, key=lambda one: (-one.record.confidence, one.record.question.id)):
        for sort, detail in _faults(each):
            found[sort].append(Case(sort, each, detail))
    return found


_SORTS = (
    "altered quote or passage not retrieved",
    "unsupported fact",
    "sentence without a citation",
    "answered what can't be",
    "answered otherwise",
    "refused what can be answered",
)


def _faults(marked: Marked) -> Iterator[tuple[str, str]]:
    record, marks = marked.record, marked.marks
    if marks.altered_quotes or marks.unretrieved:
        yield _SORTS[0], f"{marks.altered_quotes} altered, {marks.unretrieved} not retrieved"
    if marks.unsupported:
        yield _SORTS[1], ", ".join(marks.unsupported)
    if marks.uncited and record.cites:
        yield _SORTS[2], " / ".join(map(shortened, marks.uncited))
    if marks.wrong and not record.question.answerable:
        yield _SORTS[3], f"confidence {record.confidence:.2f}"
    elif marks.wrong:
        yield _SORTS[4], f"F1 {100 * (marks.f1 or 0):.0f}, confidence {record.confidence:.2f}"
    if record.question.answerable and not record.answered:
        yield _SORTS[5], record.error or f"confidence {record.confidence:.2f}"


def worst_cases(cases: Mapping[str, Sequence[Case]], most: int = MOST_CASES) -> list[Case]:
    """`most` of the cases: the first of every sort, then the second of every sort, and so on."""
    in_turn = chain.from_iterable(zip_longest(*cases.values()))
    return [case for case in in_turn if case][:most]


def cases_text(cases: Sequence[Case]) -> str:
    """Cases for a terminal."""
    return "\n\n".join(
        f"{case.sort} ({case.detail}) · {case.marked.record.question.group} · "
        f"{case.marked.record.question.id}\n"
        + "\n".join(f"  {name:<9} {words}" for name, words in case_lines(case).items())
        for case in cases
    )


def case_lines(case: Case) -> dict[str, str]:
    """What someone who judges a case must see, each cut to a few lines."""
    record, question = case.marked.record, case.marked.record.question
    quotes = " / ".join(citation.quote for citation in record.citations)
    return {
        "question": shortened(question.text),
        "expected": shortened(" / ".join(question.expected)) or "a refusal",
        "answer": ("" if record.answered else f"({record.status}) ") + shortened(record.answer),
        "quotes": shortened(quotes) or "none",
    }


def shortened(text: str) -> str:
    """The beginning of a text, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN_CHARACTERS else f"{words[:_SHOWN_CHARACTERS]}…"
