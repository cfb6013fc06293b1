from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag_cs.calibration import Calibration
from rag_cs.evaluation.risk import threshold
from rag_cs.training.calibration import Case, fit, save


def cases(seed: int = 0, count: int = 400) -> list[Case]:
    """Of answerable questions, `best` is greater by 2 on average; `noise` tells nothing."""
    chance = np.random.default_rng(seed)
    labels = chance.random(count) < 0.7
    return [
        Case("k", {"best": chance.normal(2.0 * label), "noise": chance.normal(5)}, bool(label))
        for label in labels
    ]


def test_what_tells_gets_the_weight() -> None:
    fitted = fit(cases())
    weights = fitted["weights"]
    assert isinstance(weights, dict)
    assert weights["best"] > 5 * abs(weights["noise"])


def test_the_saved_calibration_separates_new_cases(tmp_path: Path) -> None:
    save(fit(cases()), tmp_path / "c.json")
    calibration = Calibration.load(tmp_path / "c.json")
    fresh = cases(seed=1)
    yes = [calibration.probability(case.values) for case in fresh if case.answers]
    no = [calibration.probability(case.values) for case in fresh if not case.answers]
    assert np.mean(yes) > 0.6 > 0.4 > np.mean(no)
    assert json.loads((tmp_path / "c.json").read_text("utf-8"))["thresholds"]


@pytest.mark.parametrize(("risk", "expected"), [(0.0, 0.9), (0.34, 0.7), (0.5, 0.5)])
def test_the_threshold_keeps_the_risk(risk: float, expected: float) -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.5])
    labels = np.array([True, False, True, False])
    assert threshold(probabilities, labels, risk) == expected


def test_no_threshold_is_safe_enough() -> None:
    assert threshold(np.array([0.9, 0.1]), np.array([False, True]), 0.0) == 1.0
