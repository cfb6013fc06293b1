"""Which chunks of one store are out of force on a day, remembered until the store changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from sqlalchemy import Connection, select, text

from rag_cs.index.base import Numbers
from rag_cs.index.rows import batches
from rag_cs.index.schema import DATED, chunks, documents
from rag_cs.policies import Timeline

# Days remembered: today, and those of the orders that were asked about of late.
_MAX_DAYS = 64


@dataclass(frozen=True, slots=True)
class _Page:
    """What holds for one generation of the store."""

    generation: int
    timeline: Timeline
    days: dict[date, Numbers] = field(default_factory=dict)


class Calendar:
    """Safe to share between threads, since making twice what it remembers does no harm.

    A store without dated documents costs one look at an empty index a generation.
    """

    def __init__(self) -> None:
        self._page = _Page(-1, Timeline(()))

    def barred(self, connection: Connection, generation: int, day: date) -> Numbers:
        """The numbers of the chunks that aren't in force on that day; the store is at that
        generation as `connection` sees it."""
        page = self._page
        if page.generation != generation:
            page = self._page = _Page(generation, Timeline(_records(connection)))
        if day not in page.days:
            if len(page.days) >= _MAX_DAYS:
                page = self._page = _Page(generation, page.timeline)
            page.days[day] = _numbers(connection, page.timeline.out_of_force(day))
        return page.days[day]


@dataclass(frozen=True, slots=True)
class _Record:
    id: str
    title: str
    metadata: dict[str, str]


def _records(connection: Connection) -> list[_Record]:
    """Every document, if any is dated: an undated one may be a version of that."""
    if connection.scalar(text(f"SELECT id FROM documents WHERE {DATED} LIMIT 1")) is None:  # noqa: S608
        return []
    columns = (documents.c.id, documents.c.title, documents.c.metadata)
    rows = connection.execute(select(*columns))
    return [_Record(row.id, row.title, row.metadata) for row in rows]


def _numbers(connection: Connection, ids: frozenset[str]) -> Numbers:
    found: list[int] = []
    for batch in batches(sorted(ids)):
        query = select(chunks.c.number).where(chunks.c.document_id.in_(batch))
        found += connection.scalars(query)
    return np.array(found, np.int64)
