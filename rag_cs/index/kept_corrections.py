"""Corrections as rows: read, and put in the place of those of before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from rag_cs.corrections import Correction
from rag_cs.errors import Busy
from rag_cs.index.schema import corrections

_FIELDS = ("id", "document_id", "before", "after", "created_at", "state")


def read_corrections(connection: Connection, document_id: str = "") -> list[Correction]:
    """Those of a document, or of all, in the order in which they were made."""
    query = select(corrections).order_by(corrections.c.number)
    if document_id:
        query = query.where(corrections.c.document_id == document_id)
    rows = connection.execute(query).mappings()
    return [Correction(**{name: row[name] for name in _FIELDS}) for row in rows]


def keep_corrections(
    connection: Connection,
    document_id: str,
    before: Sequence[Correction],
    now: Sequence[Correction],
) -> None:
    """Put others in the place of a document's. Raises Busy when those that it had aren't `before`:
    somebody was faster."""
    if [each.id for each in read_corrections(connection, document_id)] != [e.id for e in before]:
        raise Busy("The document was corrected meanwhile. Try again.")
    forget_corrections(connection, document_id)
    for each in now:
        row = {name: getattr(each, name) for name in _FIELDS}
        connection.execute(insert(corrections).values(row))


def forget_corrections(connection: Connection, document_id: str) -> None:
    """Drop those of a document that is gone."""
    connection.execute(delete(corrections).where(corrections.c.document_id == document_id))
