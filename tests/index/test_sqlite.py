from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import IndexDamaged
from rag_cs.index.schema import DATABASE_NAME
from tests.builders import make_document, make_index


def test_damage_whose_message_is_damaged_too_is_damage(tmp_path: Path) -> None:
    """SQLite names what it can't make out, and the name may be no text."""
    make_index(tmp_path, make_document("a.md", "Text.")).close()
    file = tmp_path / DATABASE_NAME
    whole = file.read_bytes()
    damaged = whole.replace(b"chunk_terms_docsize", b"chunk_terms_doc-\xb5\xa3\xb7")
    damaged = damaged.replace(b"CREATE TABLE 'chunk_terms_doc-", b"CREATE TABLE (chunk_terms_doc-")
    assert damaged != whole
    file.write_bytes(damaged)
    with pytest.raises(IndexDamaged, match="Restore it from a backup"):
        make_index(tmp_path)
