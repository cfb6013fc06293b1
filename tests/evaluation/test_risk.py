from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.risk import (
    Ranked,
    area,
    area_saved,
    auroc,
    rankings,
    refusal_at,
    risk_curve,
    threshold,
)

GOOD = Ranked.of(
    [
        (True, True, False, 0.9),
        (True, True, False, 0.8),
        (False, True, True, 0.3),
        (False, False, False, 0.1),
    ]
)
PLAIN = Ranked.of([(True, True, False, 1.0)] * 2 + [(False, True, True, 1.0)] * 2)
rows = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 1.0])),
    min_size=2,
    max_size=30,
).filter(lambda some: len({row[0] for row in some}) == 2)


def test_the_curve_answers_by_falling_confidence_and_the_withheld_last() -> None:
    assert risk_curve(GOOD) == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert area(GOOD) == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_equal_confidences_count_as_in_random_order() -> None:
    assert risk_curve(PLAIN) == pytest.approx([0.5] * 4)
    assert auroc(PLAIN) == 0.5
    assert refusal_at(PLAIN) == pytest.approx(0.1)


def test_a_withheld_answerable_question_counts_as_wrong_at_the_end() -> None:
    withheld = Ranked.of([(True, True, False, 0.2), (True, False, False, 0.9)])
    assert risk_curve(withheld) == pytest.approx([0, 0.5])


def test_refusals_are_compared_where_a_tenth_of_the_answerable_are_refused() -> None:
    can = [(True, True, False, confidence) for confidence in np.linspace(0.1, 1, 10)]
    cannot = [(False, True, True, confidence) for confidence in (0.05, 0.15, 0.5, 0.9)]
    assert refusal_at(Ranked.of([*can, *cannot])) == pytest.approx(2 / 4)


@given(rows)
def test_auroc_is_the_share_of_pairs_in_order(some: list[tuple[bool, bool, bool, float]]) -> None:
    pairs = [
        1.0 if a[3] > b[3] else 0.5 if a[3] == b[3] else 0.0
        for a in some
        for b in some
        if a[0] and not b[0]
    ]
    assert auroc(Ranked.of(some)) == pytest.approx(np.mean(pairs))


@given(rows)
def test_shares_lie_between_nothing_and_all(some: list[tuple[bool, bool, bool, float]]) -> None:
    ranked = Ranked.of(some)
    assert all(0 <= measure(ranked) <= 1 for measure in (area, auroc, refusal_at))


def test_intervals_hold_the_value_and_a_saving_is_paired() -> None:
    for interval in rankings(GOOD).values():
        assert interval.low <= interval.mean <= interval.high
    saved = area_saved(PLAIN, GOOD)
    assert saved.mean == pytest.approx(1 - area(GOOD) / area(PLAIN))
    assert saved.low <= saved.mean <= saved.high
    assert area_saved(GOOD, GOOD).high == 0


def test_equal_probabilities_are_answered_together_or_not_at_all() -> None:
    probabilities = np.array([0.9, 0.9, 0.2, 0.2, 0.2, 0.2])
    labels = np.array([True, True, False, False, False, False])
    assert threshold(probabilities, labels, 0.1) == 0.9
    assert threshold(probabilities, labels, 0.5) == 0.2
    assert threshold(np.array([0.5]), np.array([False]), 0.1) == 1.0
