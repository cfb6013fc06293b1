"""Confidences and what came of the answers -> the risk of answering, and how well confidence
tells what can be answered. Pure.

The risk-coverage curve answers the questions one after the other, those that the system answers
first, by falling confidence, then those that it withholds; a withheld one counts as wrong when its
turn comes, so that systems which refuse more or less can be compared. Equal confidences count as
if in random order. The area under it is the mean risk over all coverages: lower is better, in
contrast to all other scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag_cs.evaluation.metrics import BOOTSTRAP_SEED, Interval

# Of the answerable questions, those that may be refused when refusals are compared.
FALSE_REFUSAL = 0.1
# Enough for the ends of an interval to move by less than half a point between seeds; each sorts.
RESAMPLES = 500


# Risks that a merchant may choose from.
RISKS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3)

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry a question, each array of shape (n,)."""

    answerable: Flags
    answered: Flags
    wrong: Flags
    confidence: Values

    @staticmethod
    def of(rows: Sequence[tuple[bool, bool, bool, float]]) -> Ranked:
        """From rows of (answerable, answered, wrong, confidence), at least one."""
        answerable, answered, wrong, confidence = zip(*rows, strict=True)
        return Ranked(
            np.array(answerable), np.array(answered), np.array(wrong), np.array(confidence, float)
        )

    def __len__(self) -> int:
        return len(self.answerable)

    def take(self, places: npt.NDArray[np.int64]) -> Ranked:
        """The entries at some places, in that order."""
        return Ranked(
            self.answerable[places],
            self.answered[places],
            self.wrong[places],
            self.confidence[places],
        )


def risk_curve(ranked: Ranked) -> list[float]:
    """The risk when the first 1, 2, … n questions are answered."""
    errors = np.where(ranked.answered, ranked.wrong, True).astype(np.float64)
    order = np.where(ranked.answered, 1 + ranked.confidence, 0.0)
    _, group = np.unique(-order, return_inverse=True)
    sums, sizes = np.bincount(group, errors), np.bincount(group)
    expected = np.repeat(sums / sizes, sizes)
    curve: list[float] = (expected.cumsum() / np.arange(1, len(expected) + 1)).tolist()
    return curve


def area(ranked: Ranked) -> float:
    """The area under the risk-coverage curve, in [0, 1]."""
    return float(np.mean(risk_curve(ranked)))


def auroc(ranked: Ranked) -> float:
    """How often an answerable question (there must be one of either kind) has more confidence
    than an unanswerable one; equal ones count half."""
    can, cannot = _sides(ranked)
    below = np.searchsorted(cannot, can, "left") + np.searchsorted(cannot, can, "right")
    return float(below.mean() / (2 * len(cannot)))


def refusal_at(ranked: Ranked, share: float = FALSE_REFUSAL) -> float:
    """The share of the unanswerable below the confidence that `share` of the answerable are below.

    Those exactly at it are refused by lot, as many as make up the share: on the ROC curve that is
    a straight line. What the system itself refused plays no part.
    """
    can, cannot = _sides(ranked)
    wanted = share * len(can)
    threshold = can[min(int(wanted), len(can) - 1)]
    below, upto = (np.searchsorted(can, threshold, side) for side in ("left", "right"))
    lot = (wanted - below) / (upto - below)
    low, high = (np.searchsorted(cannot, threshold, side) for side in ("left", "right"))
    return float((low + lot * (high - low)) / len(cannot))


RANKINGS: Mapping[str, Callable[[Ranked], float]] = {
    "refusal_at_10": refusal_at,
    "auroc": auroc,
    "aurc": area,
}


def rankings(ranked: Ranked) -> dict[str, Interval]:
    """Every measure of RANKINGS with its 95% percentile-bootstrap interval; the area alone where
    all questions can be answered, or none."""
    both = 0 < ranked.answerable.sum() < len(ranked)
    drawn = draws(ranked)
    return {
        name: Interval(measure(ranked), *_ends([measure(draw) for draw in drawn]))
        for name, measure in RANKINGS.items()
        if both or measure is area
    }


def area_saved(first: Ranked, second: Ranked) -> Interval:
    """By what share the second system's area is smaller than the first's, both over the same
    questions, with its 95% interval: paired, since each draw takes the same questions of both."""
    pairs = zip(draws(first), draws(second), strict=True)
    shares = [1 - area(b) / area(a) for a, b in pairs if area(a)]
    return Interval(1 - area(second) / (area(first) or 1.0), *_ends(shares or [0.0]))


def draws(ranked: Ranked) -> list[Ranked]:
    """Resamples, always the same for the same number of questions of either kind: of each kind as
    many as there are, so that neither is ever missing."""
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    sides = [np.flatnonzero(ranked.answerable == can) for can in (True, False)]
    return [
        ranked.take(
            np.concatenate(
                [side[generator.integers(0, len(side), len(side))] for side in sides if len(side)]
            )
        )
        for _ in range(RESAMPLES)
    ]


def threshold(probabilities: Values, labels: Flags, risk: float) -> float:
    """The least probability from which on at most `risk` of the answers are wrong, the two
    classes weighing the same; 1 when there is none."""
    order = np.argsort(-probabilities)
    weights = np.where(labels, 1 / max(1, labels.sum()), 1 / max(1, (~labels).sum()))[order]
    wrong = np.cumsum(weights * ~labels[order]) / np.cumsum(weights)
    sure = probabilities[order]
    ends = np.append(sure[1:] < sure[:-1], True)  # equal ones are answered together
    within = np.flatnonzero((wrong <= risk) & ends)
    return float(probabilities[order][within[-1]]) if len(within) else 1.0


def _sides(ranked: Ranked) -> tuple[Values, Values]:
    """The sorted confidences of the answerable and of the unanswerable."""
    can = ranked.answerable
    return np.sort(ranked.confidence[can]), np.sort(ranked.confidence[~can])


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
