"""What every local chat model does, whichever engine is behind it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import add_usage

from rag_cs.errors import InvalidInput, ModelError
from rag_cs.generators.base import EngineChatModel
from rag_cs.generators.openvino import OpenVINOChatModel, WorkerEngine
from rag_cs.generators.transformers import TransformersChatModel
from tests.generators.fakes import FakeChatModel, fake_worker_command

CACHE = Path(os.environ.get("RAG_CS_MODELS", "~/.cache/rag-cs/models")).expanduser()
LONG = "Write a very long story about a lighthouse keeper. #slow #endless "


def scripted() -> EngineChatModel:
    return FakeChatModel.replying(lambda messages: messages[-1]["content"] * 50, 0.002)


def worker() -> EngineChatModel:
    return OpenVINOChatModel(engine=WorkerEngine(fake_worker_command(), capacity=20))


def small_model() -> Path:
    folders = sorted(CACHE.glob("smollm2-135m-instruct*"))
    if not folders:
        pytest.skip("needs `rag-cs models fetch` for the small chat model")
    return folders[0]


def openvino() -> EngineChatModel:
    return OpenVINOChatModel.load(small_model())


def transformers() -> EngineChatModel:
    return TransformersChatModel.load(small_model())


@pytest.fixture(
    scope="module",
    params=[
        scripted,
        worker,
        pytest.param(openvino, marks=pytest.mark.slow),
        pytest.param(transformers, marks=pytest.mark.slow),
    ],
    ids=lambda make: make.__name__,
)
def model(request: pytest.FixtureRequest) -> Iterator[EngineChatModel]:
    make: Callable[[], EngineChatModel] = request.param
    with make() as model:
        yield model


def idle(model: EngineChatModel, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while model.engine.open_requests and time.monotonic() < until:
        time.sleep(0.01)
    return not model.engine.open_requests


def test_invoke_and_stream_agree(model: EngineChatModel) -> None:
    prompt = [SystemMessage("Answer briefly."), HumanMessage("What is the capital of France?")]
    whole = model.invoke(prompt, max_tokens=24)
    pieces = list(model.stream(prompt, max_tokens=24))
    assert "".join(piece.text for piece in pieces) == whole.text
    assert len(pieces) > 2
    assert whole.text.strip()


async def test_the_asynchronous_side_agrees(model: EngineChatModel) -> None:
    whole = await model.ainvoke("Say hello.", max_tokens=12)
    text = "".join([piece.text async for piece in model.astream("Say hello.", max_tokens=12)])
    assert text == whole.text == model.invoke("Say hello.", max_tokens=12).text


def test_max_tokens_cuts_and_is_told(model: EngineChatModel) -> None:
    message = model.invoke(LONG, max_tokens=8)
    assert message.response_metadata["finish_reason"] == "length"
    assert message.usage_metadata
    assert message.usage_metadata["output_tokens"] == 8
    assert message.usage_metadata["input_tokens"] > 8
    pieces = list(model.stream(LONG, max_tokens=8))
    usage = [getattr(piece, "usage_metadata", None) for piece in pieces]
    assert reduce(add_usage, usage, None) == message.usage_metadata
    # What is left early has told what its prompt took.
    assert usage[0]
    assert usage[0]["input_tokens"] == message.usage_metadata["input_tokens"]


def test_text_ends_before_a_stop_string(model: EngineChatModel) -> None:
    text = model.invoke(LONG, max_tokens=40).text
    word = text[len(text) // 2 :][:3]
    message = model.invoke(LONG, max_tokens=40, stop=[word])
    assert message.text == text[: text.index(word)]
    assert message.response_metadata["finish_reason"] == "stop"


def test_chinese_arrives_in_whole_characters(model: EngineChatModel) -> None:
    prompt = "请用中文重复：退货政策，七天内可退。"
    pieces = [piece.text for piece in model.stream(prompt, max_tokens=40)]
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_closed_stream_ends_its_generation(model: EngineChatModel) -> None:
    stream = model.stream(LONG, max_tokens=2000)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert idle(model)


async def test_a_cancelled_task_ends_its_generation(model: EngineChatModel) -> None:
    task = asyncio.create_task(model.ainvoke(LONG, max_tokens=2000))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert idle(model)


async def test_an_asynchronous_stream_that_is_left_ends(model: EngineChatModel) -> None:
    stream = model.astream(LONG, max_tokens=2000)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0.05)
    assert idle(model)


def test_many_aborted_streams_leak_no_thread(model: EngineChatModel) -> None:
    model.invoke("Hi", max_tokens=2)
    before = threading.active_count()
    for _ in range(10):
        stream = model.stream(LONG, max_tokens=500)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    assert idle(model)
    time.sleep(0.05)
    assert threading.active_count() <= before


async def test_four_at_once_get_their_own_answers(model: EngineChatModel) -> None:
    prompts = [f"Repeat: {word}" for word in ("kettle", "发票", "parcel", "保修")]
    alone = [model.invoke(prompt, max_tokens=12).text for prompt in prompts]
    together = await asyncio.gather(*(model.ainvoke(each, max_tokens=12) for each in prompts))
    assert [message.text for message in together] == alone


async def test_the_event_loop_stays_free(model: EngineChatModel) -> None:
    gaps: list[float] = []

    async def beat() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            gaps.append(time.perf_counter() - before)

    heart = asyncio.create_task(beat())
    await model.ainvoke(LONG * 10, max_tokens=20)
    heart.cancel()
    assert max(gaps) < 0.5


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [ToolMessage("4", tool_call_id="1")],
        [HumanMessage([{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}])],
    ],
)
def test_messages_that_no_template_takes_are_refused(
    model: EngineChatModel, messages: list[HumanMessage]
) -> None:
    with pytest.raises(InvalidInput):
        model.invoke(messages)


@pytest.mark.parametrize("options", [{"max_tokens": -1}, {"temperature": 3}])
def test_options_out_of_range_are_refused(
    model: EngineChatModel, options: dict[str, float]
) -> None:
    with pytest.raises(InvalidInput):
        model.invoke("Hi", **options)


@pytest.mark.parametrize("make", [scripted, worker], ids=lambda make: make.__name__)
async def test_a_closed_model_tells_waiting_and_later_callers(
    make: Callable[[], EngineChatModel],
) -> None:
    model = make()
    waiting = asyncio.create_task(model.ainvoke(LONG, max_tokens=2000))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(model.close)
    with pytest.raises(ModelError):
        await waiting
    with pytest.raises(ModelError):
        await model.ainvoke("Hi")
