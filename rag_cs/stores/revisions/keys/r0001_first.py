"""The keys as they were before revisions were noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("stores", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("used_at", sa.String, nullable=False),
        sa.Column("revoked_at", sa.String, nullable=False),
    )
