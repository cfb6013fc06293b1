from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rag_cs.bootstrap import CALIBRATION_NAME, System
from rag_cs.bootstrap.models import JUDGES, load_chat
from rag_cs.calibration import StoreCalibration
from rag_cs.embed import SENTENCE_HEADS
from rag_cs.errors import DiskFailed, Exists, InvalidInput, NotFound
from rag_cs.generators.masked import MaskedChatModel
from rag_cs.settings import GenerationSettings, PrivacySettings, Settings, StorageSettings
from rag_cs.stores.backup import back_up, restore
from rag_cs.types import Turn
from tests.builders import make_document
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
    answer = await system.assistant(store).answer("When can unused goods go back?")
    assert answer.citations[0].quote == "Unused goods go back within 7 days."


def test_a_deleted_store_is_gone_with_its_files(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    system.store("demo", create=True)
    system.delete_store("demo")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [".uploads"]
    with pytest.raises(NotFound):
        system.store("demo")


NAMELESS: list[Any] = ["", None, " ", "*", "null", "..", 0, []]


@pytest.mark.parametrize("name", NAMELESS)
def test_no_name_never_means_a_store_or_all(tmp_path: Path, name: Any) -> None:
    system = make_system(tmp_path)
    system.store("demo", create=True)
    for call in (
        lambda: system.store(name),
        lambda: system.store(name, create=True),
        lambda: system.make_store(name),
        lambda: system.ensure_store(name, "k1"),
        lambda: system.delete_store(name),
        lambda: system.rename_store(name, "new"),
        lambda: system.rename_store("demo", name),
        lambda: system.judge_of(name),
        lambda: system.jobs.add(name, "a.md", b"Words."),
        lambda: system.keys.create("admin", [name]),
        lambda: system.keys.create("admin", []),
        lambda: system.keys.origins.set(name, ["https://shop.example"]),
        lambda: system.audit.of_store(name),
        lambda: back_up(system.folders, name, tmp_path / "x.zip"),
    ):
        with pytest.raises(InvalidInput):
            call()
    assert system.folders.names() == ["demo"]
    assert system.keys.list() == []
    system.close()


def texts(system: System, name: str) -> set[str]:
    hits = system.store(name).retriever.search(["goods"])
    return {hit.chunk.text for hit in hits}


@pytest.mark.parametrize("change", ["delete", "rename", "restore"])
def test_what_another_program_does_to_a_store_is_noticed(tmp_path: Path, change: str) -> None:
    """Else its files, open still, would go on to answer under the old name."""
    system = make_system(tmp_path)
    system.store("shop", create=True).ingester.add([make_document("a.md", "Old goods.")])
    assert texts(system, "shop") == {"Old goods."}
    other = make_system(tmp_path)  # as another process
    if change == "restore":
        file = back_up(other.folders, "shop", tmp_path / "shop.zip")
        system.store("shop").ingester.add([make_document("b.md", "Newer goods.")])
    if change == "rename":
        other.rename_store("shop", "elsewhere")
    else:
        other.delete_store("shop")
    with pytest.raises(NotFound, match="no store 'shop'"):
        system.store("shop")
    if change == "restore":
        restore(other.folders, file)
        assert texts(system, "shop") == {"Old goods."}
    else:
        other.store("shop", create=True).ingester.add([make_document("a.md", "New goods.")])
        assert texts(system, "shop") == {"New goods."}
    if change == "rename":
        assert texts(system, "elsewhere") == {"Old goods."}
    system.close()
    other.close()


@pytest.mark.parametrize("change", ["delete", "rename"])
def test_who_is_at_a_store_that_goes_is_told(tmp_path: Path, change: str) -> None:
    system = make_system(tmp_path)
    store = system.store("shop", create=True)
    store.ingester.add([make_document("a.md", "Old goods.")])
    if change == "delete":
        system.delete_store("shop")
    else:
        system.rename_store("shop", "elsewhere")
    for call in (
        lambda: store.retriever.search(["goods"]),
        lambda: store.conversations.append("c", [Turn("user", "x")]),
        lambda: store.ingester.add([make_document("b.md", "More.")]),
        lambda: store.index.delete("x"),
    ):
        with pytest.raises(NotFound, match="renamed or deleted meanwhile"):
            call()
    assert not (tmp_path / "shop").exists()
    system.close()


def test_a_store_is_made_with_an_entry_for_who_made_it(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    system.ensure_store("shop", "k1")
    system.ensure_store("shop", "k2")
    entries = [(entry.actor, entry.action) for entry in system.audit.of_store("shop")]
    assert entries == [("k1", "store.create")]
    with pytest.raises(Exists):
        system.make_store("shop")
    system.close()


def test_a_rename_that_fails_leaves_the_store_usable(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    store = system.store("shop", create=True)
    store.ingester.add([make_document("a.md", "Old goods.")])
    system.store("other", create=True)
    with pytest.raises(Exists):
        system.rename_store("shop", "other")
    assert texts(system, "shop") == {"Old goods."}
    assert store.retriever.search(["goods"])  # also for who was at it
    system.close()


def test_answers_under_way_are_the_generator_s(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    assert system.open_answers == 0
    system.__dict__["chat"] = SimpleNamespace(engine=SimpleNamespace(open_requests=3))
    assert system.open_answers == 3


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


@pytest.mark.parametrize(
    ("url", "mask_loopback", "masked"),
    [
        ("https://models.example.com/v1", False, True),
        ("http://10.0.0.7:8000/v1", False, True),
        ("http://127.0.0.1:11434/v1", False, False),
        ("http://127.0.0.1:11434/v1", True, True),
    ],
)
def test_a_generator_on_another_machine_is_behind_a_mask(
    url: str, mask_loopback: bool, masked: bool
) -> None:
    settings = Settings(
        generation=GenerationSettings(base_url=url, model="any"),
        privacy=PrivacySettings(mask_loopback=mask_loopback),
    )
    assert isinstance(load_chat(settings), MaskedChatModel) is masked


def test_every_embedder_with_a_judge_has_a_head_for_sentences() -> None:
    assert set(JUDGES) <= set(SENTENCE_HEADS)
