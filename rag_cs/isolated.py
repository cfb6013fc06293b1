"""`load`, in a process of its own for each file, with limits on memory and time.

A file that loops, unpacks without end or crashes a parser takes that process down and nothing else.
The document comes back as JSON, never as a pickle: the child has read what nobody vouches for.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rag_cs import errors
from rag_cs.load import load
from rag_cs.types import Block, Document

log = logging.getLogger(__name__)
# Seconds of processor time for any file, and for each million of its bytes: a scanned page has
# some 200 kB and takes two seconds. The clock on the wall may show three times as much.
BASE_SECONDS = 10
SECONDS_PER_MEGABYTE = 15
_WALL = 3
# What the child may hold. Recognising text in a scan takes about 600 MB.
MAX_MEMORY_BYTES = 1_000_000_000


Reader = Callable[[bytes, str], Document]


class IsolatedLoader:
    """Called like `load`. Safe to share between threads."""

    def __init__(
        self,
        reader: Reader = load,
        base_seconds: float = BASE_SECONDS,
        max_memory_bytes: int = MAX_MEMORY_BYTES,
    ) -> None:
        self._reader = reader
        self._base_seconds = base_seconds
        self._max_memory_bytes = max_memory_bytes
        # A server process forks a child for each file: this one has threads, and can't.
        methods = multiprocessing.get_all_start_methods()
        name = "forkserver" if "forkserver" in methods else "spawn"
        self._context: Any = multiprocessing.get_context(name)
        if name == "forkserver":
            self._context.set_forkserver_preload([__name__])

    def __call__(self, data: bytes, source: str) -> Document:
        """The document of a file. Raises what `load` does, and UnreadableDocument for a file that
        takes too much time or memory, or that ends its reader."""
        seconds = self._base_seconds + SECONDS_PER_MEGABYTE * len(data) / 1e6
        receiver, sender = self._context.Pipe(duplex=False)
        limits = (seconds, self._max_memory_bytes)
        child = self._context.Process(
            target=_read, args=(sender, self._reader, data, source, limits), daemon=True
        )
        child.start()
        sender.close()
        timer = threading.Timer(_WALL * seconds, child.kill)
        timer.start()
        try:
            answer = json.loads(receiver.recv_bytes())
        except (EOFError, OSError):
            answer = {"error": "UnreadableDocument", "message": _ended(source, seconds)}
        finally:
            timer.cancel()
            receiver.close()
            child.kill()
            child.join()
            child.close()
        if "fault" in answer:
            log.warning("a reader failed on a %s file: %s", Path(source).suffix, answer["fault"])
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        return _document(answer)


def _ended(source: str, seconds: float) -> str:
    return (
        f"{source} can't be read: it takes more than {seconds:.0f} seconds or more memory than a "
        "file may, or it is damaged in a way that ends its reader. Split it, or save it anew in "
        "the program that made it."
    )


def _read(
    sender: Connection, reader: Reader, data: bytes, source: str, limits: tuple[float, int]
) -> None:
    """What the child does. Killed by the system when it takes too long."""
    _limit(*limits)
    try:
        answer = asdict(reader(data, source))
    except errors.RagError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        answer = {"error": "UnreadableDocument", "message": _ended(source, limits[0])}
    except Exception as error:  # noqa: BLE001 - a reader's own fault is no traceback for anyone
        message = _ended(source, limits[0])
        answer = {
            "error": "UnreadableDocument",
            "message": message,
            "fault": errors.without_text(error),
        }
    sender.send_bytes(json.dumps(answer).encode("ascii"))
    sender.close()


def _fault(error: Exception) -> str:
    """What failed and where, for a log: without the message, which may hold the document's text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"


def _limit(seconds: float, memory_bytes: int) -> None:
    with contextlib.suppress(ImportError):  # not on Windows, where the clock alone limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Data rather than address space: libraries reserve far more of that than they use.
        held = _data_bytes()
        resource.setrlimit(resource.RLIMIT_DATA, (held + memory_bytes,) * 2)
        spent = resource.getrusage(resource.RUSAGE_SELF)
        most = int(spent.ru_utime + spent.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def _data_bytes() -> int:
    """What the process holds already, of the kind that the limit counts; 0 where unknown."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def _document(fields: dict[str, Any]) -> Document:
    blocks = tuple(
        Block(**{**block, "heading_path": tuple(block["heading_path"])})
        for block in fields.pop("blocks")
    )
    return Document(**fields, blocks=blocks)
