"""The script of that name, whole, and Presidio's recognisers where they are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag_cs.privacy import Finding

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "scripts" / "evaluate_privacy.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.slow
def test_figures_are_printed_and_a_bad_file_is_named(tmp_path: Path) -> None:
    done = run("--part", "fresh", "--mistakes")
    assert done.returncode == 0, done.stderr
    assert "fresh: 60 texts" in done.stdout
    assert "zh    PHONE          7   1.000" in done.stdout
    assert "MB" in done.stdout
    (tmp_path / "bad.jsonl").write_text("x")
    done = run("--texts", str(tmp_path / "bad.jsonl"))
    assert (done.returncode, "bad.jsonl, line 1" in done.stderr) == (2, True)


@pytest.mark.slow
def test_presidio_is_called_like_ours() -> None:
    pytest.importorskip("presidio_analyzer")
    from rag_cs.evaluation.personal_peer import Presidio

    assert Presidio()("My number is (212) 555-0123.") == [Finding(13, 27, "PHONE")]
