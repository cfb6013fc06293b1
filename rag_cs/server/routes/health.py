"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from rag_cs.server.dependencies import TheModels
from rag_cs.server.problems import respond

router = APIRouter(tags=["operation"])


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz", response_model=None, responses={503: {"description": "not ready yet"}})
async def readyz(request: Request, models: TheModels) -> Response | dict[str, str]:
    """Both models are loaded."""
    if models.ready:
        return {"status": "ready"}
    return respond(request, 503, models.reason or "The models are still loading.")
