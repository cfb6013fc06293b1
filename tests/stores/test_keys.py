from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag_cs.errors import Exists, InvalidInput, NotFound
from rag_cs.stores import keys as module
from rag_cs.stores.folders import StoreFolders
from rag_cs.stores.keys import Keys


def test_a_key_is_known_by_its_secret_alone(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    secret, key = keys.create("merchant", ["shop", "店铺"], "Ann")
    assert keys.find(secret) is not None
    assert (key.role, key.stores, key.label) == ("merchant", ("shop", "店铺"), "Ann")
    for wrong in (
        "",
        "rcs",
        f"rcs_{key.id}_",
        secret[:-1],
        secret + "x",
        f"x{secret}",
        "rcs__\ud800",
    ):
        assert keys.find(wrong) is None
    stored = (tmp_path / ".keys.sqlite").read_bytes()
    assert secret.encode() not in stored
    assert secret.split("_", 2)[2].encode() not in stored
    assert stat.S_IMODE((tmp_path / ".keys.sqlite").stat().st_mode) == 0o600


def test_a_key_opens_its_stores_only(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    _, some = keys.create("shopper", ["one"])
    _, every = keys.create("admin")
    assert (some.opens("one"), some.opens("two"), some.opens("")) == (True, False, False)
    assert every.opens("two")
    assert not every.opens("")


def test_a_revoked_key_is_worthless_at_once_and_stays_listed(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    assert not keys.any()
    secret, key = keys.create("admin")
    assert keys.any()
    Keys(tmp_path).revoke(key.id)
    assert keys.find(secret) is None
    assert not keys.any()
    assert keys.list()[0].revoked_at
    with pytest.raises(NotFound, match="no working key"):
        keys.revoke(key.id)


def test_the_last_use_is_noted(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    secret, _ = keys.create("admin")
    assert keys.list()[0].used_at == ""
    keys.find(secret)
    assert keys.list()[0].used_at


def test_malformed_keys_are_refused(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    with pytest.raises(InvalidInput, match="'king' is no role"):
        keys.create("king")
    with pytest.raises(InvalidInput, match="Name the stores"):
        keys.create("admin", [])
    with pytest.raises(InvalidInput, match="can't name a store"):
        keys.create("admin", [""])
    with pytest.raises(InvalidInput, match="label"):
        keys.create("admin", label="x" * 101)
    assert keys.list() == []


def test_a_key_expires_on_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(tmp_path)
    secret, key = keys.create("admin", expires_on=date(2090, 1, 1))
    assert (key.expires_on, keys.list()[0].expires_on) == ("2090-01-01", "2090-01-01")
    assert keys.find(secret) is not None
    monkeypatch.setattr(module, "_now", lambda: "2089-12-31T23:59:59+00:00")
    assert keys.find(secret) is not None
    monkeypatch.setattr(module, "_now", lambda: "2090-01-01T00:00:00+00:00")
    assert keys.find(secret) is None
    assert not keys.any()
    with pytest.raises(NotFound, match="no working key"):
        keys.rotate(key.id)
    with pytest.raises(InvalidInput, match="never works"):
        keys.create("admin", expires_on=date(2090, 1, 1))
    assert keys.find(keys.create("admin")[0]) is not None


def test_a_rotated_key_is_the_same_with_another_secret(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    old_secret, old = keys.create("merchant", ["shop"], "Ann", date(2090, 1, 1))
    secret, key = keys.rotate(old.id)
    assert keys.find(old_secret) is None
    assert keys.find(secret) == replace(key, used_at="")
    assert (key.role, key.stores, key.label) == ("merchant", ("shop",), "Ann")
    assert key.expires_on == "2090-01-01"
    for unknown in (old.id, "nothing", ""):
        with pytest.raises(NotFound, match="no working key"):
            keys.rotate(unknown)
    assert len(keys.list()) == 2


def test_a_renamed_store_s_keys_and_origins_follow_it(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    secret, _ = keys.create("merchant", ["a", "shop", "z"])
    every, _ = keys.create("admin")
    other, _ = keys.create("merchant", ["other"])
    keys.origins.set("shop", ["https://shop.example"])
    keys.rename_store("shop", "store")
    found = [key.stores for key in map(keys.find, (secret, every, other)) if key]
    assert found == [("a", "store", "z"), None, ("other",)]
    assert keys.origins.of("store") == ("https://shop.example",)
    assert keys.origins.of("shop") == ()


def test_no_store_takes_a_name_that_another_s_key_opens(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    secret, _ = keys.create("merchant", ["shop"])
    _, other = keys.create("merchant", ["theirs"])
    keys.origins.set("shop", ["https://shop.example"])
    with pytest.raises(Exists, match="'theirs' already"):
        keys.begin_rename("shop", "theirs")
    assert keys.origins.of("shop") == ("https://shop.example",)
    assert keys.begun_renames() == {}
    keys.revoke(other.id)
    keys.begin_rename("shop", "theirs")
    assert keys.begun_renames() == {"shop": "theirs"}
    keys.rename_store("shop", "theirs")
    assert keys.begun_renames() == {}
    key = keys.find(secret)
    assert key is not None
    assert key.stores == ("theirs",)
    _, both = keys.create("merchant", ["theirs", "new"])
    keys.begin_rename("theirs", "new")
    keys.rename_store("theirs", "new")
    assert {key.id: key.stores for key in keys.list()}[both.id] == ("new",)


def test_a_deleted_store_s_keys_are_told(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    _, key = keys.create("merchant", ["shop"])
    keys.create("admin")
    keys.origins.set("shop", ["https://shop.example"])
    assert [each.id for each in keys.forget_store("shop")] == [key.id]
    assert keys.origins.of("shop") == ()


def test_a_file_from_before_expiry_still_opens(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    secret, _ = keys.create("admin")
    with closing(sqlite3.connect(tmp_path / ".keys.sqlite")) as connection:
        for table in ("expiries", "renames", "origins", "alembic_version"):
            connection.execute(f"DROP TABLE {table}")
    again = Keys(tmp_path)
    assert again.find(secret) is not None
    assert again.origins.of("shop") == ()


def test_keys_are_no_store(tmp_path: Path) -> None:
    Keys(tmp_path).create("admin")
    assert StoreFolders(tmp_path).names() == []
