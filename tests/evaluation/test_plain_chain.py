from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.evaluation.plain_chain import (
    MAX_TURNS,
    DenseSearcher,
    PlainChain,
    chain_prompt,
    is_refusal,
)
from rag_cs.types import Answer, Turn
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings, ScriptedChatModel

DOCUMENTS = [make_document(f"{n}.md", f"Parcel {n} weighs {n} kg.") for n in range(5)]


async def reply_of(folder: Path, reply: str) -> tuple[Answer, ScriptedChatModel]:
    chat = ScriptedChatModel(reply=reply)
    searcher = DenseSearcher(make_index(folder, *DOCUMENTS), HashEmbeddings())
    (answer,) = [each async for each in PlainChain(searcher, chat).stream("What weighs 3 kg?")]
    assert isinstance(answer, Answer)
    return answer, chat


async def test_the_reply_is_the_answer_made_from_three_passages(tmp_path: Path) -> None:
    answer, chat = await reply_of(tmp_path, "Parcel 9.")
    assert (answer.status, answer.text, answer.confidence) == ("answered", "Parcel 9.", 1.0)
    assert answer.citations == ()
    assert chat.prompts[0][-1].text.count(" kg.") == 3
    assert "Parcel 3 weighs 3 kg." in chat.prompts[0][-1].text


async def test_a_reply_that_does_not_know_is_a_refusal(tmp_path: Path) -> None:
    answer, _ = await reply_of(tmp_path, "I don't know.")
    assert (answer.status, answer.confidence) == ("abstained", 0.0)


@pytest.mark.parametrize(
    "reply",
    ["", " ", "I do not know.", "Not stated.", "The passages don't mention it.", "我不知道。",
     "资料中没有说明。", "There is no information about that.", "I cannot answer this question."],
)  # fmt: skip
def test_refusals_are_recognised(reply: str) -> None:
    assert is_refusal(reply)


@pytest.mark.parametrize(
    "reply",
    ["No, batteries are sold apart.", "Within 7 days.", "不可以，须在7天内。", "不含电池。",
     "It does not include batteries.", "Yes. I don't know more."],
)  # fmt: skip
def test_answers_are_not_taken_for_refusals(reply: str) -> None:
    assert not is_refusal(reply)


def test_the_end_of_the_conversation_stands_before_the_question() -> None:
    said = [Turn("user", f"Question {n}?") for n in range(MAX_TURNS)]
    prompt = chain_prompt(
        "How much?", [], "en", [Turn("user", "Old?"), *said[:-1], Turn("assistant", "No.")]
    )
    assert [each.text for each in prompt[3:-1]] == [*(each.text for each in said[:-1]), "No."]
    assert [each.type for each in prompt[-3:]] == ["human", "ai", "human"]


def test_the_prompt_is_in_the_language_of_the_question() -> None:
    assert "资料" in chain_prompt("多少钱？", [], "zh")[-1].text
    assert "Question:" in chain_prompt("How much?", [], "en")[-1].text
