from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput, NotFound
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME
from rag_cs.index.verify import find_faults
from rag_cs.stores.backup import back_up, restore
from rag_cs.stores.folders import StoreFolders
from rag_cs.text import search_terms
from tests.builders import chunks_and_vectors, make_document, make_index
from tests.fakes import HashEmbeddings

EMBEDDINGS = HashEmbeddings()
RETURNS = make_document("returns.md", "Unused goods go back within 7 days.")
SHIPPING = make_document("shipping.md", "Standard shipping costs 49 yuan.")


@pytest.fixture
def folders(tmp_path: Path) -> StoreFolders:
    return StoreFolders(tmp_path / "indexes")


@pytest.fixture
def shop(folders: StoreFolders) -> EmbeddedIndex:
    index = make_index(folders.root / "shop", RETURNS)
    (folders.root / "shop" / "evaluation").mkdir()
    (folders.root / "shop" / "evaluation" / "questions.csv").write_text("question\nwhy?\n")
    return index


def opened(folders: StoreFolders, name: str) -> EmbeddedIndex:
    return EmbeddedIndex(
        folders.path(name), dimensions=EMBEDDINGS.dimensions, embedder=EMBEDDINGS.fingerprint
    )


def test_a_store_comes_back_whole_while_it_is_in_use(
    folders: StoreFolders, shop: EmbeddedIndex, tmp_path: Path
) -> None:
    file = back_up(folders, "shop", tmp_path)
    shop.replace(SHIPPING, *chunks_and_vectors(SHIPPING, EMBEDDINGS))  # after the backup
    assert file == tmp_path / "shop.zip"
    other = StoreFolders(tmp_path / "elsewhere")
    assert restore(other, file) == "shop"
    assert find_faults(other.path("shop")) == []
    index = opened(other, "shop")
    assert [record.source for record in index.documents()] == ["returns.md"]
    found = index.search_lexical(search_terms("unused goods"), 3)
    assert index.chunks(found.numbers.tolist())[int(found.numbers[0])].text == RETURNS.text
    kept = other.path("shop") / "evaluation" / "questions.csv"
    assert kept.read_text() == "question\nwhy?\n"
    assert list(tmp_path.glob(".*")) == []


def test_nothing_is_overwritten(folders: StoreFolders, shop: EmbeddedIndex, tmp_path: Path) -> None:
    assert len(shop) == 1
    file = back_up(folders, "shop", tmp_path / "a.zip")
    with pytest.raises(InvalidInput, match="exists already"):
        back_up(folders, "shop", file)
    with pytest.raises(InvalidInput, match="'shop' already"):
        restore(folders, file)
    assert restore(folders, file, "copy") == "copy"
    assert len(opened(folders, "copy")) == 1
    with pytest.raises(NotFound):
        back_up(folders, "nothing", tmp_path / "b.zip")
    with pytest.raises(InvalidInput, match="can't name a store"):
        restore(folders, file, "../x")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 99])
def test_what_is_no_backup_is_refused(
    folders: StoreFolders, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match="not a sound backup"):
        restore(folders, file)
    with pytest.raises(InvalidInput, match="not a sound backup"):
        restore(folders, tmp_path / "missing.zip")
    assert folders.names() == []


@pytest.mark.parametrize("flip", range(40, 4000, 333))
def test_a_damaged_backup_makes_no_store(
    folders: StoreFolders, shop: EmbeddedIndex, tmp_path: Path, flip: int
) -> None:
    assert len(shop) == 1
    file = back_up(folders, "shop", tmp_path)
    data = bytearray(file.read_bytes())
    data[flip % len(data)] ^= 0xFF
    file.write_bytes(data)
    try:
        restore(folders, file, "copy")
    except InvalidInput:
        assert folders.names() == ["shop"]
        assert [path.name for path in folders.root.iterdir()] == ["shop"]
    else:  # a byte that means nothing, such as a date
        assert find_faults(folders.path("copy")) == []


def test_no_file_leaves_the_store_s_folder(folders: StoreFolders, tmp_path: Path) -> None:
    file = tmp_path / "evil.zip"
    with zipfile.ZipFile(file, "w") as packed:
        hashes = {DATABASE_NAME: "0", "../../outside.txt": "0"}
        packed.writestr("manifest.json", json.dumps({"format": 1, "store": "s", "files": hashes}))
        packed.writestr(DATABASE_NAME, "x")
        packed.writestr("../../outside.txt", "x")
    with pytest.raises(InvalidInput, match="not a sound backup"):
        restore(folders, file)
    assert not (tmp_path / "outside.txt").exists()


def test_a_renamed_store_is_the_same(folders: StoreFolders, shop: EmbeddedIndex) -> None:
    shop.close()
    folders.rename("shop", "store")
    assert folders.names() == ["store"]
    assert len(opened(folders, "store")) == 1
    (folders.root / "other").mkdir()
    with pytest.raises(InvalidInput, match="'other' already"):
        folders.rename("store", "other")
