"""Questions: an answer as JSON, or sentence by sentence as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from rag_cs.assistant import Sentence
from rag_cs.server.conversation import Exchange
from rag_cs.server.dependencies import ANSWERS, AskStore, ReadySystem, TheMetrics, TheSystem
from rag_cs.server.gone import CLIENT_GONE, unless_gone
from rag_cs.server.metrics import Metrics
from rag_cs.server.schemas import EVENT, AnswerBody, AskRequest, CitationBody, SentenceEvent
from rag_cs.server.standing import standing, standing_whole
from rag_cs.server.streams import Failure, with_failure

router = APIRouter(tags=["shopper"])


def _exchange(store: AskStore, body: AskRequest, system: TheSystem) -> Exchange:
    return Exchange(store, body, system.vault)


@router.post(
    "/v1/stores/{store}/ask",
    response_model=AnswerBody,
    dependencies=[ANSWERS],
    responses={200: {"content": {"text/event-stream": {"schema": EVENT}}}},
)
async def ask(
    request: Request,
    system: ReadySystem,
    metrics: TheMetrics,
    store: AskStore,
    exchange: Annotated[Exchange, Depends(_exchange)],
    body: AskRequest,
) -> Any:
    """Answer a question from the store's documents, each sentence with a verbatim quote.

    With `"stream": true`: an event `sentence` as soon as each sentence was checked, then one
    event `answer` with the same body as without; an event `error` holds a problem.
    """
    if body.stream:
        events = standing(store.index, exchange.stream(system))
        return EventSourceResponse(_events(request, events, metrics))
    answer = await unless_gone(request, exchange.answer(system))
    if answer is None:
        return Response(status_code=CLIENT_GONE)
    answer = standing_whole(store.index, answer)
    metrics.answers.labels(answer.status).inc()
    return answer


async def _events(
    request: Request, stream: AsyncGenerator[Sentence | AnswerBody], metrics: Metrics
) -> AsyncGenerator[bytes]:
    async with aclosing(with_failure(request, stream)) as events:
        async for event in events:
            if isinstance(event, Failure):
                yield _event("error", json.dumps(event.problem, ensure_ascii=False))
            elif isinstance(event, AnswerBody):
                metrics.answers.labels(event.status).inc()
                yield _event("answer", event.model_dump_json())
            else:
                citation = CitationBody.of(event.citation)
                sentence = SentenceEvent(text=event.text, citation=citation)
                yield _event("sentence", sentence.model_dump_json())


def _event(name: str, data: str) -> bytes:
    return bytes(format_sse_event(event=name, data_str=data))
