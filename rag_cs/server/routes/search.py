"""Search: the passages for a query, through the same retrieval as answers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from rag_cs.server.dependencies import SEARCHES, AskStore
from rag_cs.server.schemas import HitBody, SearchRequest, SearchResponse

router = APIRouter(tags=["evaluator"])


@router.post("/v1/stores/{store}/search", dependencies=[SEARCHES])
async def search(store: AskStore, body: SearchRequest) -> SearchResponse:
    """The passages for a query, best first."""
    retriever = store.retriever
    hits = await run_in_threadpool(
        retriever.search, [body.query], body.top_k, body.filters or None, body.as_of
    )
    # In the turn of the event loop that answers: a deletion is acknowledged in a later one.
    return SearchResponse(hits=[HitBody.of(hit) for hit in retriever.kept(hits)])
