"""A store's database, read whole -> what doesn't fit together; and the repair of what can be.

Every chunk must have its document, be its slice of the document's text, and have its vector, of the
store's dimensions and of length 1, and its search terms; nothing may be left of a chunk or document
that is gone; SQLite's own checks, the full-text index's and the snapshot's checksum must hold. Text
that was altered in document and chunk alike, by someone who can write the file, isn't noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from rag_cs.index.base import Matrix
from rag_cs.index.facts import fact, raise_generation
from rag_cs.index.lexical import LexicalSearch
from rag_cs.index.rows import batches
from rag_cs.index.schema import (
    DATABASE_NAME,
    SNAPSHOT_NAME,
    chunks,
    documents,
    open_database,
    token_codes,
    vectors,
)
from rag_cs.index.vectors import is_sound
from rag_cs.text import search_terms

# How far a stored vector's length may be from 1: float32 over some hundred components.
_TOLERANCE = 1e-3

Kind = Literal[
    "database", "snapshot", "chunk without document", "text", "vector", "codes", "terms",
    "left over",
]  # fmt: skip
Embed = Callable[[list[str]], tuple[Matrix, list[bytes]]]
"""Texts to vectors, shape (texts, dimensions), and token codes, if the embedder has some."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that doesn't fit. `numbers` are those of the chunks it is about."""

    kind: Kind
    detail: str
    numbers: tuple[int, ...] = ()

    @property
    def is_repairable(self) -> bool:
        """Whether what is sound suffices to make it again."""
        return self.kind != "database"


def find_faults(folder: Path) -> list[Fault]:
    """Everything that doesn't fit in a store's folder; a database that can't be read at all is one
    fault."""
    try:
        with _opened(folder) as engine, engine.begin() as connection:
            return [
                *_of_sqlite(connection),
                *_of_chunks(connection),
                *_left_over(connection),
                *_of_snapshot(connection, folder / SNAPSHOT_NAME),
            ]
    except DatabaseError as error:
        return [Fault("database", f"SQLite can't read it: {error.orig}")]


@contextmanager
def _opened(folder: Path) -> Iterator[Engine]:
    engine = open_database(folder / DATABASE_NAME)
    try:
        yield engine
    finally:
        engine.dispose()


def _of_sqlite(connection: Connection) -> Iterator[Fault]:
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield Fault("database", str(row[0]))
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Fault("chunk without document", f"chunk {row[1]}", (int(row[1]),))


def _of_chunks(connection: Connection) -> Iterator[Fault]:
    dimensions = int(fact(connection, "dimensions") or 0)
    terms_of = text("SELECT terms FROM chunk_terms WHERE rowid = :number")
    coded = set(connection.execute(select(token_codes.c.number)).scalars())
    for document in connection.execute(select(documents.c.id, documents.c.source)).all():
        whole = connection.scalar(select(documents.c.text).where(documents.c.id == document.id))
        query = select(chunks, vectors.c.vector).outerjoin(
            vectors, vectors.c.number == chunks.c.number
        )
        for row in connection.execute(query.where(chunks.c.document_id == document.id)).mappings():
            place = f"{document.source}, characters {row['start']} to {row['end']}"
            number = (int(row["number"]),)
            if row["text"] != (whole or "")[row["start"] : row["end"]]:
                yield Fault("text", f"{place}: the chunk isn't its slice of the document", number)
            if not _is_vector(row["vector"], dimensions):
                yield Fault("vector", f"{place}: the vector is missing or damaged", number)
            held = connection.scalar(terms_of, {"number": row["number"]})
            if held != " ".join(search_terms(_embedded(row["context"], row["text"]))):
                yield Fault("terms", f"{place}: it can't be found by its words", number)
            if coded and row["number"] not in coded:
                yield Fault("codes", f"{place}: its token vectors are missing", number)


def _embedded(context: str, own: str) -> str:
    """As `Chunk.embedded_text`."""
    return f"{context}\n{own}" if context else own


def _is_vector(value: bytes | None, dimensions: int) -> bool:
    if value is None or len(value) != 4 * dimensions:
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


def _of_snapshot(connection: Connection, snapshot: Path) -> Iterator[Fault]:
    dimensions = int(fact(connection, "dimensions") or 0)
    if snapshot.exists() and not is_sound(snapshot, dimensions):
        yield Fault("snapshot", f"{snapshot.name}: its checksum doesn't hold")


def repair(folder: Path, faults: Sequence[Fault], embed: Embed) -> list[Fault]:
    """Make again what can be, in one transaction; the faults that are left.

    A document's text is taken for true: its chunks are cut from it again, embedded and indexed.
    With a fault of the database itself nothing is touched. A server that has the store open
    notices changed vectors only when it starts again.
    """
    if not all(fault.is_repairable for fault in faults):
        return list(faults)
    if faults:  # the next opening reads the database instead
        (folder / SNAPSHOT_NAME).unlink(missing_ok=True)
    gone = _numbers(faults, "left over", "chunk without document")
    broken = [
        number for number in _numbers(faults, "text", "vector", "terms", "codes")
        if number not in set(gone)
    ]  # fmt: skip
    with _opened(folder) as engine, engine.execution_options(writes=True).begin() as connection:
        for batch in batches(gone):
            _forget(connection, batch)
            connection.execute(delete(chunks).where(chunks.c.number.in_(batch)))
        for batch in batches(broken):
            _make_again(connection, batch, embed)
        if gone or broken:
            raise_generation(connection)
    return find_faults(folder)


def _numbers(faults: Sequence[Fault], *kinds: Kind) -> list[int]:
    return sorted({number for fault in faults if fault.kind in kinds for number in fault.numbers})


def _forget(connection: Connection, numbers: list[int]) -> None:
    for table in (vectors, token_codes):
        connection.execute(delete(table).where(table.c.number.in_(numbers)))
    LexicalSearch.remove(connection, numbers)


def _make_again(connection: Connection, numbers: list[int], embed: Embed) -> None:
    query = select(chunks, documents.c.text.label("whole")).join(documents)
    rows: list[Mapping[Any, Any]] = list(
        connection.execute(query.where(chunks.c.number.in_(numbers))).mappings()
    )
    texts = []
    for row in rows:
        own = row["whole"][row["start"] : row["end"]]
        connection.execute(update(chunks).where(chunks.c.number == row["number"]).values(text=own))
        texts.append(_embedded(row["context"], own))
    made, codes = embed(texts)
    held = [int(row["number"]) for row in rows]
    _forget(connection, held)
    connection.execute(
        insert(vectors),
        [
            {"number": number, "vector": np.asarray(vector, "<f4").tobytes()}
            for number, vector in zip(held, made, strict=True)
        ],
    )
    if codes:
        pairs = zip(held, codes, strict=True)
        connection.execute(
            insert(token_codes), [{"number": number, "codes": code} for number, code in pairs]
        )
    LexicalSearch.add(
        connection, [(n, search_terms(each)) for n, each in zip(held, texts, strict=True)]
    )
