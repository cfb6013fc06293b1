"""The page on which to pick a store and ask."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)
_INDEX = Path(__file__).parent.parent / "static" / "index.html"


@router.get("/")
def page() -> FileResponse:
    """The page."""
    return FileResponse(_INDEX)
