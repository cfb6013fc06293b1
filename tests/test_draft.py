from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.draft import MOST, UNTOLD, Drafter, Verdict, verdict
from rag_cs.prompt import build_prompt
from rag_cs.types import Language
from tests.generators.fakes import FakeChatModel


async def drafted(chat: FakeChatModel, language: Language = "en", *, trained: bool) -> list[object]:
    drafter = Drafter(chat, trained=trained)
    return [
        event
        async for event in drafter.draft(build_prompt("How long?", (), language, trained=trained))
    ]


async def test_sentences_come_one_by_one() -> None:
    chat = FakeChatModel.replying("It lasts 2 years. Wash it weekly.")
    assert await drafted(chat, trained=False) == ["It lasts 2 years.", "Wash it weekly."]


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        ("Yes\n保修两年。每周清洗。", ["保修两年。", "每周清洗。"]),
        ("No", []),
        ("No\n", []),
        ("", []),
    ],
)
async def test_a_trained_generator_says_first_whether_it_can(
    reply: str, sentences: Sequence[str]
) -> None:
    chat = FakeChatModel.replying(reply, first_logprob=math.log(0.8))
    first, *rest = await drafted(chat, "zh", trained=True)
    assert isinstance(first, Verdict)
    assert (first.logit > 0) == reply.startswith("Yes")
    if reply:
        assert abs(first.logit) == pytest.approx(math.log(4))
    assert rest == sentences


async def test_only_a_trained_generator_is_asked_for_probabilities_and_shown_no_example() -> None:
    chat = FakeChatModel.replying("Yes\nIt lasts.")
    await drafted(chat, trained=True)
    await drafted(chat, trained=False)
    (trained, options), (plain, other) = chat.engine.calls
    assert (len(trained), options.logprobs) == (2, True)
    assert (len(plain), other.logprobs) == (4, False)


def test_without_a_probability_the_word_alone_counts() -> None:
    assert verdict("Yes", None) == Verdict(UNTOLD)
    assert verdict("No", None) == Verdict(-UNTOLD)


@given(st.sampled_from(["Yes", "No", "Nonsense"]), st.floats(max_value=0, allow_nan=False))
def test_verdicts_are_bounded(word: str, logprob: float) -> None:
    assert -MOST <= verdict(word, logprob).logit <= MOST


async def test_the_verdict_alone_can_be_had() -> None:
    prompt = build_prompt("How long?", (), "en", trained=True)
    chat = FakeChatModel.replying("No", first_logprob=math.log(0.8))
    said = await Drafter(chat, trained=True).verdict(prompt)
    assert said == pytest.approx(-math.log(4))
    plain = FakeChatModel.replying("It lasts. And lasts.")
    assert await Drafter(plain).verdict(prompt) is None
