"""Token codes beside the vectors; terms by their stems.

The codes of what is there already can't be made without the embedder: until `rag-cs store verify
--repair` makes them, such a store is searched by two scores instead of three.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rag_cs.text import search_terms

revision, down_revision = "0002", "0001"

_CUT = "UPDATE chunk_terms SET terms = :terms WHERE rowid = :number"


def upgrade() -> None:
    """Add the table, and cut the terms of every chunk as searches now cut theirs."""
    # A program of version 2 that refused this store may have made it.
    op.create_table(
        "token_codes",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("codes", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT number, context, text FROM chunks")).all():
        whole = f"{row.context}\n{row.text}" if row.context else row.text
        terms = " ".join(search_terms(whole))
        connection.execute(sa.text(_CUT), {"terms": terms, "number": row.number})
