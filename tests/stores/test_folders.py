from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput, NotFound
from rag_cs.stores.folders import StoreFolders


@pytest.mark.parametrize(
    "name",
    [
        "",
        None,
        "null",
        "Undefined",
        " ",
        ".",
        "..",
        "../other",
        "a/b",
        "a\\b",
        ".hidden",
        "a\0b",
        "-a",
        "x" * 65,
        "a b",
    ],
)
def test_a_name_that_could_point_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="can't name a store"):
        StoreFolders(tmp_path).path(name, create=True)
    assert list(tmp_path.iterdir()) == []


def test_stores_are_made_listed_and_deleted(tmp_path: Path) -> None:
    folders = StoreFolders(tmp_path / "indexes")
    assert folders.names() == []
    for name in ("demo", "灯壶小铺"):
        (folders.path(name, create=True) / "file").write_text("x")
    assert folders.names() == ["demo", "灯壶小铺"]
    folders.delete("demo")
    assert folders.names() == ["灯壶小铺"]
    assert [path.name for path in folders.root.iterdir()] == ["灯壶小铺"]


def test_an_unknown_store_is_not_made_by_asking(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no store 'demo'"):
        StoreFolders(tmp_path).path("demo")
    with pytest.raises(NotFound):
        StoreFolders(tmp_path).delete("demo")


def test_what_a_killed_deletion_left_goes_with_the_next(tmp_path: Path) -> None:
    folders = StoreFolders(tmp_path)
    (tmp_path / ".deleted-0123").mkdir()
    (tmp_path / ".deleted-0123" / "store.sqlite").write_text("x")
    folders.path("demo", create=True)
    folders.delete("demo")
    assert list(tmp_path.iterdir()) == []
