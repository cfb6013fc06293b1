from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from rag_cs.errors import Busy, Exists, InvalidInput, NotFound
from rag_cs.stores.folders import StoreFolders
from rag_cs.stores.jobs import JobLedger
from rag_cs.stores.keys import Keys
from rag_cs.stores.renaming import finish_renames, rename_store


@dataclass
class Shop:
    """What an installation holds of one store."""

    folders: StoreFolders
    jobs: JobLedger
    keys: Keys
    secret: str

    @property
    def parts(self) -> tuple[StoreFolders, JobLedger, Keys]:
        return self.folders, self.jobs, self.keys

    def names(self) -> set[str]:
        """Under which names its parts stand."""
        key = self.keys.find(self.secret)
        assert key is not None
        assert key.stores is not None
        uploads = [name for name in ("old", "new") if self.jobs.of_store(name)]
        pages = [name for name in ("old", "new") if self.keys.origins.of(name)]
        return {*self.folders.names(), *key.stores, *uploads, *pages}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    folders, keys = StoreFolders(tmp_path), Keys(tmp_path)
    folders.make("old")
    keys.origins.set("old", ["https://shop.example"])
    shop = Shop(folders, JobLedger(tmp_path), keys, keys.create("merchant", ["old"])[0])
    shop.jobs.add("old", "a.md", b"Words.", idempotency_key="k1")
    return shop


def test_everything_follows(shop: Shop) -> None:
    rename_store(*shop.parts, "old", "new")
    assert shop.names() == {"new"}
    (job,) = shop.jobs.of_store("new")
    assert shop.jobs.add("new", "a.md", b"Words.", idempotency_key="k1").id == job.id


@pytest.mark.parametrize(
    ("name", "new", "error"),
    [
        ("old", "old", Exists),
        ("old", "", InvalidInput),
        ("old", "../x", InvalidInput),
        ("", "new", InvalidInput),
        ("nope", "new", NotFound),
        ("old", "theirs", Exists),
    ],
)
def test_what_can_t_be_renamed_stays(
    shop: Shop, name: str, new: str, error: type[Exception]
) -> None:
    shop.keys.create("merchant", ["theirs"])
    with pytest.raises(error):
        rename_store(*shop.parts, name, new)
    assert shop.names() == {"old"}
    assert shop.keys.begun_renames() == {}


def test_not_while_a_file_is_being_read_into_it(shop: Shop) -> None:
    taken = shop.jobs.take()
    assert taken is not None
    with pytest.raises(Busy, match="being read into store 'old'"):
        rename_store(*shop.parts, "old", "new")
    assert shop.names() == {"old"}
    shop.jobs.finish(taken[0].id, "d1")
    rename_store(*shop.parts, "old", "new")
    assert shop.names() == {"new"}


class Killed(BaseException):
    """As if the process ended here."""


@pytest.mark.parametrize(
    ("owner", "step", "when", "ends"),
    [
        ("keys", "begin_rename", "before", "old"),
        ("keys", "begin_rename", "after", "old"),
        ("folders", "rename", "before", "old"),
        ("folders", "rename", "after", "new"),
        ("keys", "rename_store", "before", "new"),
        ("keys", "rename_store", "after", "new"),
    ],
)
def test_a_rename_that_was_interrupted_is_finished_or_was_never_begun(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, owner: str, step: str, when: str, ends: str
) -> None:
    part = getattr(shop, owner)
    real = getattr(part, step)

    def killed(*arguments: str) -> None:
        if when == "after":
            real(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(part, step, killed)
        with pytest.raises(Killed):
            rename_store(*shop.parts, "old", "new")
    finish_renames(*shop.parts)
    assert shop.names() == {ends}
    assert shop.keys.begun_renames() == {}
    finish_renames(*shop.parts)
    assert shop.names() == {ends}
