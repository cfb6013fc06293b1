"""kill -9 while stores are made, renamed and deleted: the trail is sound, every acknowledged change
has its entry, and every other one too. `RAG_CS_KILLS` says how often."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from rag_cs.stores import audit
from rag_cs.stores.audit import AuditTrail
from rag_cs.stores.folders import StoreFolders

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("RAG_CS_KILLS", "20"))


def killed(root: Path, turn: int, seconds: float) -> list[tuple[str, str]]:
    """What a process had acknowledged when it was killed, so long after its first change."""
    command = [sys.executable, "-m", "tests.stores.changing", str(root), str(turn)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        lines = (first + process.stdout.read()).splitlines()
    complete = [line.split() for line in lines if len(line.split()) == 2]
    return [(action, store) for action, store in complete]


def test_no_change_goes_without_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LEFT_OPEN", timedelta(0))
    acknowledged = Counter[tuple[str, str]]()
    pick = random.Random(20260301)
    for turn in range(KILLS):
        acknowledged.update(killed(tmp_path, turn, pick.uniform(0, 0.3)))
        trail = AuditTrail(tmp_path)
        assert trail.verify().fault == ""
        trail.close()
    entries = list(AuditTrail(tmp_path).export(None))
    outcomes = Counter(entry.outcome for entry in entries)
    told = {(entry.action, entry.store): entry.outcome for entry in entries}
    assert set(outcomes) <= {"done", "unknown"}
    for change in acknowledged:
        assert told[change] == "done", change
    names = StoreFolders(tmp_path).names()
    for name in names:  # each was made, or got its name, with an entry
        made = name.startswith("a") and ("store.create", name) in told
        renamed = ("store.rename", name.replace("b", "a", 1)) in told
        assert made or renamed, name
    print(f"\n{KILLS} kills, {acknowledged.total()} changes acknowledged, {outcomes}")  # noqa: T201
