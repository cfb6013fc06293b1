from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from rag_cs.errors import NotFound
from rag_cs.index.gone import tell_when_gone
from rag_cs.index.schema import open_database


def test_only_what_fails_for_want_of_the_file_is_said_so(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    engine = open_database(folder / "store.sqlite")
    tell_when_gone(engine, folder / "store.sqlite")
    with engine.begin() as connection, pytest.raises(OperationalError, match="no such table"):
        connection.execute(text("SELECT * FROM nowhere"))
    engine.dispose()
    folder.rename(tmp_path / "other")
    with pytest.raises(NotFound, match="'shop' was renamed or deleted"), engine.begin():
        pass
    (tmp_path / "other").rename(folder)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM documents")).scalar() == 0
    engine.dispose()
