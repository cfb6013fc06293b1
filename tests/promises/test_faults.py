"""Every write, fsync, truncation and rename fails once, the disk is full from each of them on, and
the process is killed at each of them: the old state or the new, an error in words, and it goes on.

    PROOF_EVERY=1 pytest -m slow tests/promises/test_faults.py

Without the variable it is every fifth of them. Where this may mount a file system, a small one in
memory is filled in earnest as well.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag_cs.errors import RagError
from tests.promises.cases import CASES, Case

log = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("faults.c")
DISK_BYTES = 6_000_000
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
    assert result["trials"] > 1
    assert result["wrong"] == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system: a small one is filled")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_disk_that_is_full_loses_nothing(disk: Path, tmp_path: Path, case: Case) -> None:
    template, done = tmp_path / "template", tmp_path / "done"
    template.mkdir()
    case.prepare(template)
    shutil.copytree(template, done)
    handle = case.open(done)
    case.act(handle)
    case.close(handle)
    old, new = case.state(template, None), case.state(done, None)
    refused = 0
    for room in (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256):
        folder = disk / "store"
        shutil.copytree(template, folder)
        handle = case.open(folder)
        fill(disk, 4096 * room)
        told = attempt(lambda handle=handle: case.act(handle))
        assert told is None or isinstance(told, RagError), repr(told)
        assert told is None or "disk" in str(told) or "No space left" in str(told)
        refused += told is not None
        (disk / "filler").unlink()
        state = case.state(folder, handle)
        assert state in ((old, new) if told else (new,))
        if state != new:
            case.act(handle)
        case.close(handle)
        assert case.state(folder, None) == new
        for path in disk.iterdir():
            shutil.rmtree(path)
    log.warning("%s: refused %s times", case.name, refused)


def fill(disk: Path, room: int) -> None:
    """Leave so many bytes."""
    left = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        file.write(b"x" * max(0, left.f_bavail * left.f_frsize - room))


def attempt(act: Callable[[], object]) -> Exception | None:
    try:
        act()
    except Exception as raised:  # noqa: BLE001 - of whatever kind: that is what is looked at
        return raised
    return None
