from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.bootstrap import System
from rag_cs.errors import NotFound
from rag_cs.settings import Settings, StorageSettings
from tests.fakes import HashEmbeddings, ScriptedChatModel


def make_system(folder: Path, reply: str = "") -> System:
    system = System(Settings(storage=StorageSettings(indexes=folder)))
    system.__dict__.update(embeddings=HashEmbeddings(), chat=ScriptedChatModel(reply=reply))
    return system


async def test_a_store_is_opened_once_and_answers(tmp_path: Path) -> None:
    system = make_system(tmp_path, "Unused goods go back within 7 days.")
    store = system.store("demo", create=True)
    assert system.store("demo") is store
    store.ingester.ingest(b"Unused goods go back within 7 days.", "returns.md")
    answer = await system.assistant(store).answer("Can unused goods go back?")
    assert answer.citations[0].quote == "Unused goods go back within 7 days."


def test_a_deleted_store_is_gone_with_its_files(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    system.store("demo", create=True)
    system.delete_store("demo")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotFound):
        system.store("demo")


def test_two_stores_share_nothing(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    one, two = system.store("one", create=True), system.store("two", create=True)
    one.ingester.ingest(b"a secret of store one", "x.md")
    assert two.retriever.search(["secret of store one"]) == []
    system.close()
