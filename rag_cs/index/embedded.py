"""The embedded index: one folder a store, with a SQLite file (the truth) and a FAISS snapshot.

Several processes may open the same folder. Each write raises the generation in the database;
a reader whose vectors are of another generation catches up before it searches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from threading import Lock
from typing import get_args

import numpy as np
from sqlalchemy import Connection, exists, func, insert, select

from rag_cs.corrections import Correction
from rag_cs.errors import Busy, DiskFailed, IndexDamaged, NotFound
from rag_cs.index.base import DocumentRecord, Filters, Matrix, Numbers, Scores, Vector
from rag_cs.index.calendar import Calendar
from rag_cs.index.facts import ERASED, claim, count, generation_of, raise_generation, set_fact
from rag_cs.index.kept_corrections import (
    forget_corrections,
    keep_corrections,
    read_corrections,
)
from rag_cs.index.lexical import LexicalSearch
from rag_cs.index.queries import allowed_numbers, is_sealed, numbers_in, read_vectors, records
from rag_cs.index.rows import document_row, erase, holds, insert_chunks, to_chunk
from rag_cs.index.schema import (
    DATABASE_NAME,
    SNAPSHOT_NAME,
    chunks,
    documents,
    open_database,
    token_codes,
    vectors,
)
from rag_cs.index.seals import seal_of_document
from rag_cs.index.sqlite import run_alone
from rag_cs.index.vectors import load_vectors
from rag_cs.types import Chunk, Document, Language

log = logging.getLogger(__name__)

# Chunks added or removed since the snapshot before a new one is written: replaying 2,000 rows
# from the database takes 10 ms, so smaller changes aren't worth the write.
SNAPSHOT_EVERY = 2_000
# Taken from the rounded vectors in memory beyond what was asked for, then put in exact order.
SPARE_CANDIDATES = 40


class EmbeddedIndex:
    """`ChunkIndex` over SQLite with FTS5, and FAISS. Safe to share between threads.

    `embedder` names the model that made the vectors: opening a folder made with another one
    raises InvalidInput, since their vectors can't be compared.
    """

    def __init__(self, folder: Path, *, dimensions: int, embedder: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = Lock()
        self.engine = open_database(folder / DATABASE_NAME)
        self._writer = self.engine.execution_options(writes=True)
        try:
            claim(self.engine, folder, embedder, dimensions)
        except BaseException:
            self.engine.dispose()
            raise
        self._lexical = LexicalSearch()
        self._calendar = Calendar()
        self._vectors = load_vectors(folder / SNAPSHOT_NAME, dimensions)
        self._generation = -1
        self._unsaved = 0
        with self.engine.begin() as connection:
            self._catch_up(connection)

    def __len__(self) -> int:
        with self.engine.begin() as connection:
            return int(connection.scalar(select(func.count()).select_from(chunks)) or 0)

    # Writing

    def replace(
        self,
        document: Document,
        new_chunks: Sequence[Chunk],
        rows: Matrix,
        codes: Sequence[bytes] = (),
        permit: Callable[[], None] | None = None,
        corrections: tuple[Sequence[Correction], Sequence[Correction]] | None = None,
    ) -> None:
        """See `ChunkIndex.replace`."""
        if len(new_chunks) != len(rows) or (codes and len(codes) != len(rows)):
            raise ValueError(f"{len(new_chunks)} chunks, {len(rows)} vectors, {len(codes)} codes")
        with self._writer.begin() as connection:
            if permit:
                permit()
            if corrections:
                keep_corrections(connection, document.id, *corrections)
            gone = erase(connection, document.id)
            connection.execute(insert(documents).values(document_row(document)))
            last = count(connection, "last_number")
            numbers = np.arange(last + 1, last + 1 + len(new_chunks), dtype=np.int64)
            insert_chunks(connection, numbers, new_chunks, rows, codes)
            set_fact(connection, "last_number", last + len(new_chunks))
            generation = raise_generation(connection)
        self._apply(generation, gone or [], numbers, rows)

    def delete(self, document_id: str) -> bool:
        """See `ChunkIndex.delete`."""
        with self._writer.begin() as connection:
            gone = erase(connection, document_id)
            if gone is None:
                return False
            forget_corrections(connection, document_id)
            generation = raise_generation(connection)
        none = np.empty((0, self._vectors.dimensions), np.float32)
        self._apply(generation, gone, np.empty(0, np.int64), none)
        return True

    # Reading

    def documents(self) -> list[DocumentRecord]:
        """See `ChunkIndex.documents`."""
        with self.engine.begin() as connection:
            rows = connection.execute(records().order_by(documents.c.source)).mappings()
            return [DocumentRecord(**row) for row in rows]

    def record(self, document_id: str) -> DocumentRecord | None:
        """See `ChunkIndex.record`."""
        with self.engine.begin() as connection:
            query = records().where(documents.c.id == document_id)
            row = connection.execute(query).mappings().first()
        return DocumentRecord(**row) if row else None

    def corrections(self, document_id: str = "") -> list[Correction]:
        """See `ChunkIndex.corrections`."""
        with self.engine.begin() as connection:
            return read_corrections(connection, document_id)

    def document(self, document_id: str) -> Document:
        """See `ChunkIndex.document`."""
        with self.engine.begin() as connection:
            query = select(documents).where(documents.c.id == document_id)
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"There is no document {document_id!r} in store {self._folder.name!r}.")
        if row["seal"] != seal_of_document(row):
            raise IndexDamaged(
                f"Document {row['source']!r} is damaged. Ingest it again, or restore a backup."
            )
        fields = {name: row[name] for name in row if name not in ("created_at", "seal")}
        return Document(**fields, blocks=())

    def holds(self, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """See `ChunkIndex.holds`."""
        with self.engine.begin() as connection:
            return holds(connection, versions)

    def languages(self) -> frozenset[Language]:
        """See `ChunkIndex.languages`."""
        held = {each: exists().where(documents.c.language == each) for each in get_args(Language)}
        with self.engine.begin() as connection:
            return frozenset(
                each for each, there in held.items() if connection.scalar(select(there))
            )

    def search_dense(
        self, query: Vector, limit: int, filters: Filters | None = None, as_of: date | None = None
    ) -> Scores:
        """See `ChunkIndex.search_dense`."""
        with self.engine.begin() as connection:
            generation = self._catch_up(connection)
            allowed = numbers_in(connection, allowed_numbers(filters)) if filters else None
            barred = self._calendar.barred(connection, generation, as_of) if as_of else None
            near = self._vectors.search(query, limit + SPARE_CANDIDATES, allowed, barred)
            cosines = self._exact(connection, query, near)
        order = np.lexsort((near, -cosines))[:limit]
        return Scores(near[order], cosines[order])

    def search_lexical(
        self,
        terms: Sequence[str],
        limit: int,
        filters: Filters | None = None,
        as_of: date | None = None,
    ) -> Scores:
        """See `ChunkIndex.search_lexical`."""
        allowed = allowed_numbers(filters) if filters else None
        with self.engine.begin() as connection:
            barred = None
            if as_of:
                barred = self._calendar.barred(connection, generation_of(connection), as_of)
            return self._lexical.search(connection, terms, limit, allowed, barred)

    def cosines(self, query: Vector, numbers: Numbers) -> Vector:
        """See `ChunkIndex.cosines`."""
        with self.engine.begin() as connection:
            return self._exact(connection, query, numbers)

    def _exact(self, connection: Connection, query: Vector, numbers: Numbers) -> Vector:
        """Cosines by the stored vectors, which the ones in memory round; 0 where deleted since."""
        exact: dict[int, float] = {}
        for found, rows in read_vectors(connection, numbers, self._vectors.dimensions):
            exact.update(zip(found.tolist(), (rows @ query).tolist(), strict=True))
        return np.array([exact.get(number, 0.0) for number in numbers.tolist()], np.float32)

    def vectors(self, numbers: Numbers) -> dict[int, Vector]:
        """See `ChunkIndex.vectors`."""
        held: dict[int, Vector] = {}
        with self.engine.begin() as connection:
            for found, rows in read_vectors(connection, numbers, self._vectors.dimensions):
                held.update(zip(found.tolist(), rows, strict=True))
        return held

    def token_codes(self, numbers: Numbers) -> dict[int, bytes]:
        """See `ChunkIndex.token_codes`."""
        query = select(token_codes).where(token_codes.c.number.in_(numbers.tolist()))
        with self.engine.begin() as connection:
            rows = connection.execute(query)
            return {row.number: row.codes for row in rows if isinstance(row.codes, bytes)}

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """See `ChunkIndex.chunks`."""
        of_document = (documents.c.title, documents.c.metadata, documents.c.sha256)
        query = select(chunks, *of_document).join(documents)
        with self.engine.begin() as connection:
            rows = connection.execute(query.where(chunks.c.number.in_(list(numbers)))).mappings()
            return {row["number"]: to_chunk(row) for row in rows if is_sealed(row)}

    def numbers(self, document_id: str) -> Numbers:
        """See `ChunkIndex.numbers`."""
        query = select(chunks.c.number).where(chunks.c.document_id == document_id)
        with self.engine.begin() as connection:
            return numbers_in(connection, query.order_by(chunks.c.start, chunks.c.number))

    def stored_vectors(self) -> Iterator[tuple[Numbers, Matrix]]:
        """Every chunk's number and exact vector, in batches: what an exhaustive search reads."""
        with self.engine.begin() as connection:
            numbers = numbers_in(connection, select(vectors.c.number))
            yield from read_vectors(connection, numbers, self._vectors.dimensions)

    # The cache of vectors

    def save(self) -> None:
        """Write the FAISS snapshot now. Raises DiskFailed."""
        with self._writer.begin() as connection:  # so that one process at a time does
            self._catch_up(connection)
            self._vectors.save(self._folder / SNAPSHOT_NAME)
            self._unsaved = 0

    def compact(self) -> None:
        """Rewrite database and snapshot, so that nothing is left on the disk of what was deleted.

        Others may read and write meanwhile, though writers wait for a while. Raises Busy when
        somebody reads so long that the log can't be emptied, and DiskFailed: what is there by then
        is sound, and may still hold what was deleted.
        """
        with self._writer.begin() as connection:
            done = count(connection, ERASED)
            LexicalSearch.rebuild(connection)
        run_alone(self.engine, self._folder / DATABASE_NAME, "VACUUM")
        self._empty_log()
        self.save()
        with self._writer.begin() as connection:
            set_fact(connection, ERASED, count(connection, ERASED) - done)
        self._empty_log()

    def _empty_log(self) -> None:
        checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
        is_busy, *_ = run_alone(self.engine, self._folder / DATABASE_NAME, checkpoint)
        if is_busy:
            raise Busy(f"Store {self._folder.name!r} is read all the time. Try again in a moment.")

    def close(self) -> None:
        """See `ChunkIndex.close`. A snapshot is written when replaying would take a while."""
        try:
            if self._unsaved >= SNAPSHOT_EVERY:
                self.save()
        except (DiskFailed, Busy) as error:
            log.warning("%s", error)
        finally:
            self.engine.dispose()

    def _apply(self, generation: int, gone: list[int], numbers: Numbers, rows: Matrix) -> None:
        """Bring one committed change of this process to the vectors, unless some are missing."""
        with self._lock:
            if self._generation == generation - 1:
                self._change_vectors(np.array(gone, np.int64), [(numbers, rows)])
                self._generation = generation

    def _catch_up(self, connection: Connection) -> int:
        """Make the vectors in memory at least those of the database as `connection` sees it: at
        the generation that is returned."""
        generation = generation_of(connection)
        if generation <= self._generation:
            return generation
        with self._lock:
            if generation <= self._generation:
                return generation
            stored = numbers_in(connection, select(vectors.c.number))
            held = self._vectors.numbers()
            fresh = np.setdiff1d(stored, held, assume_unique=True)
            self._change_vectors(
                np.setdiff1d(held, stored, assume_unique=True),
                read_vectors(connection, fresh, self._vectors.dimensions),
            )
            self._generation = generation
        return generation

    def _change_vectors(self, gone: Numbers, added: Iterable[tuple[Numbers, Matrix]]) -> None:
        self._vectors.remove(gone)
        self._unsaved += len(gone)
        for numbers, rows in added:
            self._vectors.add(numbers, rows)
            self._unsaved += len(numbers)
        self._lexical.forget_frequencies(len(self._vectors))
