from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag_cs.candidates import Candidate
from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query, to_document
from rag_cs.retrieve import Retriever
from rag_cs.text import tokenise
from rag_cs.training import reply_examples
from rag_cs.training.answer_pairs import Corpus, is_for_training
from rag_cs.training.reply_examples import (
    WRONG,
    Example,
    balanced,
    best_reply,
    make_examples,
    read_examples,
    write_examples,
)
from rag_cs.types import Reading
from tests.builders import make_index
from tests.fakes import HashEmbeddings, make_hit

LEARNED = [name for name in (f"p{n}" for n in range(200)) if is_for_training(name)]
FILTER = "The Kumo filter is washed weekly. It lasts two years with care."


LAMP = "The lamp is dimmed with the wheel. It has a switch."


class WordReader:
    """Finds the sentences whose words the question shares."""

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        words = set(tokenise(question))
        return [
            Reading(
                0.0,
                tuple((*match.span(), float(match[0].lower() in words))
                      for match in re.finditer(r"\w+", text)),
            )
            for text in passages
        ]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Corpus:
    first, second = LEARNED[:2]
    passages = (
        Passage(first, "", FILTER),
        Passage(second, "", LAMP),
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


def examples_of(shop: Corpus) -> dict[tuple[str, str], str]:
    """The replies by question and the sentence shown."""
    return {
        (turn.rsplit("Question: ")[-1], turn.split("\n\n")[0].splitlines()[-1]): each.reply
        for each in make_examples([shop], WordReader(), HashEmbeddings())
        for turn in [each.messages[-1][1]]
    }


def test_a_sentence_that_holds_the_answer_is_answered_from(shop: Corpus) -> None:
    replies = examples_of(shop)
    question = "How long does the Kumo filter last?"
    assert replies[question, "It lasts two years with care."] == "Yes\ntwo years"
    assert {reply for (_, shown), reply in replies.items() if shown.startswith("It has")} <= {"No"}


def test_what_has_no_answer_is_refused_sentence_by_sentence(shop: Corpus) -> None:
    replies = examples_of(shop)
    refused = [reply for (question, _), reply in replies.items() if question.startswith("Who")]
    assert refused == ["No"] * WRONG


def test_an_answered_question_is_also_asked_so_that_nothing_answers(
    shop: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHANGED", "OTHER_SENTENCE"):
        monkeypatch.setattr(reply_examples, name, 1.0)
    replies = examples_of(shop)
    question = "Is the Sora lamp dimmed?"
    assert replies[question, "The lamp is dimmed with the wheel."] == "Yes\nwith the wheel"
    assert replies["Is the Kumo lamp dimmed?", "The lamp is dimmed with the wheel."] == "No"
    assert replies[question, "It has a switch."] == "No"


def candidate(text: str) -> Candidate:
    return Candidate(make_hit(text), 0, len(text))


def test_of_what_stands_elsewhere_the_nearest_that_may_be_sent_is_learned() -> None:
    shown = candidate("The filter lasts two years if it is washed weekly.")
    expected = ["The filter lasts nine years.", "The filter of course lasts two years."]
    best = best_reply(expected, shown, "How long?", HashEmbeddings())
    assert best == "The filter of course lasts two years."
    only = best_reply(["Nine years, as it is."], shown, "How long?", HashEmbeddings())
    assert only == shown.text


def test_without_an_expected_answer_the_sentence_is_learned() -> None:
    shown = candidate("Filters last two years.")
    assert best_reply([], shown, "How long?", HashEmbeddings()) == "Filters last two years."


def test_an_endless_sentence_is_not_learned() -> None:
    assert best_reply([], candidate("very " * 99 + "long."), "How long?", HashEmbeddings()) is None


def test_examples_are_kept(tmp_path: Path) -> None:
    examples = [Example("shop", (("system", "a"), ("human", "问")), "Yes\n好")]
    write_examples(examples, tmp_path / "e.jsonl")
    assert read_examples(tmp_path / "e.jsonl") == examples


def test_of_each_data_set_only_the_first_examples_are_learned_from() -> None:
    prompt = (("human", "How long?"),)
    replies = ["Yes\na", "No", "Yes\nb", "Yes\nc", "No"]
    made = [Example("one", prompt, reply) for reply in replies] + [Example("two", prompt, "No")]
    kept = balanced(made, 2)
    assert [(each.dataset, each.reply) for each in kept] == [
        ("one", "Yes\na"), ("one", "No"), ("one", "Yes\nb"), ("one", "No"), ("two", "No")
    ]  # fmt: skip
    kept = balanced(made, 2, {"one": 1})
    assert [each.reply for each in kept if each.dataset == "one"] == ["Yes\na", "No"]
