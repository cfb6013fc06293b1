from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from pathlib import Path

import pytest

from rag_cs.bootstrap import Store, System
from rag_cs.errors import IndexDamaged, InvalidInput, NotFound
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME, SNAPSHOT_NAME
from rag_cs.index.verify import find_faults
from rag_cs.stores.backup import back_up, restore
from rag_cs.stores.folders import StoreFolders
from rag_cs.text import search_terms
from rag_cs.types import Answer, Hit
from tests.builders import chunks_and_vectors, make_document, make_index
from tests.fakes import HashEmbeddings, make_judge
from tests.test_bootstrap import make_system

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


def test_a_snapshot_that_somebody_put_in_is_refused(folders: StoreFolders, tmp_path: Path) -> None:
    file = tmp_path / "evil.zip"
    with zipfile.ZipFile(file, "w") as packed:
        hashes = {name: hashlib.sha256(b"x").hexdigest() for name in (DATABASE_NAME, SNAPSHOT_NAME)}
        packed.writestr("manifest.json", json.dumps({"format": 1, "store": "s", "files": hashes}))
        for name in hashes:
            packed.writestr(name, "x")
    with pytest.raises(InvalidInput, match="holds files that no backup has"):
        restore(folders, file)
    assert folders.names() == []


def test_a_damaged_store_and_a_missing_folder_are_told(
    folders: StoreFolders, shop: EmbeddedIndex, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="There is no folder"):
        back_up(folders, "shop", tmp_path / "nowhere" / "shop.zip")
    shop.close()
    database = folders.path("shop") / DATABASE_NAME
    database.write_bytes(database.read_bytes()[:4096] + b"\xff" * 90_000)
    with pytest.raises(IndexDamaged, match=r"shop/store\.sqlite is damaged"):
        back_up(folders, "shop", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["indexes"]


@pytest.mark.slow
async def test_a_restored_store_answers_the_same(tmp_path: Path) -> None:
    """Made while the store is changed by another thread: as of one moment, and nothing else."""
    system = make_system(tmp_path / "here", "Nothing is known of it.")
    system.__dict__["judge"] = make_judge(needed=0.2)
    store = system.store("shop", create=True)
    for number in range(12):
        text = f"# Lamp {number}\n\nLamp {number} costs {number + 40} yuan and is blue."
        store.ingester.ingest(text.encode(), f"{number}.md")
    questions = [f"What does lamp {number} cost?" for number in range(12)]
    before = [await answers(store, system, question) for question in questions]
    stop = threading.Event()

    def changes() -> None:
        while not stop.is_set():
            store.ingester.ingest(b"# Vase\n\nVases aren't lamps.", "vase.md")
            store.index.delete(store.index.documents()[-1].id)

    thread = threading.Thread(target=changes)
    thread.start()
    file = back_up(system.folders, "shop", tmp_path)
    stop.set()
    thread.join()
    assert [await answers(store, system, question) for question in questions] == before
    other = make_system(tmp_path / "elsewhere", "Nothing is known of it.")
    other.__dict__["judge"] = make_judge(needed=0.2)
    restore(other.folders, file)
    copy = other.store("shop")
    copy.index.delete(make_document("vase.md").id)  # if it was there at that moment
    assert [await answers(copy, other, question) for question in questions] == before
    assert sum(answer.status == "answered" for _, answer in before) == 12
    assert find_faults(other.folders.path("shop")) == []


async def answers(store: Store, system: System, question: str) -> tuple[list[Hit], Answer]:
    """What is found, and what is answered without a generator that has something to say."""
    hits = store.retriever.search([question], 5)
    return hits, await system.assistant(store).answer(question)


def test_a_renamed_store_is_the_same(folders: StoreFolders, shop: EmbeddedIndex) -> None:
    shop.close()
    folders.rename("shop", "store")
    assert folders.names() == ["store"]
    assert len(opened(folders, "store")) == 1
    (folders.root / "other").mkdir()
    with pytest.raises(InvalidInput, match="'other' already"):
        folders.rename("store", "other")
