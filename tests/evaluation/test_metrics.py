from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.metrics import bootstrap, latency, ndcg, recall, reciprocal_rank

IDS = [f"p{number:02}" for number in range(30)]
rankings = st.lists(st.sampled_from(IDS), unique=True, max_size=30)
judgements = st.dictionaries(st.sampled_from(IDS), st.integers(0, 4), min_size=1).filter(
    lambda grades: any(grades.values())
)
cutoffs = st.sampled_from([1, 3, 5, 10, 20])


def trec(ranked: list[str], grades: dict[str, int], k: int) -> dict[str, float]:
    """trec_eval's figures for one query, of the first `k` of the ranking."""
    run = {identifier: float(len(ranked) - rank) for rank, identifier in enumerate(ranked[:k])}
    measures = {f"ndcg_cut.{k}", f"recall.{k}", "recip_rank"}
    evaluator = pytrec_eval.RelevanceEvaluator({"q": grades}, measures)
    figures: dict[str, float] = evaluator.evaluate({"q": run}).get("q", {})
    return figures


@given(rankings, judgements, cutoffs)
def test_the_measures_are_those_of_trec_eval(
    ranked: list[str], grades: dict[str, int], k: int
) -> None:
    expected = trec(ranked, grades, k)
    assert ndcg(ranked, grades, k) == pytest.approx(expected.get(f"ndcg_cut_{k}", 0), abs=1e-6)
    assert recall(ranked, grades, k) == pytest.approx(expected.get(f"recall_{k}", 0), abs=1e-6)
    assert reciprocal_rank(ranked, grades, k) == pytest.approx(
        expected.get("recip_rank", 0), abs=1e-6
    )


def test_graded_judgements_by_hand() -> None:
    grades = {"a": 2, "b": 1, "c": 0}
    ranked = ["c", "b", "a"]
    gained = 1 / np.log2(3) + 2 / np.log2(4)
    assert ndcg(ranked, grades, 10) == pytest.approx(gained / (2 + 1 / np.log2(3)))
    assert recall(ranked, grades, 2) == 0.5
    assert reciprocal_rank(ranked, grades, 10) == 0.5
    assert reciprocal_rank(ranked, grades, 1) == 0


@given(judgements)
def test_the_best_ranking_scores_1_and_nothing_scores_0(grades: dict[str, int]) -> None:
    best = sorted(grades, key=lambda identifier: -grades[identifier])
    assert ndcg(best, grades, 10) == pytest.approx(1)
    assert recall(best, grades, len(best)) == reciprocal_rank(best, grades, 10) == 1
    assert ndcg([], grades, 10) == recall([], grades, 10) == reciprocal_rank([], grades, 10) == 0


def test_queries_without_judgements_score_0() -> None:
    assert ndcg(["a"], {}, 10) == recall(["a"], {}, 10) == reciprocal_rank(["a"], {}, 10) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_an_interval_holds_its_mean_and_repeats(values: list[float]) -> None:
    interval = bootstrap(values, resamples=200)
    assert interval == bootstrap(values, resamples=200)
    assert interval.mean == pytest.approx(np.mean(values))
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9


def test_an_interval_is_as_wide_as_theory_says() -> None:
    values = [0.0, 1.0] * 200
    interval = bootstrap(values)
    half = 1.96 * 0.5 / np.sqrt(len(values))
    assert interval.low == pytest.approx(0.5 - half, abs=0.005)
    assert interval.high == pytest.approx(0.5 + half, abs=0.005)


def test_latency_is_in_milliseconds() -> None:
    figures = latency([second / 1000 for second in range(1, 101)])
    assert figures.p50_milliseconds == pytest.approx(50.5)
    assert figures.p95_milliseconds == pytest.approx(95.05)
    assert figures.p99_milliseconds == pytest.approx(99.01)
