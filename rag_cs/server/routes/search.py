"""Search: the passages for a query, through the same retrieval as answers."""

from __future__ import annotations

from fastapi import APIRouter

from rag_cs.server.dependencies import SEARCHES, AskStore
from rag_cs.server.schemas import HitBody, SearchRequest, SearchResponse

router = APIRouter(tags=["evaluator"])


@router.post("/v1/stores/{store}/search", dependencies=[SEARCHES])
def search(store: AskStore, body: SearchRequest) -> SearchResponse:
    """The passages for a query, best first."""
    hits = store.retriever.search([body.query], body.top_k, body.filters or None, body.as_of)
    return SearchResponse(hits=[HitBody.of(hit) for hit in hits])
