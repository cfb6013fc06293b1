"""Every write, fsync, truncation and rename fails once, the disk is full from each of them on, and
the process is killed at each of them: the old state or the new, an error in words, and it goes on.

    pytest -m slow tests/promises/test_faults.py
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.cases import CASES

log = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("faults.c")
COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or COMPILER is None:
        pytest.skip("needs Linux and a C compiler: calls are made to fail by a preloaded library")
    built = tmp_path_factory.mktemp("shim") / "faults.so"
    command = [COMPILER, "-shared", "-fPIC", "-O1", "-o", str(built), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return built


@pytest.mark.slow
@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_whatever_fails_it_is_the_old_state_or_the_new(
    shim: Path, tmp_path: Path, case: str
) -> None:
    command = [sys.executable, "-m", "tests.promises.faulty", str(tmp_path), case]
    done = subprocess.run(
        command, env=os.environ | {"LD_PRELOAD": str(shim)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    result = json.loads(done.stdout)
    log.warning("%s: %s trials", case, result["trials"])
    assert result["trials"] > 3
    assert result["wrong"] == []
