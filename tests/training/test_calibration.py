from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag_cs.calibration import Calibration
from rag_cs.candidates import Candidate
from rag_cs.draft import Choice
from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query, to_document
from rag_cs.evaluation.risk import threshold
from rag_cs.retrieve import Retriever
from rag_cs.training.answer_pairs import Corpus
from rag_cs.training.calibration import Case, fit, make_cases, save
from tests.builders import make_index
from tests.fakes import HashEmbeddings, make_judge


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


def test_the_verdict_counts_where_there_is_one(tmp_path: Path) -> None:
    heard = [replace(case, verdict=3.0 if case.answers else -3.0) for case in cases()]
    save(fit([*cases(seed=2), *heard]), tmp_path / "c.json")
    calibration = Calibration.load(tmp_path / "c.json")
    assert calibration.heard(0.5, 3.0) > 0.9 > 0.1 > calibration.heard(0.5, -3.0)
    assert calibration.verdict
    assert calibration.verdict.thresholds[-1][1] > 0


def test_the_score_of_the_sentence_counts_beside_the_verdict() -> None:
    some = [replace(case, verdict=0.0, score=5.0 if case.answers else -5.0) for case in cases()]
    calibration = Calibration.of(fit(some))
    assert calibration.heard(0.5, 0.0, 5.0) > 0.8 > 0.2 > calibration.heard(0.5, 0.0, -5.0)


def corpus(folder: Path, name: str, *passages: str) -> Corpus:
    """A data set whose passages end with the answer to the question of what comes first in them."""
    numbers = range(len(passages))
    dataset = Dataset(
        name,
        tuple(Passage(f"{name}{number}", "", passages[number]) for number in numbers),
        tuple(Query(f"q{number}", passages[number].split(".")[0] + "?") for number in numbers),
        {f"q{number}": {f"{name}{number}": 1} for number in numbers},
        {
            f"q{number}": ExpectedAnswer((passages[number].split(". ")[-1],), answerable=True)
            for number in numbers
        },
    )
    index = make_index(folder, *(to_document(passage) for passage in dataset.passages))
    return Corpus(dataset, Retriever(index, HashEmbeddings()))


def test_a_case_counts_as_answered_by_the_sentence_that_would_be_sent(tmp_path: Path) -> None:
    shop = corpus(tmp_path / "a", "shop", "Lamps hum. They cost 5 euros.", "Wash it. Use soap.")
    other = corpus(tmp_path / "b", "boats", "Boats sink. Buy another.")
    asked: list[str] = []

    def ask(question: str, candidates: Sequence[Candidate]) -> Choice:
        asked.append(question)
        said = [each.text for each in candidates]
        return Choice(said.index("They cost 5 euros.") if "They cost 5 euros." in said else 0, 1.5)

    made = make_cases([shop, other], make_judge(), lambda _: True, limit=2, ask=ask)
    kinds = {(case.kind, case.answers) for case in made if case.verdict == 1.5}
    assert ("shop", True) in kinds
    assert {answers for kind, answers in kinds if kind.endswith("elsewhere")} == {False}
    assert len(asked) == 6
    made = make_cases([shop, other], make_judge(), lambda _: True, limit=2, ask=ask, heard=1)
    assert [case.verdict for case in made].count(None) == 2


@pytest.mark.parametrize(("risk", "expected"), [(0.0, 0.9), (0.34, 0.7), (0.5, 0.5)])
def test_the_threshold_keeps_the_risk(risk: float, expected: float) -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.5])
    labels = np.array([True, False, True, False])
    assert threshold(probabilities, labels, risk) == expected


def test_no_threshold_is_safe_enough() -> None:
    assert threshold(np.array([0.9, 0.1]), np.array([False, True]), 0.0) == 1.0


def test_what_is_foreign_to_the_question_is_no_case(tmp_path: Path) -> None:
    shop = corpus(tmp_path / "a", "shop", "Lamps hum. They cost 5 euros.")
    other = corpus(tmp_path / "b", "laden", "台灯有响声。 价格五十元。")
    made = make_cases([shop, other], make_judge(), lambda _: True, limit=1)
    assert {case.kind for case in made} == {"shop", "laden"}
