"""Documents and chunks as rows of the tables in `schema`, and back: put in, taken out."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, delete, insert, select, update

from rag_cs.index.base import Matrix, Numbers, Vector
from rag_cs.index.facts import ERASED, count, set_fact
from rag_cs.index.lexical import LexicalSearch
from rag_cs.index.schema import (
    ANY_DOCUMENT,
    chunks,
    conversations,
    documents,
    token_codes,
    turn_sources,
    vectors,
)
from rag_cs.index.seals import seal_of_chunk, seal_of_document, seal_of_vector
from rag_cs.text import search_terms
from rag_cs.types import Chunk, Document

Item = TypeVar("Item")

_BATCH = 500


def document_row(document: Document) -> dict[str, Any]:
    """A row of `documents`, dated now."""
    row = {
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
    return {**row, "seal": seal_of_document(row)}


_CHUNK_FIELDS = (
    "id", "document_id", "text", "start", "end", "page", "kind", "context", "question",
)  # fmt: skip


def chunk_row(number: int, chunk: Chunk) -> dict[str, Any]:
    """A row of `chunks`."""
    fields = {name: getattr(chunk, name) for name in _CHUNK_FIELDS}
    row = {"number": number, "heading_path": list(chunk.heading_path), **fields}
    return {**row, "seal": seal_of_chunk(row)}


def vector_row(number: int, vector: Vector, codes: bytes = b"") -> dict[str, Any]:
    """A row of `vectors`, which `codes`, those of its tokens, will stand beside."""
    data = np.asarray(vector, "<f4").tobytes()
    return {"number": number, "vector": data, "seal": seal_of_vector(data, codes)}


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
    if not gone.rowcount:
        return None
    _withdraw(connection, document_id)
    set_fact(connection, ERASED, count(connection, ERASED) + 1)
    return held


def holds(connection: Connection, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the documents, each with the hash of its file, are stored in that version."""
    ids = {document_id for document_id, _ in versions}
    query = select(documents.c.id, documents.c.sha256).where(documents.c.id.in_(ids))
    return {(row.id, row.sha256) for row in connection.execute(query)} & set(versions)


def _withdraw(connection: Connection, document_id: str) -> None:
    """Empty what was said from a document, so that no history quotes it."""
    of_it = turn_sources.c.document_id.in_([document_id, ANY_DOCUMENT])
    withdraw_turns(connection, connection.scalars(select(turn_sources.c.turn).where(of_it)).all())


def withdraw_turns(connection: Connection, turns: Iterable[int]) -> None:
    """Leave of numbered turns only that something was said."""
    for batch in batches(turns):
        said = conversations.c.number.in_(batch)
        connection.execute(update(conversations).where(said).values(text="", seal=b""))
        connection.execute(delete(turn_sources).where(turn_sources.c.turn.in_(batch)))


def insert_chunks(
    connection: Connection,
    numbers: Numbers,
    new_chunks: Sequence[Chunk],
    rows: Matrix,
    codes: Sequence[bytes],
) -> None:
    """Add chunks with their vectors, their terms and, where there are some, their token codes."""
    beside = codes or [b""] * len(new_chunks)
    for batch in batches(zip(numbers.tolist(), new_chunks, rows, beside, strict=True)):
        connection.execute(insert(chunks), [chunk_row(number, part) for number, part, *_ in batch])
        connection.execute(
            insert(vectors), [vector_row(number, row, code) for number, _, row, code in batch]
        )
        LexicalSearch.add(
            connection, [(number, search_terms(part.embedded_text)) for number, part, *_ in batch]
        )
        coded = [{"number": number, "codes": code} for number, _, _, code in batch if code]
        if coded:
            connection.execute(insert(token_codes), coded)


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Lists of at most 500: SQLite's limit on parameters is far above, but they stay small."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield batch
