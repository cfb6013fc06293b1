"""Until when a key works, stores that are about to get another name, and whose pages may use
which store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "expiries",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("expires_on", sa.String, nullable=False),
    )
    op.create_table(
        "renames",
        sa.Column("store", sa.String, primary_key=True),
        sa.Column("new", sa.String, nullable=False),
    )
    op.create_table(
        "origins",
        sa.Column("store", sa.String, primary_key=True),
        sa.Column("origin", sa.String, primary_key=True),
    )
