"""OpenAI's chat completions, for clients that speak it: a store is a model."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio.to_thread
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from rag_cs.assistant import Sentence
from rag_cs.errors import InvalidInput, RagError
from rag_cs.retrieve import check_query
from rag_cs.server.access import allow
from rag_cs.server.dependencies import ReadySystem, TheKey, TheSystem
from rag_cs.server.schemas import ChatRequest, CitationBody
from rag_cs.server.standing import standing, standing_whole
from rag_cs.types import Answer, Turn

router = APIRouter(tags=["OpenAI-compatible"])


@router.get("/v1/models")
def list_models(system: TheSystem, key: TheKey) -> dict[str, Any]:
    """The stores that the key opens, as models."""
    entries = [
        {"id": name, "object": "model", "created": 0, "owned_by": "rag-cs"}
        for name in system.folders.names()
        if key.opens(name)
    ]
    return {"object": "list", "data": entries}


@router.post("/v1/chat/completions", response_model=None)
async def complete(
    body: ChatRequest, system: ReadySystem, key: TheKey
) -> StreamingResponse | dict[str, Any]:
    """Answer the last user message from the store that `model` names; earlier ones are history."""
    name = allow(key, body.model, "ask")
    *earlier, last = body.messages
    if last.role != "user":
        raise InvalidInput("The last message must be the user's question.")
    question = last.text()
    check_query(question)
    history = [Turn(m.role, m.text()) for m in earlier if m.role in ("user", "assistant")]
    store = await anyio.to_thread.run_sync(system.store, name)
    assistant = system.assistant(store)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body.model}
    if body.stream:
        answering = standing(store.index, assistant.stream(question, history))
        events = _chunks(answering, head)
        return StreamingResponse(events, media_type="text/event-stream")
    answer = standing_whole(store.index, await assistant.answer(question, history))
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**head, "object": "chat.completion", "choices": [choice], **_extras(answer)}


async def _chunks(
    stream: AsyncGenerator[Sentence | Answer], head: dict[str, Any]
) -> AsyncGenerator[str]:
    sent = False
    async with aclosing(stream):
        try:
            async for event in stream:
                if isinstance(event, Sentence):
                    yield _chunk(head, {"content": ("\n" if sent else "") + event.text})
                    sent = True
                else:
                    rest = {} if sent else {"content": event.text}
                    yield _chunk(head, rest, "stop", _extras(event))
        except RagError as error:
            yield f"data: {json.dumps({'error': {'message': str(error)}}, ensure_ascii=False)}\n\n"
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
