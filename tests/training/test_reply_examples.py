from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage

from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query, to_document
from rag_cs.retrieve import Retriever
from rag_cs.training import reply_examples
from rag_cs.training.answer_pairs import Corpus, is_for_training
from rag_cs.training.reply_examples import (
    Example,
    best_answer,
    make_examples,
    read_examples,
    write_examples,
)
from rag_cs.types import Evidence, Hit, Reading
from tests.builders import make_chunk, make_index
from tests.fakes import HashEmbeddings

LEARNED = [name for name in (f"p{n}" for n in range(200)) if is_for_training(name)]
FILTER = "The Kumo filter is washed weekly. It lasts two years with care."


class OverlapReader:
    """Finds the sentence that shares the most words with the question."""

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        words = set(question.lower().split())
        return [Reading(float(len(words & set(text.lower().split()))), ()) for text in passages]


@pytest.fixture
def shop(tmp_path: Path) -> Corpus:
    first, second = LEARNED[:2]
    passages = (
        Passage(first, "", FILTER),
        Passage(second, "", "The lamp is dimmed with the wheel. It has a switch."),
    )
    queries = (
        Query("q1", "How long does the Kumo filter last?"),
        Query("q2", "Who invented the lamp?", metadata={"context_id": second}),
        Query("q3", "Is the Sora lamp dimmed?"),
    )
    dataset = Dataset(
        "shop", passages, queries, {"q1": {first: 1}, "q3": {second: 1}},
        {"q1": ExpectedAnswer(("two years",), answerable=True),
         "q2": ExpectedAnswer((), answerable=False),
         "q3": ExpectedAnswer(("with the wheel",), answerable=True)},
    )  # fmt: skip
    index = make_index(tmp_path / "shop", *(to_document(passage) for passage in passages))
    return Corpus(dataset, Retriever(index, HashEmbeddings()))


def examples_of(shop: Corpus, *drafts: str) -> list[Example]:
    def draft(prompts: Sequence[list[BaseMessage]]) -> list[str]:
        return [*drafts, *[""] * (len(prompts) - len(drafts))]

    return make_examples([shop], OverlapReader(), HashEmbeddings(), draft)


def evidence(*texts: str) -> list[Evidence]:
    return [Evidence(Hit(make_chunk(text), 1.0), 1.0, ((0, len(text), 1.0),)) for text in texts]


def test_answered_questions_say_yes_and_the_others_no(shop: Corpus) -> None:
    by_question = {example.messages[-1][1].rsplit("Question: ")[-1]: example.reply
                   for example in examples_of(shop)}  # fmt: skip
    assert by_question["Who invented the lamp?"] == "No"
    answered = by_question["How long does the Kumo filter last?"]
    assert answered.startswith(("Yes\n", "No"))
    assert any(reply.startswith("Yes\n") for reply in by_question.values())


def test_an_answered_question_is_also_asked_so_that_nothing_answers(
    shop: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CUT", "CHANGED"):
        monkeypatch.setattr(reply_examples, name, 1.0)
    refused = [example for example in examples_of(shop) if not example.answers]
    prompts = [example.messages[-1][1] for example in refused]
    assert any("Kumo filter last" in each and "two years" not in each for each in prompts)
    assert any("Sora filter" in each or "Kumo lamp" in each for each in prompts)


def test_of_the_candidates_the_nearest_that_may_be_sent_is_taken() -> None:
    shown = evidence("The filter lasts two years if it is washed weekly, says the maker of it.")
    drafts = ["The filter lasts nine years.", "The filter lasts two years."]
    best = best_answer(["two years"], drafts, shown, "How long?", HashEmbeddings())
    assert best == "The filter lasts two years."


def test_without_an_expected_answer_the_likeliest_sentence_is_learned() -> None:
    shown = evidence("Filters last two years.", "Lamps have a switch.")
    assert best_answer([], [], shown, "How long?", HashEmbeddings()) == "Filters last two years."


def test_where_nothing_may_be_sent_there_is_no_example() -> None:
    shown = evidence("Lamps have a switch.")
    assert best_answer(["two years"], ["two years"], shown, "How long?", HashEmbeddings()) is None


def test_examples_are_kept(tmp_path: Path) -> None:
    examples = [Example("shop", (("system", "a"), ("human", "问")), "Yes\n好")]
    write_examples(examples, tmp_path / "e.jsonl")
    assert read_examples(tmp_path / "e.jsonl") == examples
