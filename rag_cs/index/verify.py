"""A store's database, read whole -> what doesn't fit together. `repair` makes again what can be.

Every chunk must have its document, be its slice of the document's text, and have its vector, of the
store's dimensions and of length 1, and its search terms; nothing may be left of a chunk or document
that is gone, in a table, the full-text index or a conversation; every row must be what its seal was
made of; SQLite's own checks and the snapshot's checksum must hold. What someone altered who can
write the file, and knows about seals, isn't noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DatabaseError

from rag_cs.errors import IndexDamaged
from rag_cs.index.facts import ERASED, count, fact
from rag_cs.index.schema import (
    ANY_DOCUMENT,
    DATABASE_NAME,
    SNAPSHOT_NAME,
    chunks,
    conversations,
    documents,
    open_database,
    token_codes,
    turn_sources,
    vectors,
)
from rag_cs.index.seals import seal_of_chunk, seal_of_document, seal_of_turn, seal_of_vector
from rag_cs.index.vectors import is_sound
from rag_cs.text import search_terms

# How far a stored vector's length may be from 1: float32 over some hundred components.
_TOLERANCE = 1e-3

Kind = Literal[
    "database", "document", "chunk", "snapshot", "chunk without document", "text", "vector",
    "codes", "terms", "word index", "left over", "quote", "turn", "numbering",
]  # fmt: skip
_LOST = {"database", "document", "chunk"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that doesn't fit. `numbers` are those of the chunks, or of a conversation's turns,
    that it is about."""

    kind: Kind
    detail: str
    numbers: tuple[int, ...] = ()

    @property
    def is_repairable(self) -> bool:
        """Whether what is sound suffices to make it again."""
        return self.kind not in _LOST


def find_faults(folder: Path) -> list[Fault]:
    """Everything that doesn't fit in a store's folder; a database that can't be read at all is one
    fault. Raises DiskFailed and Busy."""
    try:
        with opened(folder) as engine, engine.begin() as connection:
            found = [
                *_of_sqlite(connection),
                *_of_documents(connection),
                *_left_over(connection),
                *_of_conversations(connection),
                *_of_snapshot(connection, folder / SNAPSHOT_NAME),
            ]
            connection.rollback()
            return [*found, *_of_word_index(engine)]
    except (IndexDamaged, DatabaseError) as error:
        return [Fault("database", f"SQLite can't read it: {error.__cause__ or error}")]


def erased(folder: Path) -> int:
    """How many documents were deleted or replaced since the store was compacted: their text may
    still stand in the free space of its files."""
    with opened(folder) as engine, engine.begin() as connection:
        return count(connection, ERASED)


@contextmanager
def opened(folder: Path) -> Iterator[Engine]:
    """The database of a store's folder, for a while."""
    engine = open_database(folder / DATABASE_NAME)
    try:
        yield engine
    finally:
        engine.dispose()


def _of_sqlite(connection: Connection) -> Iterator[Fault]:
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield Fault("database", str(row[0]))
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check(chunks)"):
        yield Fault("chunk without document", f"chunk {row[1]}", (int(row[1]),))
    last = count(connection, "last_number")
    if last < int(connection.scalar(select(func.max(chunks.c.number))) or 0):
        yield Fault("numbering", "the next chunk would get a number that there is")


def _of_documents(connection: Connection) -> Iterator[Fault]:
    dimensions = count(connection, "dimensions")
    coded = set(connection.execute(select(token_codes.c.number)).scalars())
    embedder = fact(connection, "embedder") or ""
    needs_codes = bool(coded) or "+" in embedder
    for identifier in connection.scalars(select(documents.c.id)).all():
        one = select(documents).where(documents.c.id == identifier)
        document = connection.execute(one).mappings().one()
        if document["seal"] != seal_of_document(document):
            yield Fault(
                "document", f"{document['source']}: its text or what is known of it changed"
            )
        for row in connection.execute(_chunks_of(identifier)).mappings():
            missing_codes = needs_codes and row["number"] not in coded
            for kind, detail in _of_chunk(connection, row, document, dimensions, missing_codes):
                place = f"{document['source']}, characters {row['start']} to {row['end']}"
                yield Fault(kind, f"{place}: {detail}", (int(row["number"]),))


