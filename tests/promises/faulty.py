"""What runs with `faults.c` preloaded: each operation, with each of its writes, fsyncs and renames
failing once, with a disk that is full from each of them on, and killed at each of them.

    LD_PRELOAD=faults.so python -m tests.promises.faulty FOLDER [CASE…]

Prints a line of JSON for each case: how many trials, and what went wrong in which.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_cs.errors import InvalidInput, RagError
from tests.promises import cases
from tests.promises.cases import Case
from tests.promises.counts import count

_shim = ctypes.CDLL(None)
_COUNT, _ONCE, _FROM_ON, _KILL = range(4)
# Of the calls that could go wrong, so many are passed over: none when it is 1.
EVERY = count("EVERY", 5)
# How it fails: a name, the mode, the error, whether the process is killed.
WAYS = {
    "failing once": (_ONCE, errno.EIO),
    "failing once for want of room": (_ONCE, errno.ENOSPC),
    "full from there on": (_FROM_ON, errno.ENOSPC),
    "killed": (_KILL, 0),
}


@dataclass
class Trial:
    """One operation on a copy of what was prepared, going wrong in one place."""

    case: Case
    root: Path
    template: Path
    old: Any
    new: Any

    def run(self, way: str, place: int) -> str | None:
        """What went wrong beyond what was made to; None when nothing did."""
        folder = self.root / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        if way == "killed":
            return self._killed(folder, place)
        return self._failing(folder, way, place)

    def _failing(self, folder: Path, way: str, place: int) -> str | None:
        handle = self.case.open(folder)
        told = attempt(lambda: self.case.act(handle), folder, *WAYS[way], place)
        if isinstance(told, Exception) and not isinstance(told, RagError):
            return f"not in words: {told!r}"
        state = self.case.state(folder, handle)
        allowed = (self.old, self.new) if told else (self.new,)
        if state not in allowed:
            return f"after {told!r} it is neither: {state}"
        if state != self.new or not self.case.once:  # and the program goes on
            again = attempt(lambda: self.case.act(handle), folder, _COUNT, 0, 0)
            if again and not (isinstance(again, InvalidInput) and state == self.new):
                return f"then it can't go on: {again!r}"
        self.case.close(handle)
        state = self.case.state(folder, None)
        return None if state == self.new else f"at last it isn't what it should be: {state}"

    def _killed(self, folder: Path, place: int) -> str | None:
        process = os.fork()
        if not process:
            handle = self.case.open(folder)
            attempt(lambda: self.case.act(handle), folder, _KILL, 0, place)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        state = self.case.state(folder, None)
        allowed = (self.old, self.new) if killed else (self.new,)
        return None if state in allowed else f"it is neither: {state}"


def attempt(
    act: Callable[[], object], folder: Path, mode: int, error: int, place: int
) -> Exception | None:
    """What an operation raised that goes wrong in that place."""
    os.environ["SQLITE_TMPDIR"] = str(folder)
    _shim.faults_arm(str(folder).encode(), ctypes.c_long(place), mode, error)
    try:
        act()
    except Exception as raised:  # noqa: BLE001 - of whatever kind: that is what is looked at
        return raised
    finally:
        _shim.faults_arm(b"", ctypes.c_long(0), _COUNT, 0)
    return None


def seen(case: Case, root: Path, template: Path, mode: int) -> int:
    """How many calls there are to go wrong."""
    folder = root / "counted"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    handle = case.open(folder)
    os.environ["SQLITE_TMPDIR"] = str(folder)
    _shim.faults_arm(str(folder).encode(), ctypes.c_long(10**9), mode, errno.ENOSPC)
    case.act(handle)
    number: int = _shim.faults_seen()
    _shim.faults_arm(b"", ctypes.c_long(0), _COUNT, 0)
    case.close(handle)
    return number


def prove(case: Case, root: Path) -> dict[str, Any]:
    """Every way in every place."""
    template, done = root / "template", root / "done"
    for folder in (template, done):
        shutil.rmtree(folder, ignore_errors=True)
    template.mkdir(parents=True)
    case.prepare(template)
    shutil.copytree(template, done)
    handle = case.open(done)
    case.act(handle)
    case.close(handle)
    trial = Trial(case, root, template, case.state(template, None), case.state(done, None))
    shutil.rmtree(template)
    template.mkdir()
    case.prepare(template)  # as it was before it was looked at: looking may have changed the log
    wrong, trials = [], 0
    for way, (mode, _) in WAYS.items():
        places = seen(case, root, template, mode if mode == _FROM_ON else _COUNT)
        for place in range(1, places + 1, EVERY):
            trials += 1
            if problem := trial.run(way, place):
                wrong.append(f"{way}, at call {place}: {problem}"[:2_000])
    return {"case": case.name, "trials": trials, "wrong": wrong}


def main() -> None:
    """Every case that is named, or all."""
    root, *names = sys.argv[1:]
    for case in cases.CASES:
        if not names or case.name in names:
            print(json.dumps(prove(case, Path(root))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
