"""The index of the documents' languages."""

from __future__ import annotations

from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_documents_language", "documents", ["language"])
