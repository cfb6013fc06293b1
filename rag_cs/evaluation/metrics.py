"""Ranked ids and judgements -> figures, with their uncertainty. Pure.

The measures agree with trec_eval's (`ndcg_cut`, `recall`, `recip_rank` of the first k): a test
holds them to it. Grades are whole numbers; 0 and unjudged are irrelevant, and every grade
above 0 is relevant to recall and to the reciprocal rank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Enough that the ends of an interval move by less than a tenth of a point between seeds.
BOOTSTRAP_RESAMPLES = 2_000
BOOTSTRAP_SEED = 20240607


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the ends of its 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of durations, in milliseconds."""

    p50_milliseconds: float
    p95_milliseconds: float
    p99_milliseconds: float


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Discounted gain of the first `k` over the best possible, in [0, 1].

    A passage's gain is its grade (linear, as in trec_eval), divided by log2(rank + 1).
    """
    best = _discounted(sorted(grades.values(), reverse=True)[:k])
    return _discounted([grades.get(identifier, 0) for identifier in ranked[:k]]) / (best or 1.0)


def recall(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """The share of the relevant passages among the first `k`, in [0, 1]."""
    relevant = {identifier for identifier, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / (len(relevant) or 1)


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """1 / rank of the first relevant passage, 0 when none is among the first `k`."""
    for rank, identifier in enumerate(ranked[:k], start=1):
        if grades.get(identifier, 0) > 0:
            return 1 / rank
    return 0.0


def bootstrap(
    values: Sequence[float],
    *,
    resamples: int = BOOTSTRAP_RESAMPLES,
    seed: int = BOOTSTRAP_SEED,
) -> Interval:
    """The mean of `values` (at least one) and its 95% percentile-bootstrap interval.

    The same values give the same interval.
    """
    sample = np.asarray(values, np.float64)
    generator = np.random.default_rng(seed)
    size = len(sample)
    means = [sample[generator.integers(0, size, size)].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(sample.mean()), float(low), float(high))


def latency(seconds: Sequence[float]) -> Latency:
    """The median, 95th and 99th percentile of `seconds` (at least one), in milliseconds."""
    times = np.percentile(np.asarray(seconds, np.float64) * 1000, [50, 95, 99])
    return Latency(*map(float, times))


def _discounted(gains: Sequence[int]) -> float:
    return sum(max(gain, 0) / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
