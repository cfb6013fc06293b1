"""Marked answers -> figures with their uncertainty, by group. Pure.

Risk is the share of the answered questions that are answered wrong: those that can't be answered
at all, and those answered otherwise than expected (see `answer_marks.WRONG_BELOW_F1`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_cs.evaluation.answer_marks import Marked
from rag_cs.evaluation.answer_questions import Question
from rag_cs.evaluation.metrics import Interval, Latency, bootstrap, latency
from rag_cs.evaluation.risk import RANKINGS, Ranked, rankings, risk_curve

# In the order in which they are shown.
MEASURES: Mapping[str, str] = {
    "f1": "token F1 over all answerable questions, refusals 0",
    "contained": "share of the answerable whose answer holds an expected one whole",
    "f1_answered": "token F1 over the answerable that were answered",
    "contained_answered": "the same, over the answerable that were answered",
    "refusal": "share of the unanswerable that were refused",
    "false_refusal": "share of the answerable that were refused",
    "refusal_at_10": "share of the unanswerable refused when 10% of the answerable are",
    "auroc": "how surely confidence tells answerable from unanswerable",
    "coverage": "share of all questions that were answered",
    "risk": "share of the answered that are wrong",
    "aurc": "area under the risk-coverage curve; lower is better",
    "citation_precision": "share of an answer's citations of a relevant passage",
    "citation_recall": "share of answers that cite a relevant passage",
    "span_precision": "share of an answer's quotes that hold the expected span",
    "span_recall": "share of answers with a quote that holds the expected span",
    "backed": "share of an answer's sentences with a citation",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """One group's figures. `measures` has those keys of MEASURES for which there is something to
    measure; `risks` is the risk at 1, 2, … 100% coverage; `counts` what must be 0 or adds up."""

    group: str
    questions: int
    answerable: int
    answered: int
    measures: Mapping[str, Interval]
    risks: tuple[float, ...]
    counts: Mapping[str, int]
    first_sentence: Latency | None
    whole: Latency | None


def groups_of(questions: Sequence[Question]) -> dict[str, list[int]]:
    """The places of the questions that are shown together: all, each data set and cross-set test,
    each language; then of each again those from whose passages nothing was learned, if any."""
    groups: dict[str, list[int]] = {"all": list(range(len(questions)))}
    for place, question in enumerate(questions):
        groups.setdefault(question.group, []).append(place)
    for language in sorted({question.language for question in questions}):
        groups[f"language: {language}"] = [
            place for place, question in enumerate(questions) if question.language == language
        ]
    held_out = {
        f"{name} (held out)": some
        for name, places in groups.items()
        if (some := [place for place in places if questions[place].held_out])
    }
    return groups | held_out


def summaries(marked: Sequence[Marked]) -> list[Summary]:
    """The figures of every group of at least one answer."""
    groups = groups_of([each.record.question for each in marked])
    found = []
    for name, places in groups.items():
        members = [marked[place] for place in places]
        found.append(summarise(name, members, reference_of(members, marked)))
    return found


def reference_of(members: Sequence[Marked], marked: Sequence[Marked]) -> list[Marked]:
    """The answerable questions of the corpus that a cross-set test was put to: what its refusals
    are weighed against. Held-out against held-out."""
    if any(each.record.question.answerable for each in members):
        return []
    datasets = {each.record.question.dataset for each in members}
    only_held_out = all(each.record.question.held_out for each in members)
    return [
        each
        for each in marked
        if each.record.question.answerable
        and each.record.question.dataset in datasets
        and (each.record.question.held_out or not only_held_out)
    ]


def summarise(group: str, marked: Sequence[Marked], reference: Sequence[Marked] = ()) -> Summary:
    """The figures of at least one answer. `reference` joins those that need answerable questions
    beside unanswerable ones: the ranking by confidence and the risk-coverage curve."""
    ranked = ranked_of([*marked, *reference])
    answered = [each for each in marked if each.record.answered]
    return Summary(
        group=group,
        questions=len(marked),
        answerable=sum(each.record.question.answerable for each in marked),
        answered=len(answered),
        measures=_means(marked) | rankings(ranked),
        risks=_at_each_per_cent(risk_curve(ranked)),
        counts={
            "citations": sum(each.marks.citations for each in marked),
            "altered quotes": sum(each.marks.altered_quotes for each in marked),
            "citations not retrieved": sum(each.marks.unretrieved for each in marked),
            "unsupported facts": sum(len(each.marks.unsupported) for each in marked),
            "answers with unsupported facts": sum(bool(each.marks.unsupported) for each in marked),
            "sentences": sum(each.marks.sentences for each in marked),
            "sentences without citation": sum(len(each.marks.uncited) for each in marked),
            "replies without citation": sum(
                each.record.status == "answered" and not each.record.citations for each in marked
            ),
            "turned away": sum(bool(each.record.error) for each in marked),
        },
        first_sentence=_latency([each.record.seconds_to_first_sentence for each in answered]),
        whole=_latency([each.record.seconds for each in marked]),
    )


def value_of(name: str, marked: Marked) -> float | None:
    """What one answer adds to the mean of a measure; None when it doesn't count there."""
    record, marks = marked.record, marked.marks
    can = record.question.answerable
    simple: dict[str, float | None] = {
        "f1": marks.f1,
        "contained": marks.contained,
        "f1_answered": marks.f1 if record.answered else None,
        "contained_answered": marks.contained if record.answered else None,
        "refusal": None if can else float(not record.answered),
        "false_refusal": float(not record.answered) if can else None,
        "coverage": float(record.answered),
        "risk": float(marks.wrong) if record.answered else None,
        "citation_precision": marks.citation_precision,
        "citation_recall": marks.citation_recall,
        "span_precision": marks.span_precision,
        "span_recall": marks.span_recall,
        "backed": 1 - len(marks.uncited) / marks.sentences if marks.sentences else None,
    }
    return simple[name]


def ranked_of(marked: Sequence[Marked]) -> Ranked:
    """What the measures of a ranking need to know."""
    return Ranked.of(
        [
            (
                each.record.question.answerable,
                each.record.answered,
                each.marks.wrong,
                each.record.confidence,
            )
            for each in marked
        ]
    )


def _means(marked: Sequence[Marked]) -> dict[str, Interval]:
    found = {}
    for name in MEASURES:
        if name in RANKINGS:
            continue
        values = [value for each in marked if (value := value_of(name, each)) is not None]
        if values:
            found[name] = _interval(values)
    return found


def _interval(values: Sequence[float]) -> Interval:
    """As `bootstrap`, but at once where every resample is the same: of shares, that is often so."""
    if min(values) == max(values):
        return Interval(values[0], values[0], values[0])
    return bootstrap(values)


def _at_each_per_cent(risks: Sequence[float]) -> tuple[float, ...]:
    count = len(risks)
    return tuple(float(risks[max(1, round(share * count / 100)) - 1]) for share in range(1, 101))


def _latency(seconds: Sequence[float]) -> Latency | None:
    return latency(seconds) if seconds else None
