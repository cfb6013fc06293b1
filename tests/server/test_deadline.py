from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from rag_cs.errors import TooSlow
from rag_cs.server.deadline import within
from tests.fakes import ScriptedChatModel
from tests.server.serving import FACT, QUESTION, served


async def counting(closed: list[bool], pause: float, most: int = 99) -> AsyncGenerator[int]:
    try:
        for number in range(most):
            yield number
            await asyncio.sleep(pause)
    finally:
        closed.append(True)


async def test_what_is_done_in_time_comes_whole() -> None:
    closed: list[bool] = []
    assert [n async for n in within(5, counting(closed, 0, 3))] == [0, 1, 2]
    assert closed == [True]


async def test_what_takes_longer_is_given_up_and_closed() -> None:
    closed: list[bool] = []
    seen: list[int] = []

    async def read() -> None:
        async for number in within(0.05, counting(closed, 0.03)):
            seen.append(number)

    with pytest.raises(TooSlow, match=r"longer than 0\.05 seconds"):
        await read()
    assert seen[0] == 0
    assert closed == [True]


async def test_who_leaves_early_closes_it() -> None:
    closed: list[bool] = []
    async with aclosing(within(5, counting(closed, 0))) as events:
        await anext(events)
    assert closed == [True]


async def test_somebody_else_s_timeout_is_not_ours() -> None:
    async def failing() -> AsyncGenerator[int]:
        yield 1
        raise TimeoutError("of a socket")

    with pytest.raises(TimeoutError, match="of a socket"):
        assert [n async for n in within(5, failing())]


class SlowChatModel(ScriptedChatModel):
    """Says one sentence, and then nothing for a long time."""

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        try:
            yield ChatGenerationChunk(message=AIMessageChunk(f"{FACT} And "))
            await asyncio.sleep(60)
        finally:
            self.closed.append(True)


def test_an_answer_that_takes_too_long_is_a_problem_or_an_event(tmp_path: Path) -> None:
    with served(tmp_path, answer_seconds=0.3) as one:
        one.system.__dict__["chat"] = chat = SlowChatModel(reply="")
        body: dict[str, Any] = {"question": QUESTION}
        refused = one.client.post("/v1/stores/demo/ask", json=body)
        assert refused.status_code == 504
        assert "longer than 0.3 seconds" in refused.json()["detail"]
        told = one.client.post("/v1/stores/demo/ask", json=body | {"stream": True})
        events = [part.split("\n") for part in told.text.strip().split("\n\n")]
        assert [event[0] for event in events] == ["event: sentence", "event: error"]
        problem = json.loads(events[1][1][6:])
        assert problem["status"] == 504
        assert problem["request_id"] == told.headers["X-Request-ID"]
        chat_body = {"model": "demo", "messages": [{"role": "user", "content": QUESTION}]}
        refused = one.client.post("/v1/chat/completions", json=chat_body)
        assert (refused.status_code, "error" in refused.json()) == (504, True)
        told = one.client.post("/v1/chat/completions", json=chat_body | {"stream": True})
        assert "longer than 0.3 seconds" in told.text
        assert told.text.endswith("data: [DONE]\n\n")
        assert chat.closed == [True] * 4
        assert 'refusals_total{reason="too_slow"} 4.0' in one.client.get("/metrics").text
        places = one.client.app.state.places  # type: ignore[attr-defined]
        assert places["answers"].taken == 0


class BrokenChatModel(ScriptedChatModel):
    """Fails in a way that nobody foresaw."""

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(f"{FACT} And "))
        raise ZeroDivisionError("a secret")


def test_a_stream_that_breaks_ends_with_an_event(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        one.system.__dict__["chat"] = BrokenChatModel(reply="")
        body = {"question": QUESTION, "stream": True}
        told = one.client.post("/v1/stores/demo/ask", json=body).text
        assert "event: error" in told
        assert "It was logged" in told
        assert "secret" not in told
        refused = one.client.post("/v1/stores/demo/ask", json={"question": QUESTION})
        assert refused.status_code == 500
        assert "secret" not in refused.text
        assert refused.headers["X-Request-ID"] == refused.json()["request_id"]
