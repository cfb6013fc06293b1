from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag_cs.errors import DiskFailed
from rag_cs.stores.disk import refusals_told, sweep_unfinished, unfinished_name


def test_only_what_processes_left_that_are_gone_is_swept(tmp_path: Path) -> None:
    ours = unfinished_name("restored")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        names = {
            "ours": ours,
            "before us": f".restored-{os.getpid()}-1",
            "running": f".restored-{running.pid}-1",
            "gone": ".restored-999999999-1",
            "else": ".backup-999999999-1",
            "odd": ".restored-x-1",
        }
        for name in names.values():
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_text("x")
        sweep_unfinished(tmp_path, "restored")
        left = {kind for kind, name in names.items() if (tmp_path / name).exists()}
        assert left == {"ours", "running", "else", "odd"}
        running.communicate(b"\n")


def test_a_refusal_says_what_and_why() -> None:
    with pytest.raises(DiskFailed, match=r"written .No space left"):  # noqa: SIM117
        with refusals_told("It can't be written"):
            raise OSError(28, "No space left on device")
