"""Questions: an answer as JSON, or sentence by sentence as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from rag_cs.assistant import Sentence
from rag_cs.errors import RagError
from rag_cs.server.conversation import Exchange
from rag_cs.server.dependencies import AskStore, ReadySystem
from rag_cs.server.problems import problem, status_of
from rag_cs.server.schemas import AnswerBody, AskRequest, CitationBody, SentenceEvent
from rag_cs.server.standing import standing, standing_whole

router = APIRouter(tags=["shopper"])


def _exchange(store: AskStore, body: AskRequest) -> Exchange:
    return Exchange(store, body)


@router.post(
    "/v1/stores/{store}/ask",
    response_model=AnswerBody,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def ask(
    request: Request,
    system: ReadySystem,
    store: AskStore,
    exchange: Annotated[Exchange, Depends(_exchange)],
    body: AskRequest,
) -> Any:
    """Answer a question from the store's documents, each sentence with a verbatim quote.

    With `"stream": true`: an event `sentence` as soon as each sentence was checked, then one
    event `answer` with the same body as without; an event `error` holds a problem.
    """
    counter = request.app.state.answers
    if body.stream:
        events = standing(store.index, exchange.stream(system))
        return EventSourceResponse(_events(events, counter))
    answering = asyncio.create_task(exchange.answer(system))
    answer = await _unless_gone(request, answering)
    if answer is None:
        return Response(status_code=499)
    answer = standing_whole(store.index, answer)
    counter.labels(answer.status).inc()
    return answer


async def _unless_gone(request: Request, task: asyncio.Task[AnswerBody]) -> AnswerBody | None:
    """The task's result; None, and the task cancelled, when the client went away before it."""
    try:
        while not (await asyncio.wait([task], timeout=0.5))[0]:
            if await request.is_disconnected():
                return None
        return task.result()
    finally:
        task.cancel()


async def _events(
    stream: AsyncGenerator[Sentence | AnswerBody], counter: Any
) -> AsyncGenerator[bytes]:
    async with aclosing(stream):
        try:
            async for event in stream:
                if isinstance(event, AnswerBody):
                    counter.labels(event.status).inc()
                    yield _event("answer", event.model_dump_json())
                else:
                    citation = CitationBody.of(event.citation)
                    sentence = SentenceEvent(text=event.text, citation=citation)
                    yield _event("sentence", sentence.model_dump_json())
        except RagError as error:
            yield _event("error", _problem_json(error))


def _event(name: str, data: str) -> bytes:
    return bytes(format_sse_event(event=name, data_str=data))


def _problem_json(error: RagError) -> str:
    import json

    return json.dumps(problem(status_of(error), str(error)), ensure_ascii=False)
