from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.questions import Question
from rag_cs.evaluation.suite import (
    Outcome,
    Run,
    changes_since,
    read_run,
    run_suite,
    write_run,
)
from rag_cs.evaluation.suite_reports import suite_page, suite_text
from rag_cs.retrieve import Retriever
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings

RETURNS = make_document("returns.md", "Unused goods can be returned within 7 days.")
SHIPPING = make_document("运费.md", "满199元包邮，偏远地区除外。")
LONELY = make_document("lonely.md", "Our founders met in 1987.")
DOCUMENTS = [RETURNS, SHIPPING, LONELY]


def about(document: object, question: str, quote: str, start: int = 0) -> Question:
    source = document.source  # type: ignore[attr-defined]
    return Question(question, "heading", "", source, quote, start, start + len(quote))


QUESTIONS = [
    about(RETURNS, "Can unused goods be returned?", RETURNS.text),
    about(SHIPPING, "偏远地区包邮吗？", SHIPPING.text),
    about(SHIPPING, "unused goods returned", SHIPPING.text),
    about(RETURNS, "Is it 30 days?", "within 30 days"),
]


def run_of(tmp_path: Path, questions: list[Question] = QUESTIONS, top_k: int = 1) -> Run:
    retriever = Retriever(make_index(tmp_path / "index", *DOCUMENTS), HashEmbeddings())
    return run_suite(questions, DOCUMENTS, retriever, top_k)


def test_questions_pass_fail_or_are_out_of_date(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    assert [each.state for each in run.outcomes] == ["passed", "passed", "failed", "stale"]
    assert [each.rank for each in run.outcomes] == [1, 1, 3, 0]
    assert RETURNS.text in run.outcomes[2].instead
    assert (run.unasked, run.unreached) == (("lonely.md",), ())


def test_a_document_that_no_question_finds_is_named(tmp_path: Path) -> None:
    run = run_of(tmp_path, [about(LONELY, "unused goods returned", LONELY.text)])
    assert run.unreached == ("lonely.md",)
    assert run.unasked == ("returns.md", "运费.md")


def test_a_quote_that_moved_is_found_again(tmp_path: Path) -> None:
    moved = about(RETURNS, "Can goods be returned?", "returned within 7 days", start=3)
    (outcome,) = run_of(tmp_path, [moved]).outcomes
    assert outcome.state == "passed"


def test_of_several_places_the_nearest_is_meant(tmp_path: Path) -> None:
    filler = "Lamps are covered for two years. " * 12
    twice = make_document("twice.md", "No refund.", filler, "No refund.")
    retriever = Retriever(make_index(tmp_path, twice), HashEmbeddings())
    question = replace(about(twice, "refund", "No refund."), start=len(twice.text) - 2)
    (outcome,) = run_suite([question], [twice], retriever).outcomes
    assert outcome.state == "passed"


def test_a_short_quote_in_another_document_answers_nothing(tmp_path: Path) -> None:
    other = make_document("other.md", "Weight 5.6 kg and other figures of the weight.")
    mine = make_document("mine.md", "Weight 5.6 kg")
    retriever = Retriever(make_index(tmp_path, other), HashEmbeddings())
    (outcome,) = run_suite([about(mine, "weight", mine.text)], [mine], retriever).outcomes
    assert (outcome.state, outcome.rank) == ("failed", 0)


def test_the_same_words_in_another_document_answer_too(tmp_path: Path) -> None:
    copy = make_document("copy.md", RETURNS.text)
    retriever = Retriever(make_index(tmp_path, copy), HashEmbeddings())
    run = run_suite([about(RETURNS, "unused goods", RETURNS.text)], [RETURNS], retriever)
    assert run.outcomes[0].state == "passed"


def test_a_suite_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no questions"):
        run_of(tmp_path, [])


def outcome(question: str, state: str) -> Outcome:
    rank = 1 if state == "passed" else 0
    return Outcome(question, "a.md", "faq", state, rank)  # type: ignore[arg-type]


def test_changes_are_told_question_by_question() -> None:
    before = Run(
        5, (outcome("a", "passed"), outcome("b", "failed"), outcome("c", "passed")), (), ()
    )
    now = Run(5, (outcome("a", "failed"), outcome("b", "passed"), outcome("d", "failed")), (), ())
    changes = changes_since(now, before)
    assert [each.question for each in changes.broken] == ["a"]
    assert [each.question for each in changes.fixed] == ["b"]
    assert (changes.added, changes.removed) == (1, 1)
    text = suite_text("shop", now, changes)
    assert "1 newly failing, 1 fixed, 1 new, 1 gone" in text
    assert "Answered in the accepted run, and not now:\n  a" in text
    assert "<td>a</td>" in suite_page("shop", now, changes)


def test_runs_that_look_further_or_less_far_are_compared_at_the_shorter_reach() -> None:
    third = replace(outcome("a", "passed"), rank=3)
    assert changes_since(Run(5, (outcome("a", "failed"),), (), ()), Run(5, (third,), (), ())).broken
    less = Run(2, (replace(outcome("a", "failed"), rank=3),), (), ())
    assert changes_since(less, Run(5, (third,), (), ())).broken == ()
    assert changes_since(less, Run(5, (replace(third, rank=2),), (), ())).broken == less.outcomes


def test_the_page_escapes_what_documents_say() -> None:
    run = Run(5, (replace(outcome("<script>", "failed"), instead="<b>"),), (), ("<i>",))
    page = suite_page("shop", run, None)
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "<i>" not in page


def test_a_run_is_kept_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.json"
    assert read_run(path) is None
    run = run_of(tmp_path)
    write_run(path, run)
    assert read_run(path) == run
    path.write_text("{", "utf-8")
    with pytest.raises(InvalidInput, match=r"last\.json is damaged"):
        read_run(path)
