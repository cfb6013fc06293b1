"""`load`, in a process of its own for each file, with limits on memory and time.

A file that loops, unpacks without end or crashes a parser takes that process down and nothing else.
The document comes back as text and JSON, never as a pickle: the child has read what nobody vouches
for. It comes in pieces, so that taking it in never stops this process's other threads for long.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rag_cs import errors
from rag_cs.load import load
from rag_cs.readers.builder import DEFAULT_LIMITS, Limits
from rag_cs.types import Block, Document

log = logging.getLogger(__name__)
# Seconds of processor time for any file: ten million characters of any format take three. What
# takes longer, pages of a PDF and lines of a scan, earns more as it is got through.
BASE_SECONDS = 7.5
# ... but never more than this.
MOST_SECONDS = 1_800.0
# What the child may hold. Recognising text in a dense scan takes 700 MB.
MAX_MEMORY_BYTES = 900_000_000
# The child's priority is lower than that of whoever answers shoppers. It may therefore wait for a
# processor; but in silence it waits this many times its own time, and no longer.
_NICENESS = 10
_PATIENCE = 10
_BLOCKS_A_MESSAGE = 2_000


Reader = Callable[[bytes, str, Limits], Document]


def read(data: bytes, source: str, limits: Limits) -> Document:
    """`load`, as the child calls it."""
    return load(data, source, limits=limits)


class IsolatedLoader:
    """Called like `load`. Safe to share between threads."""

    def __init__(
        self,
        reader: Reader = read,
        base_seconds: float = BASE_SECONDS,
        max_memory_bytes: int = MAX_MEMORY_BYTES,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._reader = reader
        self._base_seconds = base_seconds
        self._max_memory_bytes = max_memory_bytes
        self._limits = limits
        # A server process forks a child for each file: this one has threads, and can't.
        methods = multiprocessing.get_all_start_methods()
        name = "forkserver" if "forkserver" in methods else "spawn"
        self._context: Any = multiprocessing.get_context(name)
        if name == "forkserver":
            self._context.set_forkserver_preload([__name__])

    def __call__(self, data: bytes, source: str) -> Document:
        """The document of a file. Raises what `load` does, and UnreadableDocument for a file that
        takes too much time or memory, or that ends its reader."""
        receiver, sender = self._context.Pipe(duplex=False)
        task = _Task(self._reader, data, source, self._limits)
        child = self._context.Process(
            target=_run,
            args=(sender, task, self._base_seconds, self._max_memory_bytes),
            daemon=True,
        )
        child.start()
        sender.close()
        try:
            return _received(receiver, source, _PATIENCE * self._base_seconds)
        except (EOFError, OSError, TimeoutError):
            raise errors.UnreadableDocument(_ended(source)) from None
        finally:
            receiver.close()
            child.kill()
            child.join()
            child.close()


def _received(receiver: Connection, source: str, patience_seconds: float) -> Document:
    """What the child sends: signs of life, then an error, or the document with its blocks after
    it. Raises EOFError, OSError or TimeoutError when it doesn't."""

    def message() -> bytes:
        if not receiver.poll(patience_seconds):
            raise TimeoutError
        return receiver.recv_bytes()

    while not (first := message()):
        pass
    head = json.loads(first)
    if "fault" in head:
        log.warning("a reader failed on a %s file: %s", Path(source).suffix, head["fault"])
    if "error" in head:
        raise getattr(errors, head["error"])(head["message"] or _ended(source))
    text = message().decode("utf-8")
    blocks: list[Block] = []
    while some := json.loads(message()):
        blocks += [_block(fields) for fields in some]
    return Document(**head, text=text, blocks=tuple(blocks))


def _block(fields: list[Any]) -> Block:
    kind, start, end, heading_path, *rest = fields
    return Block(kind, start, end, tuple(heading_path), *rest)


def _ended(source: str) -> str:
    return (
        f"{source} can't be read: it takes more time or memory than a file may, or it is damaged "
        "in a way that ends its reader. Split it, or save it anew in the program that made it."
    )


# The child's side


@dataclass(frozen=True, slots=True)
class _Task:
    """What a child is to read."""

    reader: Reader
    data: bytes
    source: str
    limits: Limits


def _run(sender: Connection, task: _Task, seconds: float, memory_bytes: int) -> None:
    """What the child does. Killed by the system when it takes too long."""
    _silence()
    with contextlib.suppress(OSError, AttributeError):  # not on Windows
        os.nice(_NICENESS)
    allowance = _Allowance(sender, seconds)
    _limit_memory(memory_bytes)
    limits = replace(task.limits, earn=allowance.earn)
    try:
        document = task.reader(task.data, task.source, limits)
        for message in _messages(document):
            sender.send_bytes(message)
    except errors.RagError as error:
        _send(sender, {"error": type(error).__name__, "message": str(error)})
    except MemoryError:
        _send(sender, {"error": "UnreadableDocument", "message": ""})
    except Exception as error:  # noqa: BLE001 - a reader's own fault is no traceback for anyone
        fault = {"error": "UnreadableDocument", "message": "", "fault": errors.without_text(error)}
        _send(sender, fault)
    sender.close()


def _messages(document: Document) -> Iterator[bytes]:
    names = ("id", "source", "title", "media_type", "sha256", "language")
    head = {name: getattr(document, name) for name in names}
    yield _encoded(head | {"metadata": dict(document.metadata)})
    yield document.text.encode("utf-8")
    for start in range(0, len(document.blocks), _BLOCKS_A_MESSAGE):
        yield _encoded([_fields(b) for b in document.blocks[start : start + _BLOCKS_A_MESSAGE]])
    yield _encoded([])


def _fields(block: Block) -> list[Any]:
    place = (block.start, block.end, block.heading_path, block.page)
    return [block.kind, *place, block.context, block.question]


def _encoded(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")


def _send(sender: Connection, value: dict[str, str]) -> None:
    sender.send_bytes(_encoded(value))


class _Allowance:
    """The processor time that a child may take: at any moment no more than `seconds` ahead, so that
    nothing can be saved up for a page that never ends. What is earned is a sign of life too."""

    def __init__(self, sender: Connection, seconds: float) -> None:
        self._sender = sender
        self._ahead = seconds
        self._last = _spent_seconds() + max(seconds, MOST_SECONDS)
        self._until = 0.0
        self._allow(_spent_seconds() + seconds)

    def earn(self, seconds: float) -> None:
        """Allow so many more."""
        self._allow(min(self._until + seconds, _spent_seconds() + self._ahead))
        self._sender.send_bytes(b"")

    def _allow(self, until: float) -> None:
        self._until = min(until, self._last)
        with contextlib.suppress(ImportError):  # not on Windows, where the clock alone limits
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(self._until), hard))


def _spent_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _limit_memory(memory_bytes: int) -> None:
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Data rather than address space: libraries reserve far more of that than they use.
        resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + memory_bytes,) * 2)


def _silence() -> None:
    """What libraries say of a file may quote it, and belongs into nobody's log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)


def _data_bytes() -> int:
    """What the process holds already, of the kind that the limit counts; 0 where unknown."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0
