from __future__ import annotations

import json
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rag_cs.errors import Busy, IndexDamaged, InvalidInput, NotFound
from rag_cs.stores import audit as module
from rag_cs.stores.audit import AuditTrail
from rag_cs.stores.entries import FIRST_HASH, Action, Entry
from rag_cs.stores.folders import StoreFolders


@pytest.fixture
def trail(tmp_path: Path) -> AuditTrail:
    return AuditTrail(tmp_path)


def note(trail: AuditTrail, action: Action, store: str, target: str = "") -> None:
    with trail.change("k1", action, store, target):
        pass


def told(entries: list[Entry]) -> list[tuple[str, str, str]]:
    return [(entry.action, entry.store, entry.target) for entry in entries]


def test_a_change_is_an_entry_once_it_is_done(trail: AuditTrail, tmp_path: Path) -> None:
    with trail.change("k1", "document.delete", "shop", "3fa9") as change:
        assert list(trail.export(None)) == []
        change.target = "returns.md"
    (entry,) = AuditTrail(tmp_path).export(None)
    assert (entry.actor, entry.action, entry.store) == ("k1", "document.delete", "shop")
    assert (entry.target, entry.outcome) == ("returns.md", "done")
    assert entry.time.startswith("20")
    assert entry.sha256 == entry.hash_after(FIRST_HASH)
    assert StoreFolders(tmp_path).names() == []
    assert stat.S_IMODE((tmp_path / ".audit.sqlite").stat().st_mode) == 0o600


def test_what_fails_or_comes_to_nothing(trail: AuditTrail) -> None:
    with pytest.raises(ValueError, match="why"), trail.change("k", "store.delete", "shop"):
        raise ValueError("why")
    with trail.change("k", "store.create", "shop") as change:
        change.outcome = None

    def refuse() -> None:
        with trail.change("k", "store.create", "shop") as change:
            change.outcome = "refused"
            raise KeyError

    with pytest.raises(KeyError):
        refuse()
    assert [entry.outcome for entry in trail.export(None)] == ["failed", "refused"]


def test_nothing_is_changed_or_removed_afterwards(trail: AuditTrail, tmp_path: Path) -> None:
    note(trail, "store.create", "shop")
    with closing(sqlite3.connect(tmp_path / ".audit.sqlite")) as connection:
        for statement in (
            "UPDATE entries SET actor = 'nobody'",
            "DELETE FROM entries",
            "REPLACE INTO entries SELECT * FROM entries",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute("PRAGMA recursive_triggers = ON").execute(statement)
    assert trail.verify().entries == 1


def tamper(tmp_path: Path, *statements: str) -> None:
    """As someone would who may write the file and drops the triggers first."""
    with closing(sqlite3.connect(tmp_path / ".audit.sqlite")) as connection:
        for trigger in ("no_update", "no_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE entries SET actor = 'x' WHERE number = 2", "entry 2, of"),
        ("UPDATE entries SET time = '2020' WHERE number = 1", "entry 1, of"),
        ("UPDATE entries SET outcome = 'refused' WHERE number = 3", "entry 3, of"),
        ("DELETE FROM entries WHERE number = 1", "entry 1 is missing"),
        ("DELETE FROM entries WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM entries WHERE number = 3", "entry 3 is missing"),
        ("DELETE FROM entries", "entry 1 is missing"),
    ],
)
def test_what_was_done_to_the_file_is_found(
    trail: AuditTrail, tmp_path: Path, statement: str, fault: str
) -> None:
    for name in ("one", "two", "three"):
        note(trail, "store.create", name)
    assert trail.verify().fault == ""
    tamper(tmp_path, statement)
    assert fault in trail.verify().fault


def test_a_hash_told_before_shows_what_was_cut_off_and_written_anew(
    trail: AuditTrail, tmp_path: Path
) -> None:
    note(trail, "store.create", "one")
    note(trail, "store.delete", "one")
    seen = trail.verify()
    note(trail, "store.create", "two")
    assert trail.verify(seen.last).fault == ""
    tamper(tmp_path, "DELETE FROM entries WHERE number > 1", "UPDATE sqlite_sequence SET seq = 1")
    note(trail, "store.create", "three")
    assert trail.verify().fault == ""  # nothing in the file itself tells
    assert trail.verify(seen.last).fault == f"no entry has the hash {seen.last}"


@settings(max_examples=50)
@given(some.lists(some.tuples(some.text(max_size=9), some.text(max_size=9)), max_size=3))
def test_no_two_entries_have_one_hash(pairs: list[tuple[str, str]]) -> None:
    made = [Entry("t", actor, "a", "s", target, "done") for actor, target in pairs]
    assert len({entry.hash_after("") for entry in made}) == len(set(made))


