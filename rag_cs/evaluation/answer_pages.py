"""Answers of one or two systems -> a page to look at: figures, curves, times, cases to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag_cs.evaluation import html
from rag_cs.evaluation.answer_comparison import AnswerComparison
from rag_cs.evaluation.answer_marks import WRONG_BELOW_F1, Marked
from rag_cs.evaluation.answer_measures import MEASURES, Summary
from rag_cs.evaluation.answer_reports import (
    MOST_CASES,
    Case,
    case_lines,
    cases_of,
    worst_cases,
)
from rag_cs.evaluation.charts import bars, curves, histogram
from rag_cs.evaluation.metrics import Interval, Latency
from rag_cs.evaluation.reports import machine

_EXPLAINED = (
    "Risk is the share of the answered questions that were answered wrong: those that can't be "
    f"answered at all, and those whose answer shares less than {WRONG_BELOW_F1:.0%} (F1) with "
    "every expected one and holds none of them whole. The curve answers by falling confidence, "
    "last what the system withholds, which counts as wrong: lower is better, and so is the area "
    "below it."
)


def answers_page(
    systems: Mapping[str, tuple[Sequence[Marked], Sequence[Summary]]],
    comparisons: Sequence[AnswerComparison] = (),
) -> str:
    """The whole page. Two systems are set beside each other first."""
    sections = []
    if comparisons:
        sections.append(_comparison(list(systems), comparisons))
    sections.append(
        html.section(
            "Risk and coverage",
            html.text(_EXPLAINED),
            curves(
                {
                    f"{name}, {each.group}": each.risks
                    for name, (_, summaries) in systems.items()
                    for each in _sets(summaries)
                },
                "coverage: questions answered, per cent",
                "risk: wrong among the answered, per cent",
            ),
        )
    )
    for name, (marked, summaries) in systems.items():
        sections += _system(name, marked, summaries)
    where = machine()
    note = f"{where['cores']} cores, {where['processor']}, Python {where['python']}."
    return html.page("What the answers are worth", note, sections)


def _system(name: str, marked: Sequence[Marked], summaries: Sequence[Summary]) -> list[str]:
    f1 = {each.group: each.measures["f1"] for each in summaries if "f1" in each.measures}
    cases = cases_of(marked)
    return [
        html.section(
            name,
            html.figures(_headline(summaries[0])),
            bars(f1, "token F1 of the answerable, refusals 0, per cent") if f1 else "",
            *(_measure(measure, summaries) for measure in MEASURES),
        ),
        html.section(f"{name}: what must be nothing", _counts(summaries)),
        html.section(f"{name}: times", *_times(marked, summaries)),
        html.section(
            f"{name}: cases to read",
            _cases(worst_cases(cases)),
            *(
                html.folded(f"{sort} ({len(some):,})", _cases(some[:MOST_CASES]))
                for sort, some in cases.items()
                if some
            ),
        ),
    ]


def _headline(every: Summary) -> dict[str, str]:
    shown = {
        "f1": "token F1", "refusal": "unanswerable refused", "false_refusal": "answerable refused",
        "aurc": "area under risk", "citation_precision": "citation precision",
    }  # fmt: skip
    return {"questions": f"{every.questions:,}"} | {
        label: f"{100 * every.measures[name].mean:.1f}"
        for name, label in shown.items()
        if name in every.measures
    }


def _measure(name: str, summaries: Sequence[Summary]) -> str:
    rows: list[list[html.Cell]] = [
        [each.group, each.questions, *_interval(each.measures[name])]
        for each in summaries
        if name in each.measures
    ]
    if not rows:
        return ""
    header = ["group", "questions", "per cent", "95% interval"]
    return html.folded(f"{name}: {MEASURES[name]}", html.table(header, rows))


def _interval(value: Interval) -> tuple[float, str]:
    return 100 * value.mean, f"{100 * value.low:.1f} to {100 * value.high:.1f}"


def _counts(summaries: Sequence[Summary]) -> str:
    names = list(summaries[0].counts)
    rows: list[list[html.Cell]] = [
        [each.group, *(each.counts[name] for name in names)] for each in summaries
    ]
    return html.table(["group", *names], rows)


def _times(marked: Sequence[Marked], summaries: Sequence[Summary]) -> list[str]:
    first: dict[str, list[float]] = {}
    for each in marked:
        if each.record.answered:
            waited = 1000 * each.record.seconds_to_first_sentence
            first.setdefault(each.record.question.group, []).append(waited)
    header = ["group", "first p50 ms", "first p95 ms", "whole p50 ms", "whole p95 ms"]
    rows: list[list[html.Cell]] = [
        [each.group, *_pair(each.first_sentence), *_pair(each.whole)] for each in summaries
    ]
    note = "To the first sentence of an answer; whole: of every question, refusals included."
    drawn = histogram(first, "milliseconds to the first sentence") if first else ""
    return [html.text(note), drawn, html.table(header, rows)]


def _pair(times: Latency | None) -> tuple[html.Cell, html.Cell]:
    return (times.p50_milliseconds, times.p95_milliseconds) if times else ("", "")


def _cases(cases: Sequence[Case]) -> str:
    header = ["why", "where", "question", "expected", "answer", "quotes"]
    return html.table(
        header,
        [
            [
                f"- {case.sort}: {case.detail}",
                f"{case.marked.record.question.group}: {case.marked.record.question.id}",
                *case_lines(case).values(),
            ]
            for case in cases
        ],
    )


def _comparison(names: Sequence[str], comparisons: Sequence[AnswerComparison]) -> str:
    rows: list[list[html.Cell]] = []
    for each in comparisons:
        for name, found in each.measures.items():
            gain, ends = _interval(found.gain)
            rows.append(
                [each.group, name, 100 * found.first, 100 * found.second, gain, ends,
                 f"{found.p_value:.4f}"]
            )  # fmt: skip
        saved, ends = _interval(each.area_saved)
        rows.append([each.group, "area saved, per cent", "", "", saved, ends, ""])
    header = ["group", "measure", *names, "gain", "95% interval", "p"]
    return html.section(f"{names[0]} against {names[1]}", html.table(header, rows))


def _sets(summaries: Sequence[Summary]) -> list[Summary]:
    """All questions, and each data set or cross-set test; neither languages nor halves."""
    return [
        each
        for each in summaries
        if not each.group.startswith("language: ") and not each.group.endswith(" (held out)")
    ]
