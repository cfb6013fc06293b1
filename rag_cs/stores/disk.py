"""What the stores ask of the disk beyond files: names that survive a power cut, and work that was
left unfinished by a process that is gone."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag_cs.errors import DiskFailed


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


# What this process is about to make, or made.
_ours: set[str] = set()


@contextmanager
def refusals_told(what: str) -> Iterator[None]:
    """An OSError as DiskFailed: `what` says what can't be done, as in "The backup can't be
    written"."""
    try:
        yield
    except OSError as error:
        raise DiskFailed(
            f"{what} ({error.strerror or error}). Make room on the disk, or look whether it fails, "
            "and try again."
        ) from error


def unfinished_name(kind: str) -> str:
    """A hidden name, never given twice, for what this process is about to make."""
    name = f".{kind}-{os.getpid()}-{uuid.uuid4().hex}"
    _ours.add(name)
    return name


def sweep_unfinished(folder: Path, kind: str) -> None:
    """Remove what processes that are gone left under such names."""
    for path in folder.glob(f".{kind}-*-*"):
        owner = path.name.split("-")[1]
        if path.name not in _ours and owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Where that can't be told, yes. One with our number came before us: in a container all have
    the same."""
    if os.name != "posix" or process == os.getpid():
        return os.name != "posix"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
