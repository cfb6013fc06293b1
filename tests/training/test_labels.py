from __future__ import annotations

from dataclasses import replace

import pytest

from rag_cs.candidates import Candidate
from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query
from rag_cs.training.labels import answers
from tests.fakes import make_hit

QUERY = Query("q", "How long does it last?")


def label(
    text: str, *expected: str, document: str = "right", answerable: bool = True, product: str = ""
) -> bool | None:
    query = replace(QUERY, metadata={"product_id": product} if product else {})
    passages = (Passage("right", "", "It lasts two years. Wash it."), Passage("other", "", "Hm."))
    dataset = Dataset(
        "shop",
        passages,
        (query,),
        {"q": {"right": 1, "other": 0}},
        {"q": ExpectedAnswer(expected, answerable=answerable)},
    )
    hit = make_hit(text)
    hit = replace(hit, chunk=replace(hit.chunk, document_id=document))
    return answers(query, Candidate(hit, 0, len(text)), dataset)


@pytest.mark.parametrize(
    ("text", "document", "expected"),
    [
        ("It lasts two years.", "right", True),
        ("Wash it.", "right", False),
        ("Another lasts two years.", "other", None),
        ("Hm.", "other", False),
    ],
)
def test_where_answers_are_spans_it_holds_one(
    text: str, document: str, *, expected: bool | None
) -> None:
    assert label(text, "two years", document=document) is expected


@pytest.mark.parametrize(
    ("text", "document", "expected"),
    [
        ("It lasts for years, that is, two.", "right", True),
        ("Years ago nobody washed any filter of that kind, they say.", "right", None),
        ("Wash your hands.", "right", False),
        ("It lasts for years, that is, two.", "other", None),
    ],
)
def test_where_they_are_worded_freely_it_shares_words_with_one(
    text: str, document: str, *, expected: bool | None
) -> None:
    answer = "Two whole years is how long it lasts."
    assert label(text, answer, document=document) is expected


def test_another_review_of_the_product_may_say_it_in_other_words() -> None:
    answer = "Two whole years is how long it lasts."
    assert label("Mine still runs.", answer, product="kettle") is None
    assert label("Mine still runs.", answer, product="kettle", document="other") is False
    assert label("Mine still runs.", answer) is False


def test_a_word_tells_nothing_of_a_sentence_of_the_right_passage() -> None:
    assert label("Wash it.", "Yes.") is label("No worries.", "No.") is None
    assert label("Hm.", "Yes.", document="other") is False


def test_what_can_t_be_answered_no_sentence_answers() -> None:
    assert label("It lasts two years.", answerable=False) is False


def test_without_an_expected_answer_the_passage_decides() -> None:
    assert label("Wash it.") is True
    assert label("Hm.", document="other") is False
