from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.comparison import compare, randomisation_test
from rag_cs.evaluation.metrics import Interval, Latency
from rag_cs.evaluation.runs import MEASURES, QueryResult, RetrievalReport


def make_report(values: dict[str, float], dataset: str = "shop") -> RetrievalReport:
    results = tuple(
        QueryResult(query, ("p1",), dict.fromkeys(MEASURES, value), 0.01)
        for query, value in values.items()
    )
    return RetrievalReport(
        dataset=dataset,
        passages=2,
        use_history=False,
        filter_field=None,
        top_k=10,
        measures=dict.fromkeys(MEASURES, Interval(0.5, 0.4, 0.6)),
        latency=Latency(1, 2, 3),
        recall_curve=(0.5,),
        slices={},
        results=results,
    )


def test_pairs_stand_by_gain_and_are_counted() -> None:
    first = make_report({"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.1})
    second = make_report({"a": 0.2, "b": 0.5, "c": 1.0, "d": 0.3})
    comparison = compare(first, second)
    assert [pair[0].query_id for pair in comparison.pairs] == ["c", "d", "b", "a"]
    assert comparison.wins_ties_losses == (2, 1, 1)
    found = comparison.measures["ndcg@10"]
    assert (found.first, found.second) == (pytest.approx(0.4), pytest.approx(0.5))
    assert found.gain.mean == pytest.approx(0.1)


@pytest.mark.parametrize(
    "other", [make_report({"a": 1.0}, "other"), make_report({"b": 1.0}), make_report({})]
)
def test_runs_over_other_queries_cannot_be_compared(other: RetrievalReport) -> None:
    with pytest.raises(InvalidInput, match="same queries"):
        compare(make_report({"a": 1.0}), other)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_a_p_value_is_a_probability_and_knows_no_direction(gains: list[float]) -> None:
    value = randomisation_test(gains, permutations=500)
    assert 0 < value <= 1
    assert value == randomisation_test([-gain for gain in gains], permutations=500)


def test_no_difference_is_never_significant() -> None:
    assert randomisation_test([0.0] * 20) == 1


def test_the_p_value_is_that_of_scipy() -> None:
    random = np.random.default_rng(3)
    gains = random.normal(0.04, 0.2, 120)
    expected = permutation_test(
        (gains, np.zeros_like(gains)),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=1,
    )
    assert randomisation_test(gains.tolist()) == pytest.approx(expected.pvalue, abs=0.01)
