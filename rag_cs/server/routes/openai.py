"""OpenAI's chat completions, for clients that speak it: a store is a model."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from rag_cs.assistant import Sentence
from rag_cs.errors import InvalidInput
from rag_cs.retrieve import check_query
from rag_cs.server.deadline import within
from rag_cs.server.dependencies import (
    ANSWERS,
    ReadySystem,
    TheCaller,
    TheGate,
    TheMetrics,
    TheSystem,
)
from rag_cs.server.gone import CLIENT_GONE, unless_gone
from rag_cs.server.metrics import Metrics
from rag_cs.server.schemas import ChatRequest, CitationBody
from rag_cs.server.standing import standing, standing_whole
from rag_cs.server.streams import Failure, with_failure
from rag_cs.types import Answer, Turn

router = APIRouter(tags=["OpenAI-compatible"])


@router.get("/v1/models")
def list_models(system: TheSystem, caller: TheCaller, gate: TheGate) -> dict[str, Any]:
    """The stores that the key opens, as models."""
    entries = [
        {"id": name, "object": "model", "created": 0, "owned_by": "rag-cs"}
        for name in system.folders.names()
        if gate.opens(caller, name)
    ]
    return {"object": "list", "data": entries}


@router.post("/v1/chat/completions", response_model=None, dependencies=[ANSWERS])
async def complete(
    request: Request, body: ChatRequest, system: ReadySystem, gate: TheGate, metrics: TheMetrics
) -> Response | dict[str, Any]:
    """Answer the last user message from the store that `model` names; earlier ones are history."""
    name = await anyio.to_thread.run_sync(gate.allow, request, body.model, "ask")
    *earlier, last = body.messages
    if last.role != "user":
        raise InvalidInput("The last message must be the user's question.")
    question = last.text()
    check_query(question)
    history = [Turn(m.role, m.text()) for m in earlier if m.role in ("user", "assistant")]
    store = await anyio.to_thread.run_sync(system.store, name)
    answering = system.assistant(store).stream(question, history)
    stream = _counted(within(system.settings.server.answer_seconds, answering), metrics)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body.model}
    if body.stream:
        events = _chunks(with_failure(request, standing(store.index, stream)), head)
        return StreamingResponse(events, media_type="text/event-stream")
    answer = await unless_gone(request, _last(stream))
    if answer is None:
        return Response(status_code=CLIENT_GONE)
    answer = standing_whole(store.index, answer)
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**head, "object": "chat.completion", "choices": [choice], **_extras(answer)}


async def _counted(
    stream: AsyncGenerator[Sentence | Answer], metrics: Metrics
) -> AsyncGenerator[Sentence | Answer]:
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, Answer):
                metrics.answers.labels(event.status).inc()
            yield event


async def _last(stream: AsyncGenerator[Sentence | Answer]) -> Answer:
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, Answer):
                return event
    raise AssertionError("a stream ends with an Answer")


async def _chunks(
    stream: AsyncGenerator[Sentence | Answer | Failure], head: dict[str, Any]
) -> AsyncGenerator[str]:
    sent = False
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, Failure):
                error = {"error": {"message": event.problem["detail"]}}
                yield f"data: {json.dumps(error, ensure_ascii=False)}\n\n"
            elif isinstance(event, Sentence):
                yield _chunk(head, {"content": ("\n" if sent else "") + event.text})
                sent = True
            else:
                rest = {} if sent else {"content": event.text}
                yield _chunk(head, rest, "stop", _extras(event))
    yield "data: [DONE]\n\n"


def _chunk(
    head: dict[str, Any],
    delta: dict[str, str],
    finish: str | None = None,
    extras: dict[str, Any] | None = None,
) -> str:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    body = {**head, "object": "chat.completion.chunk", "choices": [choice], **(extras or {})}
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _extras(answer: Answer) -> dict[str, Any]:
    """What OpenAI's schema has no place for."""
    citations = [CitationBody.of(citation).model_dump() for citation in answer.citations]
    return {"status": answer.status, "citations": citations}
