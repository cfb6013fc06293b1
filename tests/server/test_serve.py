"""Over real sockets, as `rag-cs serve` does it."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from rag_cs.server.access import Gate
from rag_cs.server.app import create_app
from rag_cs.server.doorkeeper import Doorkeeper
from rag_cs.server.limits import Places, Rates
from rag_cs.server.logs import configure
from rag_cs.server.serve import configured, run
from rag_cs.settings import ServerSettings
from rag_cs.stores.keys import Keys
from tests.builders import make_document
from tests.server.serving import FACT, QUESTION
from tests.test_bootstrap import make_system


@contextmanager
def listening(app: Any, **limits: Any) -> Iterator[int]:
    """The port on which an application is served."""
    server = uvicorn.Server(configured(app, ServerSettings(**limits), "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("json", "info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    for name in ("rag_cs", "uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_every_line_of_a_server_is_json_and_holds_no_query(
    tmp_path: Path, logged: io.StringIO
) -> None:
    system = make_system(tmp_path, FACT)
    document = make_document("returns.md", FACT)
    system.store("demo", create=True).ingester.add([document])
    app = create_app(system, anonymous=True)
    app.state.models.ready = True
    with listening(app) as port:
        address = f"http://127.0.0.1:{port}"
        body = {"question": QUESTION, "stream": True}
        for _ in range(2):
            told = httpx.post(f"{address}/v1/stores/demo/ask?whispered=1", json=body)
            assert FACT in told.text
        assert "server" not in told.headers
        with closing(socket.create_connection(("127.0.0.1", port))) as connection:
            connection.sendall(b"no HTTP at all, but whispered\r\n\r\n")
            assert b"400" in connection.recv(100)
    system.close()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 200]
    assert len({line["request_id"] for line in requests}) == 2
    assert any("running on" in line["event"] for line in lines)
    assert "whispered" not in logged.getvalue()
    assert FACT not in logged.getvalue()


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        address = json.dumps(scope["client"][0]).encode()
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", str(len(address)).encode())]})  # fmt: skip
        await send({"type": "http.response.body", "body": address})


def seconds_until_closed(port: int, first: bytes, then: bytes = b"", pause: float = 0.05) -> float:
    """How long a connection is held that says something, then a little more again and again."""
    start = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.settimeout(pause)
        connection.sendall(first)
        while time.monotonic() - start < 5:
            try:
                if not connection.recv(1000):
                    break
            except TimeoutError:
                try:
                    connection.sendall(then)
                except OSError:
                    break
            except OSError:
                break
    return time.monotonic() - start


def test_a_head_that_doesn_t_come_is_not_waited_for() -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with listening(nothing, head_seconds=0.15) as port:
        assert seconds_until_closed(port, b"") < 3
        assert seconds_until_closed(port, b"GET / HT") < 3
        assert seconds_until_closed(port, b"GET / HTTP/1.1\r\n", then=b"X: y\r\n") < 3
        assert seconds_until_closed(port, request + b"GET / H", then=b"x") < 3
        # One whose head is there has all the time that it needs.
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(3):
                assert client.get("/").status_code == 200
                time.sleep(0.2)


@pytest.mark.parametrize(
    ("trusted", "seen"), [("127.0.0.1", "203.0.113.7"), ("10.0.0.1", "127.0.0.1")]
)
def test_only_a_trusted_proxy_says_where_a_visitor_is(trusted: str, seen: str) -> None:
    with listening(nothing, trusted_proxies=trusted) as port:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        assert httpx.get(f"http://127.0.0.1:{port}", headers=headers).json() == seen


def test_a_port_that_is_taken_is_said(logged: io.StringIO) -> None:
    with listening(nothing) as port, pytest.raises(SystemExit):
        run(configured(nothing, ServerSettings(), "127.0.0.1", port))  # type: ignore[arg-type]
    assert "address already in use" in logged.getvalue()


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 60_000, "more_body": True})


def test_who_doesn_t_read_is_left(tmp_path: Path) -> None:
    gate, places = Gate(Keys(tmp_path), anonymous=True), Places(9, "requests", 1)
    app = Doorkeeper(endless, gate, Rates(9, 9), places, most_bytes=100, body_seconds=0.2)
    with listening(app) as port, closing(socket.socket()) as connection:
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /v1/stores HTTP/1.1\r\nHost: localhost\r\n\r\n")
        end = time.monotonic() + 5
        while places.taken == 0 and time.monotonic() < end:
            time.sleep(0.005)
        while places.taken and time.monotonic() < end:
            time.sleep(0.005)
        assert places.taken == 0
        assert time.monotonic() < end
