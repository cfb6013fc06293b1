"""Signals -> the probability that passages answer, and what a merchant's risk asks of it. Pure.

Two logistic regressions, one on top of the other: over what retrieval and the answer reader say,
and over that, the verdict of a generator that was trained to give one, and the sentence's score.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

Thresholds = tuple[tuple[float, float], ...]
"""(risk, probability), risks rising: answering only from that probability on, at most that share
of the answers is wrong on the data it was fitted to."""

# What a generator that wasn't asked counts as having said.
UNASKED = -8.0


@dataclass(frozen=True, slots=True)
class VerdictCalibration:
    """The second regression: what the first's log-odds weigh, the generator's, and the score of the
    sentence that it chose. Below `gate` of the first's probability it isn't asked."""

    judged: float
    verdict: float
    bias: float
    gate: float
    thresholds: Thresholds
    candidate: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The first regression over `answerable.signals`, and the second where there is one."""

    weights: Mapping[str, float]
    bias: float
    thresholds: Thresholds
    verdict: VerdictCalibration | None = None

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """From the JSON file that `training/calibration.py` writes."""
        return cls.of(json.loads(path.read_text("utf-8")))

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Calibration:
        """From plain values."""
        second = row.get("verdict")
        verdict = second and VerdictCalibration(
            **{**second, "thresholds": tuple(map(tuple, second["thresholds"]))}
        )
        return cls(row["weights"], row["bias"], tuple(map(tuple, row["thresholds"])), verdict)

    @property
    def fingerprint(self) -> str:
        """Names these weights: what was fitted on top of them fits no others."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def logit(self, values: Mapping[str, float]) -> float:
        """The log-odds that signals mean an answer."""
        return self.bias + sum(weight * values[name] for name, weight in self.weights.items())

    def probability(self, values: Mapping[str, float]) -> float:
        """The probability that signals mean an answer."""
        return expit(self.logit(values))

    def heard(self, probability: float, verdict: float | None, score: float = 0.0) -> float:
        """The probability, given that of the first regression, the generator's log-odds, None where
        it wasn't asked, and the score of the sentence that they are about."""
        if self.verdict is None:
            return probability
        said = UNASKED if verdict is None else verdict
        second = self.verdict
        judged = second.judged * logit(probability) + second.candidate * score
        return expit(second.bias + judged + second.verdict * said)

    def scaled(
        self, slope: float, shift: float, thresholds: Sequence[tuple[float, float]]
    ) -> Calibration:
        """The same signals with the last regression's log-odds times `slope` plus `shift` (Platt,
        1999)."""
        if self.verdict is None:
            weights = {name: slope * weight for name, weight in self.weights.items()}
            return Calibration(weights, slope * self.bias + shift, tuple(thresholds))
        second = replace(
            self.verdict,
            judged=slope * self.verdict.judged,
            verdict=slope * self.verdict.verdict,
            candidate=slope * self.verdict.candidate,
            bias=slope * self.verdict.bias + shift,
            thresholds=tuple(thresholds),
        )
        return replace(self, verdict=second)

    def threshold(self, max_risk: float, *, heard: bool = False) -> float:
        """The probability to ask for so that at most `max_risk` of the answers are wrong: that of
        the greatest tabled risk within it, and 1 below the least. `heard` for the probability
        that counts the generator's verdict."""
        table = self.verdict.thresholds if heard and self.verdict else self.thresholds
        within = [needed for risk, needed in table if risk <= max_risk + 1e-9]
        return within[-1] if within else 1.0


@dataclass(frozen=True, slots=True)
class StoreCalibration:
    """A store's own calibration; `base` is the fingerprint of the one that it was fitted to."""

    calibration: Calibration
    base: str

    @classmethod
    def load(cls, path: Path) -> StoreCalibration:
        """What `save` wrote."""
        row = json.loads(path.read_text("utf-8"))
        return cls(Calibration.of(row["calibration"]), row["base"])

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        written = path.with_suffix(".new")
        written.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")
        written.replace(path)


def expit(value: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


def logit(probability: float) -> float:
    """The log-odds of a probability, kept finite."""
    kept = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(kept / (1 - kept))
