"""A real server in a process of its own: `python -m tests.promises.server FOLDER`. Over the fakes,
or with `--real` over the default models and the demo store.

It serves on a free port of this machine. The port and a key for everything are its first line of
output; at `/test/state` it shows what it holds: open generations, tasks, descriptors, threads.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from rag_cs.bootstrap import System
from rag_cs.ingest import find_files
from rag_cs.server.app import create_app
from rag_cs.settings import Settings, StorageSettings
from tests.fakes import ScriptedChatModel
from tests.test_bootstrap import make_system

ROOT = Path(__file__).resolve().parents[2]
FACT = "Unused goods go back within 7 days."
QUESTIONS = ("When can unused goods go back?",)
# Those that the generator answers, not a FAQ pair.
REAL_QUESTIONS = (
    "How long is the warranty on the machine?",
    "How much does standard shipping cost?",
    "买了不满意，几天之内可以退货？",
    "发票怎么开？",
)
_READY_SECONDS = 180


class TalkingChatModel(ScriptedChatModel):
    """Says the same sentence again and again, a word at a time, and counts who is listening."""

    sentences: int = 1
    seconds_a_piece: float = 0.0
    open: int = 0
    begun: int = 0

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.open += 1
        self.begun += 1
        try:
            for word in f"{self.reply} ".split(" ") * self.sentences:
                await asyncio.sleep(self.seconds_a_piece)
                yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
        finally:
            self.open -= 1


class Running:
    """A server that is ready, and a client for it."""

    def __init__(
        self, base: str, key: str, process: subprocess.Popen[str], questions: Sequence[str]
    ) -> None:
        self.base = base
        self.questions = questions
        self.headers = {"Authorization": f"Bearer {key}"}
        self.process = process
        self.client = httpx.Client(base_url=base, headers=self.headers, timeout=60)

    def state(self) -> dict[str, int]:
        """What the server holds now."""
        held: dict[str, int] = self.client.get("/test/state").json()
        return held


@contextmanager
def running(
    folder: Path, *, sentences: int = 1, seconds_a_piece: float = 0.0, real: bool = False
) -> Iterator[Running]:
    """A server over a new folder with a store `demo`; ended at the end."""
    command = [sys.executable, "-m", "tests.promises.server", str(folder)]
    command += ["--sentences", str(sentences), "--seconds-a-piece", str(seconds_a_piece)]
    command += ["--real"] if real else []
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port, key = process.stdout.readline().split()
        asked = REAL_QUESTIONS if real else QUESTIONS
        served = Running(f"http://127.0.0.1:{port}", key, process, asked)
        deadline = time.monotonic() + _READY_SECONDS
        while served.client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, "the server never became ready"
            time.sleep(0.05)
        yield served
        served.client.close()
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout:
            process.stdout.close()


def main() -> None:
    """Serve until this process is ended."""
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sentences", type=int, default=1)
    parser.add_argument("--seconds-a-piece", type=float, default=0.0)
    parser.add_argument("--real", action="store_true")
    arguments = parser.parse_args()
    system = real_system(arguments) if arguments.real else fake_system(arguments)
    system.settings.server.requests_per_minute = 10**9
    system.settings.server.failures_per_minute = 10**9
    app = create_app(system)

    @app.get("/test/state", include_in_schema=False)
    async def state() -> dict[str, int]:
        return {
            "open": open_generations(system),
            "begun": getattr(system.chat, "begun", 0),
            "tasks": len(asyncio.all_tasks()),
            "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - on the event loop
            "threads": threading.active_count(),
        }

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2_048)
    secret, _ = system.keys.create("admin")
    print(listening.getsockname()[1], secret, flush=True)  # noqa: T201 - for whoever started it
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listening])
    system.close()


def fake_system(arguments: argparse.Namespace) -> System:
    """One document, and a chat model that talks as long as it is told to."""
    system = make_system(arguments.folder, FACT)
    chat = TalkingChatModel(
        reply=FACT, sentences=arguments.sentences, seconds_a_piece=arguments.seconds_a_piece
    )
    system.__dict__["chat"] = chat  # where the cached property keeps it
    store = system.store("demo", create=True)
    store.ingester.ingest(f"# Returns\n\n{FACT}".encode(), "returns.md")
    return system


def real_system(arguments: argparse.Namespace) -> System:
    """The demo store on the default models."""
    system = System(Settings(storage=StorageSettings(indexes=arguments.folder)))
    store = system.store("demo", create=True)
    for done in store.ingester.ingest_files(find_files([ROOT / "knowledge" / "demo"])):
        assert done.outcome == "added", done.reason
    return system


def open_generations(system: System) -> int:
    """How many answers are being written, or wait to be."""
    chat: Any = system.chat
    return int(chat.open if isinstance(chat, TalkingChatModel) else chat.engine.open_requests)


if __name__ == "__main__":
    main()
