"""What the index reads of its tables, apart from the search itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select

from rag_cs.index.base import Filters, Matrix, Numbers
from rag_cs.index.rows import batches
from rag_cs.index.schema import chunks, documents, vectors
from rag_cs.index.seals import seal_of_chunk

log = logging.getLogger(__name__)


def records() -> Select[Any]:
    """Of `DocumentRecord`s, for every document."""
    count = select(func.count()).where(chunks.c.document_id == documents.c.id)
    kept = (column for column in documents.c if column.name not in ("text", "seal"))
    return select(
        *kept,
        count.scalar_subquery().label("chunks"),
        func.length(documents.c.text).label("characters"),
    )


def allowed_numbers(filters: Filters) -> Select[Any]:
    """The numbers of the chunks whose document has every value."""
    query = select(chunks.c.number).join(documents)
    columns = {"document_id": documents.c.id, "language": documents.c.language}
    for name, value in filters.items():
        column = columns.get(name, documents.c.metadata[name].as_string())
        query = query.where(column == value)
    return query


def numbers_in(connection: Connection, query: Select[Any]) -> Numbers:
    """What a query of chunk numbers finds."""
    return np.fromiter(connection.scalars(query), np.int64)


def read_vectors(
    connection: Connection, numbers: Numbers, dimensions: int
) -> Iterator[tuple[Numbers, Matrix]]:
    """The numbered chunks that there are, with their stored vectors, a batch at a time; less those
    whose vectors are damaged."""
    for batch in batches(numbers.tolist()):
        query = select(vectors.c.number, vectors.c.vector).where(vectors.c.number.in_(batch))
        rows = [row for row in connection.execute(query) if _is_whole(row.vector, dimensions)]
        data = np.frombuffer(b"".join(row.vector for row in rows), "<f4")
        yield np.array([row.number for row in rows], np.int64), data.reshape(-1, dimensions)


def _is_whole(vector: Any, dimensions: int) -> bool:
    return isinstance(vector, bytes) and len(vector) == 4 * dimensions


def is_sealed(row: Mapping[Any, Any]) -> bool:
    """Whether a row of `chunks` is what was put in. What isn't is logged, and told to nobody."""
    if row["seal"] == seal_of_chunk(row):
        return True
    log.error("chunk %s is damaged and left out; `rag-cs store verify` says more", row["number"])
    return False
