from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.draft import MOST, UNTOLD, Choice, Drafter, Verdict, verdict
from rag_cs.errors import ModelError
from rag_cs.prompt import build_prompt
from rag_cs.stages import watch
from rag_cs.types import Language
from tests.generators.fakes import FakeChatModel


async def drafted(chat: FakeChatModel, language: Language = "en", *, trained: bool) -> list[object]:
    drafter = Drafter(chat, trained=trained)
    return [event async for event in drafter.draft(build_prompt("How long?", (), language))]


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


async def test_only_a_trained_generator_is_asked_for_probabilities() -> None:
    chat = FakeChatModel.replying("Yes\nIt lasts.")
    await drafted(chat, trained=True)
    await drafted(chat, trained=False)
    (_, options), (_, other) = chat.engine.calls
    assert (options.logprobs, other.logprobs) == (True, False)


def test_without_a_probability_the_word_alone_counts() -> None:
    assert verdict("Yes", None) == Verdict(UNTOLD)
    assert verdict("No", None) == Verdict(-UNTOLD)


@given(st.sampled_from(["Yes", "No", "Nonsense"]), st.floats(max_value=0, allow_nan=False))
def test_verdicts_are_bounded(word: str, logprob: float) -> None:
    assert -MOST <= verdict(word, logprob).logit <= MOST


def sure_of(word: str) -> Callable[[Sequence[Mapping[str, str]]], str]:
    return lambda messages: f"Yes\nIt {word}. Twice." if word in messages[-1]["content"] else "No"


async def test_of_several_prompts_the_surest_is_gone_on_with() -> None:
    chat = FakeChatModel.replying(sure_of("lasts"), first_logprob=math.log(0.8))
    prompts = [build_prompt(f"It {word}?", (), "en") for word in ("hums", "lasts", "ends")]
    said = [event async for event in Drafter(chat, trained=True).best(prompts)]
    assert isinstance(said[0], Choice)
    assert said[0].number == 1
    assert said[0].logit == pytest.approx(math.log(4))
    assert said[1:] == ["It lasts.", "Twice."]

    assert len(chat.engine.calls) == 3
    choice = await Drafter(chat, trained=True).choice(prompts)
    assert choice.number == 1


async def test_a_prior_decides_between_near_equals() -> None:
    chat = FakeChatModel.replying("No", first_logprob=math.log(0.8))
    prompts = [build_prompt(f"It {word}?", (), "en") for word in ("hums", "lasts", "ends")]
    drafter = Drafter(chat, trained=True)
    assert (await drafter.choice(prompts)).number == 0
    chosen = await drafter.choice(prompts, [0.1, 0.2, 0.0])
    assert (chosen.number, chosen.logit) == (1, pytest.approx(-math.log(4)))


@pytest.mark.parametrize(("probability", "asked"), [(0.95, 1), (0.78, 1), (0.6, 3)])
async def test_after_a_sure_answer_no_other_prompt_is_asked_about(
    probability: float, asked: int
) -> None:
    chat = FakeChatModel.replying(sure_of("hums"), first_logprob=math.log(probability))
    prompts = [build_prompt(f"It {word}?", (), "en") for word in ("hums", "lasts", "ends")]
    assert (await Drafter(chat, trained=True).choice(prompts)).number == 0
    assert len(chat.engine.calls) == asked


async def test_the_prompts_that_are_not_gone_on_with_count_too() -> None:
    counted: list[int] = []
    watcher = SimpleNamespace(
        begin=lambda _: lambda: None, tokens=lambda prompt, _: counted.append(prompt)
    )
    watch(watcher)
    chat = FakeChatModel.replying("No\nnot a word of it", first_logprob=-0.1)
    prompts = [build_prompt(text, (), "en") for text in ("How long?", "How?", "Why so?")]
    await Drafter(chat, trained=True).choice(prompts)
    assert len([each for each in counted if each]) == 3


async def test_who_leaves_the_choice_stops_all_of_it() -> None:
    chat = FakeChatModel.replying("Yes\n" + "It lasts. " * 500, seconds_per_token=0.01)
    prompts = [build_prompt("How long?", (), "en")] * 3
    assert (await Drafter(chat, trained=True).choice(prompts)).number == 0
    await asyncio.sleep(0.2)
    assert chat.engine.open_requests == 0


async def test_who_hangs_up_before_the_choice_stops_all_of_it() -> None:
    all_asked, loop = asyncio.Event(), asyncio.get_running_loop()

    def reply(_: Sequence[Mapping[str, str]]) -> str:
        if len(chat.engine.calls) == len(prompts):
            loop.call_soon_threadsafe(all_asked.set)
        return "No, nothing yet"

    chat = FakeChatModel.replying(reply, seconds_per_token=0.1)
    prompts = [build_prompt("How long?", (), "en")] * 3
    asking = asyncio.create_task(Drafter(chat, trained=True).choice(prompts))
    await asyncio.wait_for(all_asked.wait(), 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0.5)
    assert chat.engine.open_requests == 0


async def test_an_error_of_one_prompt_is_an_error() -> None:
    chat = FakeChatModel.replying("Yes\nIt lasts.")
    chat.close()
    with pytest.raises(ModelError):
        await Drafter(chat, trained=True).choice([build_prompt("How long?", (), "en")] * 2)