def test_a_program_that_ended_in_the_middle_leaves_an_entry(
    trail: AuditTrail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished = trail.change("k1", "store.delete", "shop")
    unfinished.__enter__()  # and then it is killed
    other = AuditTrail(tmp_path)
    note(other, "store.create", "other")
    assert [entry.outcome for entry in other.export(None)] == ["done"]  # it may live yet
    monkeypatch.setattr(module, "LEFT_OPEN", timedelta(0))
    assert [(entry.action, entry.outcome) for entry in other.export(None)] == [
        ("store.create", "done"),
        ("store.delete", "unknown"),
    ]
    assert other.verify().fault == ""
    del unfinished


def test_many_write_one_chain(trail: AuditTrail, tmp_path: Path) -> None:
    trails = [trail, AuditTrail(tmp_path)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: note(trails[n % 2], "store.create", f"s{n}"), range(24)))
    verified = trail.verify()
    assert (verified.entries, verified.fault) == (24, "")


def test_a_store_s_entries_follow_its_names_and_end_with_it(trail: AuditTrail) -> None:
    note(trail, "store.create", "old")
    note(trail, "document.upload", "old", "a.md")
    note(trail, "store.create", "other")
    note(trail, "store.rename", "old", "new")
    note(trail, "document.upload", "new", "b.md")
    renamed = [
        ("document.upload", "new", "b.md"),
        ("store.rename", "old", "new"),
        ("document.upload", "old", "a.md"),
        ("store.create", "old", ""),
    ]
    assert told(trail.of_store("new")) == renamed
    assert trail.of_store("old") == []
    note(trail, "store.create", "old")
    assert told(trail.of_store("old")) == [("store.create", "old", "")]
    assert told(trail.of_store("new")) == renamed
    note(trail, "store.delete", "new")
    assert trail.of_store("new") == []
    note(trail, "store.restore", "new", "new.zip")
    assert told(trail.of_store("new")) == [("store.restore", "new", "new.zip")]
    # The operator reads whatever the name ever stood for.
    assert ("store.delete", "new", "") in told(list(trail.export(["new"])))
    assert told(list(trail.export(["other"]))) == [("store.create", "other", "")]


def test_pages_follow_each_other(trail: AuditTrail) -> None:
    note(trail, "store.create", "shop")
    for number in range(7):
        note(trail, "document.upload", "shop", f"{number}.md")
        note(trail, "document.upload", "else", f"{number}.md")
    whole, cursor = [], ""
    while page := trail.of_store("shop", cursor, most=3):
        whole += page
        cursor = page[-1].sha256
    assert [entry.target for entry in whole] == [*(f"{n}.md" for n in reversed(range(7))), ""]
    with pytest.raises(NotFound, match="no such page"):
        trail.of_store("shop", "0" * 64)


def test_a_long_trail_is_read_in_pieces(trail: AuditTrail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAGE", 2)
    for number in range(5):
        note(trail, "document.upload", "shop", f"{number}.md")
    assert [entry.target for entry in trail.export(["shop"])] == [f"{n}.md" for n in range(5)]
    assert trail.verify().entries == 5


@pytest.mark.parametrize("name", ["", None, "../x", ".audit"])
def test_no_name_is_not_every_store(trail: AuditTrail, name: str) -> None:
    note(trail, "store.create", "shop")
    with pytest.raises(InvalidInput):
        trail.of_store(name)
    with pytest.raises(InvalidInput):
        list(trail.export([name]))
    assert list(trail.export([])) == []


def test_without_a_trail_nothing_is_changed(
    trail: AuditTrail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    tamper(tmp_path, "ALTER TABLE begun RENAME TO gone")
    with pytest.raises(Busy, match="nothing was changed"), trail.change("k", "store.delete", "s"):
        ran.append(1)
    assert ran == []


def test_an_entry_that_can_t_be_written_doesn_t_undo_the_change(
    trail: AuditTrail, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with trail.change("k", "store.delete", "s"):
        tamper(tmp_path, "ALTER TABLE entries RENAME TO gone")
    assert "can't be written" in caplog.text
    tamper_back = "ALTER TABLE gone RENAME TO entries"
    with closing(sqlite3.connect(tmp_path / ".audit.sqlite")) as connection:
        connection.execute(tamper_back)
        assert connection.execute("SELECT store FROM begun").fetchall() == [("s",)]


def test_a_damaged_or_later_file_is_said(tmp_path: Path) -> None:
    AuditTrail(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / ".audit.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(IndexDamaged, match="written by a later rag-cs"):
        AuditTrail(tmp_path)
    (tmp_path / ".audit.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(IndexDamaged, match="is damaged"):
        AuditTrail(tmp_path)


def test_an_endless_target_is_cut(trail: AuditTrail) -> None:
    note(trail, "document.upload", "shop", "x" * 9_999)
    (entry,) = trail.export(None)
    assert len(json.dumps(entry.target)) < 400
