from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput, NotFound
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


def test_keys_are_no_store(tmp_path: Path) -> None:
    Keys(tmp_path).create("admin")
    assert StoreFolders(tmp_path).names() == []
