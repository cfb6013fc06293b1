"""Serves a store on fakes in a process of its own: `python -m tests.server.overloaded FOLDER KIND`.

Prints its port, and ends with its standard input. KIND is the generator: `unhurried` takes half a
second an answer, `endless` never stops of its own accord."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from rag_cs.server.app import create_app
from rag_cs.server.serve import configured
from tests.builders import make_document
from tests.fakes import ScriptedChatModel
from tests.server.serving import FACT
from tests.test_bootstrap import make_system

PLACES = 8


class Unhurried(ScriptedChatModel):
    """As a small generator is."""

    async def _astream(self, *_: Any, **__: Any) -> Any:
        await asyncio.sleep(0.5)
        yield ChatGenerationChunk(message=AIMessageChunk(self.reply))


class Endless(ScriptedChatModel):
    """Writes until it is stopped."""

    async def _astream(self, *_: Any, **__: Any) -> Any:
        while True:
            yield ChatGenerationChunk(message=AIMessageChunk(f"{FACT} "))
            await asyncio.sleep(0.05)


def main(folder: str, kind: str) -> None:
    system = make_system(Path(folder))
    system.__dict__["chat"] = {"unhurried": Unhurried, "endless": Endless}[kind](reply=FACT)
    limits = system.settings.server
    limits.concurrent_answers = PLACES if kind == "unhurried" else 64
    document = make_document("returns.md", FACT, title="Returns")
    system.store("demo", create=True).ingester.add([document])
    app = create_app(system, anonymous=True)
    app.state.models.ready = True
    server = uvicorn.Server(configured(app, limits, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)  # noqa: T201
    sys.stdin.read()
    server.should_exit = True
    thread.join()
    system.close()


@contextmanager
def serving(folder: Path, kind: str) -> Iterator[str]:
    """The address of such a process."""
    command = [sys.executable, "-m", "tests.server.overloaded", str(folder), kind]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
