from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag_cs.answerable import Judge
from rag_cs.calibration import Calibration, StoreCalibration, VerdictCalibration
from rag_cs.candidates import Candidate
from rag_cs.draft import Choice
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.questions import Question
from rag_cs.evaluation.store_calibration import MIN_QUESTIONS, Case, calibrate_store, fit
from rag_cs.retrieve import Retriever
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings, OverlapReader, make_judge

THINGS = [f"gadget{letter}" for letter in "abcdefghijklmnopqrstuvwx"]
DOCUMENTS = [
    make_document(f"{thing}.md", f"The {thing} lasts for years. We sell many other things too.")
    for thing in THINGS
]
QUESTIONS = [
    Question(f"{thing}?", "heading", "", document.source, document.text[:30], 0, 30)
    for thing, document in zip(THINGS, DOCUMENTS, strict=True)
]
BASE = Calibration({"best": 1.0}, 0.0, ((0.1, 0.5),))


def test_a_store_s_questions_decide_how_sure_an_answer_must_be(tmp_path: Path) -> None:
    retriever = Retriever(make_index(tmp_path, *DOCUMENTS), HashEmbeddings())
    seen: list[tuple[int, int]] = []
    judge = make_judge()
    fitted = calibrate_store(
        QUESTIONS, DOCUMENTS, retriever, judge, lambda done, total: seen.append((done, total))
    )
    own = judge.calibrated(fitted)
    hits = retriever.search([QUESTIONS[0].question], 10)
    others = [hit for hit in hits if hit.chunk.document_id != DOCUMENTS[0].id]
    answered = own.judge(QUESTIONS[0].question, hits).probability
    assert answered >= fitted.threshold(0.1) > own.judge(QUESTIONS[0].question, others).probability
    assert seen[-1] == (len(QUESTIONS), len(QUESTIONS))


def test_what_only_another_language_answers_is_left_out(tmp_path: Path) -> None:
    retriever = Retriever(make_index(tmp_path, *DOCUMENTS), HashEmbeddings())
    foreign = [replace(each, question=f"{each.question[:-1]} 是做什么用的？") for each in QUESTIONS]
    with pytest.raises(InvalidInput, match="0 questions find their answer and 0 find something"):
        calibrate_store(foreign, DOCUMENTS, retriever, make_judge())
    both = calibrate_store([*QUESTIONS, *foreign], DOCUMENTS, retriever, make_judge())
    assert both == calibrate_store(QUESTIONS, DOCUMENTS, retriever, make_judge())


def test_a_generator_s_verdict_counts_as_the_judge_hears_it(tmp_path: Path) -> None:
    retriever = Retriever(make_index(tmp_path, *DOCUMENTS), HashEmbeddings())
    second = VerdictCalibration(0.0, 1.0, 0.0, 0.0, ((0.1, 0.5),))
    base = replace(make_judge().calibration, verdict=second)
    judge = Judge(base, 0.1, OverlapReader(), hears=True)

    def ask(question: str, candidates: Sequence[Candidate]) -> Choice:
        answers = any(question.strip("?") in each.hit.chunk.text for each in candidates)
        return Choice(0, 3.0 if answers else -3.0)

    fitted = calibrate_store(QUESTIONS, DOCUMENTS, retriever, judge, ask=ask)
    assert fitted.heard(0.5, 3.0) >= fitted.threshold(0.1, heard=True) > fitted.heard(0.5, -3.0)
    assert fitted.weights == base.weights


def test_log_odds_are_scaled_and_shifted() -> None:
    cases = [Case(5.0 + n / 10, answers=True) for n in range(MIN_QUESTIONS)]
    cases += [Case(3.0 - n / 10, answers=False) for n in range(MIN_QUESTIONS)]
    fitted = fit(cases, BASE)
    assert fitted.probability({"best": 4.0}) == pytest.approx(0.5, abs=0.05)
    assert fitted.probability({"best": 6.0}) > 0.9
    assert fitted.threshold(0.01) > fitted.threshold(0.05) > 0


def test_too_few_questions_or_a_store_that_can_t_be_told_apart_are_refused() -> None:
    few = [Case(1.0, answers=True)] * MIN_QUESTIONS + [Case(0.0, answers=False)]
    with pytest.raises(InvalidInput, match="1 find something else"):
        fit(few, BASE)
    with pytest.raises(InvalidInput, match="0 questions find their answer"):
        fit([], BASE)
    upside_down = [Case(n % 7 - (n % 2) * 3.0, answers=n % 2 == 1) for n in range(60)]
    with pytest.raises(InvalidInput, match="look no worse"):
        fit(upside_down, BASE)


def test_a_store_s_calibration_comes_back_from_its_file(tmp_path: Path) -> None:
    own = StoreCalibration(BASE.scaled(2.0, -1.0, [(0.1, 0.7)]), BASE.fingerprint)
    own.save(tmp_path / "calibration.json")
    assert StoreCalibration.load(tmp_path / "calibration.json") == own
    assert own.calibration.logit({"best": 3.0}) == 5.0
    assert own.base != own.calibration.fingerprint
