from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.answerable import StoreCalibration
from rag_cs.bootstrap import CALIBRATION_NAME, System
from rag_cs.errors import DiskFailed, NotFound
from rag_cs.settings import Settings, StorageSettings
from tests.fakes import HashEmbeddings, ScriptedChatModel, make_judge


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


def test_a_store_that_can_t_be_made_isn_t_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = make_system(tmp_path)

    def fails(*_: object) -> None:
        raise DiskFailed("The disk is full.")

    monkeypatch.setattr("rag_cs.index.embedded.open_database", fails)
    with pytest.raises(DiskFailed):
        system.store("demo", create=True)
    assert system.folders.names() == []


def test_two_stores_share_nothing(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    one, two = system.store("one", create=True), system.store("two", create=True)
    one.ingester.ingest(b"a secret of store one", "x.md")
    assert two.retriever.search(["secret of store one"]) == []
    system.close()


def test_a_store_s_own_calibration_is_used_while_it_fits_the_judge(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    system.store("shop", create=True)
    judge = make_judge()
    system.__dict__["judge"] = judge
    assert system.judge_of("shop") is judge
    own = judge.calibration.scaled(2.0, 0.0, [(0.1, 0.9)])
    file = tmp_path / "shop" / CALIBRATION_NAME
    StoreCalibration(own, judge.calibration.fingerprint).save(file)
    chosen = system.judge_of("shop")
    assert chosen is not None
    assert chosen.calibration == own
    assert chosen.needed == 0.9
    StoreCalibration(own, "another").save(file)
    assert system.judge_of("shop") is judge
