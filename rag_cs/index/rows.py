"""Documents and chunks as rows of the tables in `schema`, and back: put in, taken out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from rag_cs.index.base import Matrix, Numbers
from rag_cs.index.lexical import LexicalSearch
from rag_cs.index.schema import chunks, documents, token_codes, vectors
from rag_cs.text import search_terms
from rag_cs.types import Chunk, Document

Item = TypeVar("Item")

_BATCH = 500


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
    """The chunk of a row of `chunks` joined with its document's title, metadata and sha256."""
    fields = {name: row[name] for name in _CHUNK_FIELDS}
    return Chunk(
        **fields,
        title=row["title"],
        heading_path=tuple(row["heading_path"]),
        metadata=row["metadata"],
        version=row["metadata"].get("version", ""),
        sha256=row["sha256"],
    )


def erase(connection: Connection, document_id: str) -> list[int] | None:
    """Remove a document and everything made of it; its chunks' numbers, None if unknown."""
    numbers = select(chunks.c.number).where(chunks.c.document_id == document_id)
    held = [int(number) for number in connection.scalars(numbers)]
    for batch in batches(held):
        for table in (vectors, token_codes):
            connection.execute(delete(table).where(table.c.number.in_(batch)))
        LexicalSearch.remove(connection, batch)
    connection.execute(delete(chunks).where(chunks.c.document_id == document_id))
    gone = connection.execute(delete(documents).where(documents.c.id == document_id))
    return held if gone.rowcount else None


def insert_chunks(
    connection: Connection,
    numbers: Numbers,
    new_chunks: Sequence[Chunk],
    rows: Matrix,
    codes: Sequence[bytes],
) -> None:
    """Add chunks with their vectors, their terms and, where there are some, their token codes."""
    for batch in batches(zip(numbers.tolist(), new_chunks, rows, strict=True)):
        connection.execute(insert(chunks), [chunk_row(number, chunk) for number, chunk, _ in batch])
        connection.execute(
            insert(vectors),
            [
                {"number": number, "vector": np.asarray(row, "<f4").tobytes()}
                for number, _, row in batch
            ],
        )
        LexicalSearch.add(
            connection, [(number, search_terms(chunk.embedded_text)) for number, chunk, _ in batch]
        )
    for some in batches(zip(numbers.tolist(), codes, strict=bool(codes))):
        connection.execute(
            insert(token_codes), [{"number": number, "codes": code} for number, code in some]
        )


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Lists of at most 500: SQLite's limit on parameters is far above, but they stay small."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield batch
