"""Documents and chunks as rows of the tables in `schema`, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rag_cs.types import Chunk, Document


def document_row(document: Document) -> dict[str, Any]:
    """A row of `documents`, dated now."""
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "text": document.text,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "language": document.language,
        "metadata": dict(document.metadata),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


_CHUNK_FIELDS = (
    "id", "document_id", "text", "start", "end", "page", "kind", "context", "question",
)  # fmt: skip


def chunk_row(number: int, chunk: Chunk) -> dict[str, Any]:
    """A row of `chunks`."""
    fields = {name: getattr(chunk, name) for name in _CHUNK_FIELDS}
    return {"number": number, "heading_path": list(chunk.heading_path), **fields}


def to_chunk(row: Any) -> Chunk:
    """The chunk of a row of `chunks` joined with its document's title and metadata."""
    fields = {name: row[name] for name in _CHUNK_FIELDS}
    return Chunk(
        **fields,
        title=row["title"],
        heading_path=tuple(row["heading_path"]),
        metadata=row["metadata"],
    )