def _chunks_of(document_id: str) -> Any:
    of_chunk = chunks.outerjoin(vectors, vectors.c.number == chunks.c.number).outerjoin(
        token_codes, token_codes.c.number == chunks.c.number
    )
    columns = (
        *chunks.c, vectors.c.vector, vectors.c.seal.label("vector_seal"), token_codes.c.codes,
    )  # fmt: skip
    return select(*columns).select_from(of_chunk).where(chunks.c.document_id == document_id)


def _of_chunk(
    connection: Connection, row: Any, document: Any, dimensions: int, missing_codes: bool
) -> Iterator[tuple[Kind, str]]:
    is_sealed = row["seal"] == seal_of_chunk(row)
    if document["seal"] == seal_of_document(document) and _is_elsewhere(row, document["text"]):
        yield "text", "the chunk isn't its slice of the document"
    elif not is_sealed:
        yield "chunk", "the chunk, or what is known of it, changed"
    if not _is_vector(row["vector"], dimensions) or row["vector_seal"] != seal_of_vector(
        row["vector"], row["codes"] or b""
    ):
        yield "vector", "the vector is missing or damaged"
    held = connection.scalar(
        text("SELECT terms FROM chunk_terms WHERE rowid = :number"), {"number": row["number"]}
    )
    if held != " ".join(search_terms(embedded(str(row["context"]), str(row["text"])))):
        yield "terms", "it can't be found by its words"
    if missing_codes:
        yield "codes", "its token vectors are missing"


def _is_elsewhere(row: Any, whole: str) -> bool:
    start, end = row["start"], row["end"]
    places = isinstance(start, int) and isinstance(end, int)
    return not places or row["text"] != whole[start:end]


def embedded(context: str, own: str) -> str:
    """As `Chunk.embedded_text`."""
    return f"{context}\n{own}" if context else own


def _is_vector(value: Any, dimensions: int) -> bool:
    if not isinstance(value, bytes) or len(value) != 4 * dimensions:
        return False
    length = float(np.linalg.norm(np.frombuffer(value, "<f4")))
    return abs(length - 1) <= _TOLERANCE  # False for NaN too


def _left_over(connection: Connection) -> Iterator[Fault]:
    known = set(connection.execute(select(chunks.c.number)).scalars())
    for name, query in (
        ("vectors", select(vectors.c.number)),
        ("token codes", select(token_codes.c.number)),
        ("terms", text("SELECT rowid FROM chunk_terms")),
    ):
        rest = sorted(set(connection.execute(query).scalars()) - known)
        if rest:
            yield Fault("left over", f"{name} of {len(rest)} chunks that are gone", tuple(rest))


def _of_conversations(connection: Connection) -> Iterator[Fault]:
    gone = turn_sources.c.document_id.not_in(select(documents.c.id))
    query = (
        select(turn_sources.c.turn)
        .join(conversations)
        .where(gone, turn_sources.c.document_id != ANY_DOCUMENT, conversations.c.text != "")
        .distinct()
    )
    turns = tuple(sorted(connection.scalars(query)))
    if turns:
        told = f"{len(turns)} turns of conversations quote documents that are gone"
        yield Fault("quote", told, turns)
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check(turn_sources)"):
        yield Fault("quote", f"what turn {row[1]} quotes is noted, and the turn isn't there")
    sealed = select(conversations).where(conversations.c.seal != b"")
    for turn in connection.execute(sealed).mappings():
        number = int(turn["number"])
        sources = select(turn_sources.c.document_id).where(turn_sources.c.turn == number)
        if turn["seal"] != seal_of_turn(turn, connection.scalars(sources)):
            yield Fault("turn", f"turn {number} of a conversation changed", (number,))


def _of_snapshot(connection: Connection, snapshot: Path) -> Iterator[Fault]:
    dimensions = count(connection, "dimensions")
    if snapshot.exists() and not is_sound(snapshot, dimensions):
        yield Fault("snapshot", f"{snapshot.name}: its checksum doesn't hold")


def _of_word_index(engine: Engine) -> Iterator[Fault]:
    """Whether the words that lead to a chunk are exactly those of its terms. FTS5 wants the check
    to look like an insert; nothing is written."""
    check = "INSERT INTO chunk_terms(chunk_terms, rank) VALUES ('integrity-check', 1)"
    try:
        with engine.execution_options(writes=True).begin() as connection:
            connection.exec_driver_sql(check)
            connection.rollback()
    except IndexDamaged:
        yield Fault("word index", "words lead to other chunks than those that hold them")
