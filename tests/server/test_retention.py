from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import NotFound
from rag_cs.privacy import Finding
from rag_cs.server import retention
from rag_cs.server.retention import Retention
from rag_cs.types import Turn
from tests.server.test_app import wait_for
from tests.test_bootstrap import make_system


def test_stores_are_purged_at_the_start_and_again_and_one_that_fails_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(retention, "_DAY_SECONDS", 0.01)
    system = make_system(tmp_path)
    store = system.store("shop", create=True)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "store.sqlite").write_bytes(b"none" * 1_000)
    store.personal.set_retention(0)
    work = Retention(system)
    store.conversations.append("one", [Turn("user", "?")])
    work.start()
    wait_for(lambda: store.conversations.text("one") == "")
    store.conversations.append("two", [Turn("user", "?")])
    wait_for(lambda: store.conversations.text("two") == "")
    work.stop()
    assert "store broken wasn't purged" in caplog.text
    with pytest.raises(NotFound):
        store.personal.conversation("one")
    system.close()


def test_memory_is_swept_while_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.01)
    system = make_system(tmp_path)
    system.vault._keep_seconds = 0.05
    system.vault.hide("shop", "a", "13812345678", [Finding(0, 11, "PHONE")])
    work = Retention(system)
    work.start()
    wait_for(lambda: len(system.vault) == 0)
    work.stop()
