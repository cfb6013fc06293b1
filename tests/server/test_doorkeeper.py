from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag_cs.server import doorkeeper
from rag_cs.server.app import create_app
from tests.server.serving import FACT, HERE, QUESTION, Served, served
from tests.test_bootstrap import make_system


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("one"), anonymous=False, max_upload_bytes=10_000) as one:
        yield one


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(one: Served) -> None:
    headers = one.key("merchant", ["demo"])
    path = "/v1/stores/demo/documents"
    big = {"file": ("a.md", b"x" * 2_000_000)}
    refused = one.client.post(path, files=big, headers=headers)
    assert (refused.status_code, "Split it" in refused.json()["detail"]) == (413, True)
    assert one.client.post(path, files=big).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 20_000

    json_body = headers | {"Content-Type": "application/json"}
    for route in ("ask", "documents"):
        streamed = one.client.post(f"/v1/stores/demo/{route}", content=endless(), headers=json_body)
        assert streamed.status_code in (413, 422)
    asked = one.client.post("/v1/stores/demo/ask", content=endless(), headers=json_body)
    assert asked.status_code == 413
    assert asked.headers["Connection"] == "close"


def test_nobody_may_ask_without_end(tmp_path: Path) -> None:
    with served(tmp_path, anonymous=False, requests_per_minute=3) as one:
        headers, other = one.key("admin"), one.key("admin")
        statuses = [one.client.get("/v1/stores", headers=headers).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = one.client.get("/v1/stores", headers=headers)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert "3 requests a minute" in refused.json()["detail"]
        assert one.client.get("/v1/stores", headers=other).status_code == 200
        assert one.client.get("/livez").status_code == 200
        assert 'refusals_total{reason="too_many"} 2.0' in one.client.get("/metrics").text


def test_keys_can_t_be_guessed_without_end(tmp_path: Path) -> None:
    with served(tmp_path, anonymous=True, failures_per_minute=3) as one:
        good = one.key("admin")
        wrong = {"Authorization": "Bearer rcs_0_0"}
        statuses = [one.client.get("/v1/stores", headers=wrong).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        refused = one.client.get("/v1/stores", headers=good)
        assert refused.status_code == 429
        assert "no working key" in refused.json()["detail"]
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        # Whoever sits at the machine itself shows no key.
        assert one.client.get("/v1/stores").status_code == 200


def test_a_shopper_s_visitors_count_by_the_connection_s_address(tmp_path: Path) -> None:
    """Whatever a visitor says of where it comes from: `serve` lets uvicorn believe trusted proxies
    alone."""
    system = make_system(tmp_path)
    system.settings.server.requests_per_minute = 1
    system.store("demo", create=True)
    secret, _ = system.keys.create("shopper", ["demo"])
    app = create_app(system)
    headers = {"Authorization": f"Bearer {secret}"}

    def ask(address: str, says: str) -> int:
        client = TestClient(app, HERE, client=(address, 1))
        told = headers | {"X-Forwarded-For": says}
        return client.get("/v1/stores", headers=told).status_code

    assert ask("203.0.113.1", "198.51.100.1") == 200
    assert ask("203.0.113.1", "198.51.100.2") == 429
    assert ask("203.0.113.2", "198.51.100.1") == 200
    system.close()


async def drive(
    app: Any, parts: list[tuple[float, bytes]], path: str = "/v1/stores/demo/ask"
) -> tuple[int, dict[str, Any]]:
    """Send a body in parts, each after so many seconds, and never end it."""
    sent: list[dict[str, Any]] = []
    waiting = iter(parts)

    async def receive() -> dict[str, Any]:
        delay, part = next(waiting, (60.0, b""))
        await asyncio.sleep(delay)
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": path, "raw_path": b"", "query_string": b"", "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "scheme": "http", "server": ("test", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 10)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(body)


async def test_a_body_that_doesn_t_arrive_is_given_up(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    system.settings.server.body_seconds = 0.1
    app = create_app(system, anonymous=True)
    for parts in ([], [(0.0, b"{")], [(0.03, b"x")] * 9):
        status, problem = await drive(app, parts)
        assert (status, problem["status"]) == (408, 408)
        assert "didn't arrive within 0.1 seconds" in problem["detail"]
    assert app.state.places["requests"].taken == 0
    system.close()


async def test_a_slow_line_that_keeps_sending_has_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper, "SLOWEST", 10)  # so a byte buys a tenth of a second
    system = make_system(tmp_path)
    system.settings.server.body_seconds = 0.1
    system.settings.server.max_upload_bytes = -999_990  # with what a form says: 10 bytes
    app = create_app(system, anonymous=True)
    status, _ = await drive(app, [(0.05, b"xx")] * 9)
    assert status == 413  # it came so far
    system.close()


def test_beyond_capacity_one_is_told_at_once(tmp_path: Path) -> None:
    limits = {"concurrent_answers": 1, "concurrent_searches": 1, "concurrent_requests": 4}
    with served(tmp_path, **limits) as one:
        places = one.client.app.state.places  # type: ignore[attr-defined]
        body = {"question": QUESTION, "query": "goods", "stream": True, "model": "demo",
                "messages": [{"role": "user", "content": QUESTION}]}  # fmt: skip
        for kind, paths in {
            "answers": ["/v1/stores/demo/ask", "/v1/chat/completions"],
            "searches": ["/v1/stores/demo/search"],
            "exports": ["/v1/stores/demo/export"],
        }.items():
            for path in paths:
                method = "GET" if kind == "exports" else "POST"
                with places[kind].place():
                    refused = one.client.request(method, path, json=body)
                    assert refused.status_code == 503, path
                    assert int(refused.headers["Retry-After"]) >= 1
                assert one.client.request(method, path, json=body).status_code == 200
                assert places[kind].taken == 0
        with places["requests"].place(), places["requests"].place(), places["requests"].place():
            assert one.client.get("/v1/stores").status_code == 200
            with places["requests"].place():
                refused = one.client.get("/v1/stores")
                assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
                assert one.client.get("/livez").status_code == 200
        assert 'refusals_total{reason="busy"} 5.0' in one.client.get("/metrics").text


def test_an_answer_is_under_way_until_it_was_streamed_whole(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        app = one.client.app
        seen: list[tuple[int, float]] = []
        chat = one.system.chat
        real = type(chat)._stream

        def watched(self: Any, *arguments: Any, **named: Any) -> Any:
            state = app.state  # type: ignore[attr-defined]
            seen.append((state.places["answers"].taken, state.metrics.streams._value.get()))
            return real(self, *arguments, **named)

        type(chat)._stream = watched  # type: ignore[method-assign]
        try:
            body = {"question": QUESTION, "stream": True}
            told = one.client.post("/v1/stores/demo/ask", json=body).text
        finally:
            type(chat)._stream = real  # type: ignore[method-assign]
        assert FACT in told
        assert seen == [(1, 1.0)]
        assert app.state.places["answers"].taken == 0  # type: ignore[attr-defined]
        assert app.state.metrics.streams._value.get() == 0  # type: ignore[attr-defined]
