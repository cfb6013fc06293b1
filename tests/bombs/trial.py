"""A bomb read as the server reads files, and what that took."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from rag_cs.errors import RagError
from rag_cs.isolated import IsolatedLoader
from tests.bombs import Bomb

_SAMPLE_SECONDS = 0.01
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What the reading processes took at the most: processor seconds of one, and bytes resident in
    one."""

    seconds: float = 0.0
    resident: int = 0

    def note(self, process_id: int) -> None:
        """Look at a process, if it is still there."""
        folder = Path("/proc") / str(process_id)
        try:
            status, stat = (folder / "status").read_text(), (folder / "stat").read_text()
        except OSError:
            return
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "")
        self.resident = max(self.resident, 1024 * int((peak.split() or ["", "0"])[1]))
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        self.seconds = max(self.seconds, (int(user) + int(system)) / _TICKS)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a bomb went: `text` is what was read of it, `refusal` the sentence that refused it."""

    bomb: Bomb
    size: int
    text: str
    refusal: str
    wall_seconds: float
    cost: Cost

    @property
    def verdict(self) -> str:
        """In a few words."""
        return self.refusal or f"read: {len(self.text):,} characters"


def try_bomb(bomb: Bomb, loader: IsolatedLoader) -> Trial:
    """Make a bomb, read it, and tell. Lets through whatever isn't an error for users."""
    data = bomb.make()
    text = refusal = ""
    begun = time.perf_counter()
    with watched() as cost:
        try:
            text = loader(data, bomb.source).text
        except RagError as error:
            refusal = f"{type(error).__name__}: {error}"
    return Trial(bomb, len(data), text, refusal, time.perf_counter() - begun, cost)


@contextmanager
def watched() -> Iterator[Cost]:
    """What this process's descendants that are new within the block take."""
    me, cost, ended = psutil.Process(), Cost(), threading.Event()
    known = {process.pid for process in me.children(recursive=True)}

    def watch() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            for process in me.children(recursive=True):
                if process.pid not in known:
                    cost.note(process.pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield cost
    finally:
        ended.set()
        watcher.join()
