"""Two systems' answers to the same questions -> which is better, how surely, and where. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.answer_marks import Marked
from rag_cs.evaluation.answer_measures import groups_of, ranked_of, reference_of, value_of
from rag_cs.evaluation.comparison import Difference, randomisation_test
from rag_cs.evaluation.metrics import Interval, bootstrap
from rag_cs.evaluation.risk import area_saved

# Only what both systems have a value for can be paired: not the F1 of what one answered.
COMPARED = ("f1", "contained", "refusal", "false_refusal")


@dataclass(frozen=True, slots=True)
class AnswerComparison:
    """One group in both systems. `area_saved` is by what share the second one's area under the
    risk-coverage curve is smaller."""

    group: str
    questions: int
    measures: Mapping[str, Difference]
    area_saved: Interval


def compare_answers(first: Sequence[Marked], second: Sequence[Marked]) -> list[AnswerComparison]:
    """Every group of `first` against `second`. Raises InvalidInput unless both were asked the same
    questions in the same order."""
    asked = [[each.record.question for each in marked] for marked in (first, second)]
    if asked[0] != asked[1]:
        raise InvalidInput("The two systems weren't asked the same questions; compare one run's.")
    compared = []
    for group, places in groups_of(asked[0]).items():
        members = [[marked[place] for place in places] for marked in (first, second)]
        ranked = [
            ranked_of([*some, *reference_of(some, marked)])
            for some, marked in zip(members, (first, second), strict=True)
        ]
        measures = _differences(*members)
        compared.append(AnswerComparison(group, len(places), measures, area_saved(*ranked)))
    return compared


def _differences(first: Sequence[Marked], second: Sequence[Marked]) -> dict[str, Difference]:
    """The measures that both systems have values for, paired question by question."""
    measures = {}
    for name in COMPARED:
        pairs = [(value_of(name, a), value_of(name, b)) for a, b in zip(first, second, strict=True)]
        values = np.array([pair for pair in pairs if None not in pair], np.float64)
        if len(values):
            gains = (values[:, 1] - values[:, 0]).tolist()
            measures[name] = Difference(
                float(values[:, 0].mean()),
                float(values[:, 1].mean()),
                bootstrap(gains),
                randomisation_test(gains),
            )
    return measures
