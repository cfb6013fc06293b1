"""Which documents a turn quotes; seals of the rows; the index of dated documents; whose a
conversation is, and what a store wants in matters of privacy; corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from rag_cs.index.seals import seal_of_chunk, seal_of_document, seal_of_turn, seal_of_vector

revision, down_revision = "0003", "0002"

_DATED = (
    "CREATE INDEX IF NOT EXISTS dated_documents ON documents (id) WHERE "
    "json_extract(metadata, '$.effective_from') IS NOT NULL "
    "OR json_extract(metadata, '$.effective_until') IS NOT NULL"
)
_DOCUMENTS = sa.table(
    "documents",
    *(sa.column(name) for name in (
        "id", "source", "title", "text", "media_type", "sha256", "language", "created_at", "seal",
    )),
    sa.column("metadata", sa.JSON),
)  # fmt: skip
_CHUNKS = sa.table(
    "chunks",
    *(sa.column(name) for name in (
        "number", "id", "document_id", "text", "start", "end", "page", "kind", "context",
        "question", "seal",
    )),
    sa.column("heading_path", sa.JSON),
)  # fmt: skip
_VECTORS = sa.table("vectors", sa.column("number"), sa.column("vector"), sa.column("seal"))
_TURNS = sa.table(
    "conversations",
    *(sa.column(name) for name in (
        "number", "conversation_id", "role", "text", "created_at", "seal",
    )),
)  # fmt: skip
_CODES = sa.table("token_codes", sa.column("number"), sa.column("codes"))


def upgrade() -> None:
    """Add tables, columns and index, and fill them."""
    op.create_table(
        "turn_sources",
        sa.Column(
            "turn",
            sa.Integer,
            sa.ForeignKey("conversations.number", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("document_id", sa.String, primary_key=True, index=True),
    )
    op.execute(  # nobody noted what these quote
        "INSERT INTO turn_sources (turn, document_id) "
        "SELECT number, '' FROM conversations WHERE role = 'assistant'"
    )
    for table in ("documents", "chunks", "vectors", "conversations"):
        empty = sa.Column("seal", sa.LargeBinary, nullable=False, server_default=sa.text("x''"))
        op.add_column(table, empty)
    _fill(_DOCUMENTS, "id", sa.select(_DOCUMENTS), seal_of_document)
    _fill(_CHUNKS, "number", sa.select(_CHUNKS), seal_of_chunk)
    both = sa.select(_VECTORS, _CODES.c.codes).outerjoin(
        _CODES, _CODES.c.number == _VECTORS.c.number
    )
    _fill(_VECTORS, "number", both, lambda row: seal_of_vector(row["vector"], row["codes"] or b""))
    _fill(_TURNS, "number", sa.select(_TURNS), _seal_of_old_turn)
    op.execute(_DATED)
    op.execute("DELETE FROM facts WHERE name = 'schema'")  # the revision says it now
    op.create_table(
        "conversation_subjects",
        sa.Column("conversation_id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True, index=True),
    )
    op.create_table(
        "privacy",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    op.create_table(
        "corrections",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("document_id", sa.String, nullable=False, index=True),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )


def _seal_of_old_turn(row: Any) -> bytes:
    return seal_of_turn(row, [""] if row["role"] == "assistant" else [])


def _fill(
    table: sa.TableClause, key: str, query: sa.Select[Any], seal: Callable[[Any], bytes]
) -> None:
    """A row at a time: a store's vectors don't fit into memory twice."""
    connection = op.get_bind()
    names = connection.scalars(sa.select(table.c[key])).all()
    for name in names:
        row = connection.execute(query.where(table.c[key] == name)).mappings().one()
        connection.execute(table.update().where(table.c[key] == name).values(seal=seal(row)))
