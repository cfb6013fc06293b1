from __future__ import annotations

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.answer_questions import foreign_questions, questions_of
from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query
from rag_cs.types import Turn

DATASET = Dataset(
    name="shop",
    passages=(Passage("p1", "Returns", "Unused goods go back within 7 days.", {"shop": "a"}),),
    queries=tuple(
        Query(f"q{number}", f"question {number}?", (Turn("user", "hello"),), {"shop": "a"})
        for number in range(20)
    ),
    relevant={"q0": {"p1": 2, "p2": 0}},
    expected={
        f"q{number}": ExpectedAnswer(("7 days",), True)
        if number < 15
        else ExpectedAnswer((), False)
        for number in range(20)
    },
)
OTHER = Dataset("other", (Passage("x", "", "text"),), (Query("o1", "你好吗？"),), {})


def test_questions_know_what_is_expected_of_them() -> None:
    questions = questions_of(
        DATASET, use_history=True, filter_field="shop", held_out=lambda query, _: query.id == "q0"
    )
    first, last = questions[0], questions[-1]
    assert (first.relevant, first.expected) == (frozenset({"p1"}), ("7 days",))
    assert (first.filters, first.history) == ({"shop": "a"}, (Turn("user", "hello"),))
    assert (first.held_out, last.held_out) == (True, False)
    assert (first.answerable, last.answerable) == (True, False)
    assert questions_of(DATASET)[0].history == ()


def test_a_sample_keeps_the_share_of_the_unanswerable() -> None:
    sample = questions_of(DATASET, limit=8)
    assert sample == questions_of(DATASET, limit=8)
    assert len(sample) == 8
    assert sum(not question.answerable for question in sample) == 2
    assert len(questions_of(DATASET, limit=99)) == 20
    with pytest.raises(InvalidInput, match="limit"):
        questions_of(DATASET, limit=0)


def test_a_data_set_without_answers_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"other has no answers\.jsonl"):
        questions_of(OTHER)


def test_questions_of_another_set_cannot_be_answered_and_take_a_filter_in_turn() -> None:
    (question,) = foreign_questions(DATASET, OTHER, filter_field="shop")
    assert (question.id, question.group) == ("other/o1", "other asked of shop")
    assert (question.answerable, question.language) == (False, "zh")
    assert question.filters == {"shop": "a"}
    with pytest.raises(InvalidInput, match="own questions"):
        foreign_questions(DATASET, DATASET)
