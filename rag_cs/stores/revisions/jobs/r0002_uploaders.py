"""Who uploaded what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "uploaders",
        sa.Column("job_id", sa.String, primary_key=True),
        sa.Column("actor", sa.String, nullable=False),
    )
