"""Two runs over the same queries -> which is better, how surely, and where they differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.metrics import BOOTSTRAP_SEED, Interval, bootstrap
from rag_cs.evaluation.runs import MEASURES, QueryResult, RetrievalReport

PERMUTATIONS = 10_000
# Differences smaller than this are ties: they come from rounding.
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in both runs. `gain` is second less first, `p_value` that of no difference."""

    first: float
    second: float
    gain: Interval
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs over one data set; `pairs` are the queries' results in both, by how much better
    the second one's nDCG@10 is, the most first."""

    dataset: str
    measures: Mapping[str, Difference]
    pairs: tuple[tuple[QueryResult, QueryResult], ...]

    @property
    def gains(self) -> list[float]:
        """Each pair's difference in nDCG@10."""
        return [gain_of(pair) for pair in self.pairs]

    @property
    def wins_ties_losses(self) -> tuple[int, int, int]:
        """Queries on which the second run is better, as good, and worse."""
        wins = sum(gain > _TIE for gain in self.gains)
        losses = sum(gain < -_TIE for gain in self.gains)
        return wins, len(self.pairs) - wins - losses, losses


def gain_of(pair: tuple[QueryResult, QueryResult]) -> float:
    """How much greater the second result's nDCG@10 is."""
    return pair[1].measures["ndcg@10"] - pair[0].measures["ndcg@10"]


def compare(first: RetrievalReport, second: RetrievalReport) -> Comparison:
    """Raises InvalidInput unless both runs asked the same queries of the same data set."""
    queries = [result.query_id for result in first.results]
    if first.dataset != second.dataset or queries != [each.query_id for each in second.results]:
        raise InvalidInput(
            f"The runs over {first.dataset!r} and {second.dataset!r} didn't ask the same queries. "
            "Run both with the same data and the same --limit."
        )
    pairs = list(zip(first.results, second.results, strict=True))
    return Comparison(
        dataset=first.dataset,
        measures={name: _difference(pairs, name) for name in MEASURES},
        pairs=tuple(sorted(pairs, key=lambda pair: (-gain_of(pair), pair[0].query_id))),
    )


def _difference(pairs: Sequence[tuple[QueryResult, QueryResult]], name: str) -> Difference:
    first = np.array([pair[0].measures[name] for pair in pairs])
    second = np.array([pair[1].measures[name] for pair in pairs])
    gains = (second - first).tolist()
    return Difference(
        float(first.mean()), float(second.mean()), bootstrap(gains), randomisation_test(gains)
    )


def randomisation_test(gains: Sequence[float], *, permutations: int = PERMUTATIONS) -> float:
    """The two-sided p-value of paired differences (at least one) under random signs.

    Fisher's randomisation test, recommended for retrieval by Smucker, Allan and Carterette,
    "A comparison of statistical significance tests", 2007. The same gains give the same value.
    """
    values = np.asarray(gains, np.float64)
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    observed = abs(values.sum()) - _TIE
    extreme = 0
    for done in range(0, permutations, 1_000):  # in batches, so that memory stays small
        count = min(1_000, permutations - done)
        signs = generator.integers(0, 2, (count, len(values)), np.int8) * 2 - 1
        extreme += int((np.abs(signs @ values) >= observed).sum())
    return (extreme + 1) / (permutations + 1)
