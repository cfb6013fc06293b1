from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.answer_marks import (
    Marks,
    answer_terms,
    contains,
    mark,
    statements,
    token_f1,
)
from rag_cs.evaluation.answer_questions import Question
from rag_cs.evaluation.answers import AnswerRecord
from rag_cs.replies import conclude
from rag_cs.types import Citation

TEXT = "Unused goods go back within 7 days. The buyer pays return shipping."
DOCUMENTS = {"p1": TEXT, "p2": "Parcels leave daily."}


def cite(quote: str, document: str = "p1", sentence: str = "", chunk: str = "c1") -> Citation:
    start = DOCUMENTS[document].find(quote)
    return Citation(
        document, chunk, "Returns", None, start, start + len(quote), quote, sentence or quote
    )


FIRST = cite("Unused goods go back within 7 days.")
QUESTION = Question(
    "q1", "How long?", "en", "shop", "shop", True, expected=("7 days",), relevant=frozenset({"p1"})
)
RECORD = AnswerRecord(
    question=QUESTION,
    system="rag-cs",
    status="answered",
    answer=FIRST.sentence,
    citations=(FIRST,),
    retrieved=(("c1", "p1"),),
    seconds_to_first_sentence=0.5,
    seconds=1.0,
    confidence=0.9,
    support=(TEXT,),
)


def marks_of(**changes: object) -> Marks:
    return mark(replace(RECORD, **changes), DOCUMENTS).marks  # type: ignore[arg-type]


def test_a_good_answer_has_good_marks() -> None:
    marks = marks_of()
    assert marks.f1 == pytest.approx(2 * 2 / (7 + 2))
    assert (marks.contained, marks.wrong) == (1.0, False)
    assert (marks.citation_precision, marks.citation_recall) == (1.0, 1.0)
    assert (marks.span_precision, marks.span_recall) == (1.0, 1.0)
    assert (marks.altered_quotes, marks.unretrieved, marks.unsupported) == (0, 0, ())
    assert (marks.sentences, marks.uncited) == (1, ())


def test_a_refusal_has_no_marks_but_a_score_of_nothing() -> None:
    marks = marks_of(status="abstained", answer="I don't know about 14 days.", citations=())
    assert (marks.f1, marks.contained, marks.wrong) == (0.0, 0.0, False)
    assert marks.citation_precision is None
    assert (marks.sentences, marks.unsupported) == (0, ())


def test_what_cannot_be_answered_is_wrong_when_it_is() -> None:
    question = replace(QUESTION, answerable=False, expected=(), relevant=frozenset())
    marks = marks_of(question=question)
    assert (marks.f1, marks.wrong, marks.citation_recall, marks.span_recall) == (
        None, True, None, None,
    )  # fmt: skip
    assert not marks_of(question=question, status="abstained").wrong


def test_an_answer_on_something_else_is_wrong() -> None:
    other = cite("Parcels leave daily.", "p2")
    marks = marks_of(answer=other.sentence, citations=(other,))
    assert marks.wrong
    assert (marks.citation_precision, marks.citation_recall, marks.span_recall) == (0.0, 0.0, 0.0)


def test_an_altered_quote_and_a_passage_that_was_not_retrieved_are_counted() -> None:
    altered = replace(FIRST, quote="Unused goods go back within 8 days.")
    elsewhere = cite("Parcels leave daily.", "p2", chunk="c9")
    nothing = replace(FIRST, quote="", start=0, end=0)
    marks = marks_of(citations=(altered, elsewhere, nothing))
    assert (marks.citations, marks.altered_quotes, marks.unretrieved) == (3, 2, 1)


def test_an_invented_figure_is_found() -> None:
    assert marks_of(answer="Goods go back within 14 days.").unsupported == ("14 days",)


def test_a_sentence_without_a_citation_is_found_but_not_what_is_said_not_to_be_known() -> None:
    answer = conclude([FIRST.sentence, "A gift is included."], (FIRST,), [0], "en", 1.0).text
    assert marks_of(answer=answer).uncited == ("A gift is included.",)
    assert statements(conclude(["七天内。"], (), [1], "zh", 1.0).text) == ["七天内。"]


def test_an_answer_without_citations_says_nothing_unless_its_system_never_cites() -> None:
    talk = marks_of(answer="Hello! How can I help?", citations=())
    assert (talk.wrong, talk.sentences) == (False, 0)
    plain = marks_of(citations=(), cites=False)
    assert plain.f1 == pytest.approx(4 / 9)


@pytest.mark.parametrize(
    ("answer", "expected", "score"),
    [
        ("The 7 days!", ["7 Days"], 1.0),
        ("七天内可退", ["七天"], 2 * 2 / 7),
        ("七天", ["7天", "七天"], 1.0),
        ("in 10th century", ["the tenth century", "10th century"], 0.8),
        ("AQ-300 型", ["aq 300 型"], 1.0),
        ("", ["x"], 0.0),
        ("x", [], 0.0),
    ],
)
def test_terms_are_compared_as_is_usual(answer: str, expected: list[str], score: float) -> None:
    assert token_f1(answer, expected) == pytest.approx(score)


def test_an_expected_answer_is_held_whole_or_not() -> None:
    assert contains("It takes the 7 days.", ["7 days"])
    assert contains("可在七天内退货", ["七天内"])
    assert not contains("It takes 17 days.", ["7 days"])
    assert not contains("days 7", ["7 days"])
    assert not contains("anything", ["", "!"])


@given(st.text(), st.text())
def test_f1_is_symmetric_and_bounded(one: str, other: str) -> None:
    assert token_f1(one, [other]) == token_f1(other, [one])
    assert 0 <= token_f1(one, [other]) <= 1
    assert token_f1(one, [one]) == (1.0 if answer_terms(one) else 0.0)
