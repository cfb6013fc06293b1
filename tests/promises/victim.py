"""What a process does that will be killed: it changes a store, and says what it begins and what is
done. It runs in a process of its own, forked from one that has imported everything."""

from __future__ import annotations

import multiprocessing
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn

from rag_cs.compaction import compact_store
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.load import load
from rag_cs.server.app import create_app
from rag_cs.stores.backup import back_up
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.folders import StoreFolders
from rag_cs.types import Citation, Document, Turn
from tests.builders import chunks_and_vectors, make_document, make_index
from tests.fakes import HashEmbeddings
from tests.test_bootstrap import make_system

STORE = "shop"
SOURCES = tuple(f"manual{number}.md" for number in range(8))
EMBEDDINGS = HashEmbeddings()
# An operation: its name, the document's source or the backup's file, the document's version.
Operation = tuple[str, str, int]


def forks() -> Any:
    """A context whose processes are forked from one that has imported everything."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def word(source: str, version: int) -> str:
    """What stands in this version of this document alone."""
    return f"{source.removesuffix('.md')}edition{version}"


def document(source: str, version: int) -> Document:
    """From one to some hundred chunks, each of which names source and version."""
    parts = 1 + (version * 7) % 5 if version % 4 else 120
    said = [f"{word(source, version)} part {n}: a parcel waits for {n} days." for n in range(parts)]
    return make_document(source, *said)


def put(index: EmbeddedIndex, source: str, version: int) -> None:
    made = document(source, version)
    index.replace(made, *chunks_and_vectors(made, EMBEDDINGS))


def plan(seed: int) -> Iterator[Operation]:
    """Endless: what is done one after the other."""
    chooser = random.Random(seed)
    version = seed * 10_000
    kinds = ("put", "delete", "compact", "backup", "save", "say")
    while True:
        version += 1
        (kind,) = chooser.choices(kinds, (50, 18, 12, 8, 5, 7))
        source = f"{seed}-{version}.zip" if kind == "backup" else chooser.choice(SOURCES)
        yield kind, source, version


@dataclass
class Worker:
    """Does operations on one store below a root."""

    root: Path

    def __post_init__(self) -> None:
        self.folders = StoreFolders(self.root / "indexes")
        self.index = make_index(self.root / "indexes" / STORE)

    def do(self, operation: Operation) -> None:
        kind, source, version = operation
        actions: dict[str, Callable[[], object]] = {
            "put": lambda: put(self.index, source, version),
            "delete": lambda: self.index.delete(make_document(source).id),
            "compact": lambda: compact_store(self.folders.path(STORE)),
            "backup": lambda: back_up(self.folders, STORE, self.root / "backups" / source),
            "save": self.index.save,
            "say": lambda: self.say(source, version),
        }
        actions[kind]()

    def say(self, source: str, version: int) -> None:
        """A turn that quotes a document, as it is by now."""
        record = self.index.record(make_document(source).id)
        if record:
            quote = self.index.document(record.id).text[:30]
            cited = Citation(record.id, "", "", None, 0, 30, quote, quote, record.sha256)
            said = [Turn("user", f"{version}?"), Turn("assistant", quote)]
            Conversations(self.index.engine).append(str(version), said, [cited])


def work(root: Path, seed: int, sender: Connection) -> None:
    """What the process does until it is killed."""
    worker = Worker(root)
    sender.send(("ready", ("", "", 0)))
    for operation in plan(seed):
        sender.send(("begun", operation))
        worker.do(operation)
        sender.send(("done", operation))


def serve(root: Path, sender: Connection) -> None:
    """The HTTP server on a port that it tells, until it is killed."""
    listening = socket.create_server(("127.0.0.1", 0))
    sender.send(listening.getsockname()[1])
    system = make_system(root, "Nothing is known.")
    system.__dict__["loader"] = load
    app = create_app(system, anonymous=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])
