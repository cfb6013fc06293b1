"""What stands around every request, in time: the log's line, metrics, the key, limits, headers.

    python scripts/bench/overhead.py [--requests N] [--json FILE]

Calls the application within this process, without sockets, in turns with its routes alone, and
compares the medians of one run. A search uses the default embedder on the demo store.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from rag_cs.bootstrap import System
from rag_cs.evaluation.reports import figures_table, machine, write_json
from rag_cs.ingest import find_files
from rag_cs.server.access import Caller
from rag_cs.server.app import create_app
from rag_cs.server.doorkeeper import Doorkeeper
from rag_cs.server.logs import configure
from rag_cs.settings import ServerSettings, Settings, StorageSettings
from rag_cs.stores.keys import Key

DEMO = Path(__file__).resolve().parents[2] / "knowledge" / "demo"
SEARCH = json.dumps({"query": "几天之内可以退货？", "top_k": 5}).encode()
CALLS = {
    "list of stores": ("GET", "/v1/stores", b""),
    "search": ("POST", "/v1/stores/demo/search", SEARCH),
}


def main() -> None:
    """Parse arguments, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=300, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    configure("json", "info", io.StringIO())
    with tempfile.TemporaryDirectory(prefix="rag-cs-bench-") as folder:
        figures = asyncio.run(measure(Path(folder), arguments.requests))
    print_table(figures)
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), **figures})


async def measure(folder: Path, requests: int) -> dict[str, Any]:
    """Microseconds of each call, medians: of the routes alone, of the whole for this machine
    itself, and of the whole with a key."""
    limits = ServerSettings(requests_per_minute=10**9)
    system = System(Settings(storage=StorageSettings(indexes=folder), server=limits))
    store = system.store("demo", create=True)
    for _ in store.ingester.ingest_files(find_files([DEMO])):
        pass
    secret, _ = system.keys.create("admin")
    whole = create_app(system, anonymous=True)
    whole.state.models.ready = True
    bare = Bare(whole)
    key = [(b"authorization", f"Bearer {secret}".encode())]
    figures: dict[str, Any] = {}
    for name, (method, path, body) in CALLS.items():
        turns: dict[str, list[float]] = {"alone": [], "here": [], "key": []}
        for _ in range(requests):
            turns["alone"].append(await seconds(bare, method, path, body, []))
            turns["here"].append(await seconds(whole, method, path, body, []))
            turns["key"].append(await seconds(whole, method, path, body, key))
        figures[name] = {turn: 1e6 * statistics.median(took) for turn, took in turns.items()}
    system.close()
    return figures


class Bare:
    """An application's routes without what stands around them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        layer: Any = app.build_middleware_stack()
        while not isinstance(layer, Doorkeeper):
            layer = vars(layer).get("_app") or layer.app
        self._within = vars(layer)["_app"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call what the innermost layer would."""
        key = Key("", "admin", None, "this machine", "")
        scope.update(app=self._app, state={"caller": Caller(key)})
        await self._within(scope, receive, send)


async def seconds(
    app: Any, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]
) -> float:
    """The time of one request, which must succeed."""
    status = 0
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers],
        "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    begun = time.perf_counter()
    await app(scope, receive, send)
    took = time.perf_counter() - begun
    assert status == 200, status
    return took


def print_table(figures: dict[str, Any]) -> None:
    """The figures, and how many times as long the whole takes."""
    rows = []
    for name, took in figures.items():
        rows.append((f"{name}: the routes alone, µs", f"{took['alone']:,.0f}"))
        for turn, label in (("here", "with all around them"), ("key", "and with a key")):
            ratio = took[turn] / took["alone"]
            rows.append((f"  {label}", f"{took[turn]:,.0f}  ({ratio:.2f} times)"))
    print(figures_table("What stands around a request", rows))


if __name__ == "__main__":
    main()
