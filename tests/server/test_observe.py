from __future__ import annotations

import io
import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag_cs.server.logs import configure
from tests.server.serving import QUESTION, Served, served
from tests.server.test_app import wait_for


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("one"), anonymous=False) as one:
        yield one


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("json", "debug", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    for name in ("rag_cs", "uvicorn"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def requests_in(stream: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "request"]


def test_each_request_is_one_line(one: Served, logged: io.StringIO) -> None:
    secret, key = one.system.keys.create("shopper", ["demo"])
    headers = {"Authorization": f"Bearer {secret}", "X-Request-ID": "shop-4711"}
    path = "/v1/stores/demo/ask?note=whispered"
    answer = one.client.post(path, json={"question": QUESTION}, headers=headers)
    assert answer.headers["X-Request-ID"] == "shop-4711"
    (line,) = requests_in(logged)
    assert {
        "request_id": "shop-4711", "method": "POST", "route": "/v1/stores/{store}/ask",
        "status": 200, "store": "demo", "key": key.id, "level": "info",
    }.items() <= line.items()  # fmt: skip
    assert line["milliseconds"] > 0
    for hidden in ("whispered", QUESTION, answer.json()["answer"], secret):
        assert hidden not in logged.getvalue()


def test_a_stream_s_line_comes_when_it_ends(one: Served, logged: io.StringIO) -> None:
    body = {"question": QUESTION, "stream": True}
    told = one.client.post("/v1/stores/demo/ask", json=body, headers=one.key("shopper"))
    (line,) = requests_in(logged)
    assert line["request_id"] == told.headers["X-Request-ID"]


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "ünïcode", 'a"b', "a\tb", "{}"])
def test_an_id_that_isn_t_one_is_replaced(one: Served, given: str) -> None:
    response = one.client.get("/livez", headers={"X-Request-ID": given.encode()})
    assert uuid.UUID(response.headers["X-Request-ID"])


def test_a_refusal_says_its_id_and_who_asked_for_what(one: Served, logged: io.StringIO) -> None:
    refused = one.client.get("/v1/stores/demo/documents", headers=one.key("shopper"))
    assert refused.json()["request_id"] == refused.headers["X-Request-ID"]
    unknown = one.client.get("/v1/stores/a secret name/documents", headers=one.key("admin"))
    assert unknown.status_code == 422
    nobody = one.client.get("/v1/stores", headers={"Authorization": "Bearer rcs_a_b"})
    assert nobody.status_code == 401
    assert [line["status"] for line in requests_in(logged)] == [403, 422, 401]
    assert "secret" not in logged.getvalue()
    assert "rcs_a_b" not in logged.getvalue()


def test_what_machines_ask_all_the_time_is_for_debugging(one: Served, logged: io.StringIO) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        one.client.get(path)
    assert {line["level"] for line in requests_in(logged)} == {"debug"}


def test_what_nobody_foresaw_is_logged_and_answered(
    one: Served, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> list[str]:
        raise ZeroDivisionError("the shopper said: 13800138000")

    monkeypatch.setattr(one.system.folders, "names", fails)
    refused = one.client.get("/v1/stores", headers=one.key("admin"))
    assert (refused.status_code, refused.json()["title"]) == (500, "Internal Server Error")
    assert "Traceback" not in refused.text
    assert "13800138000" not in refused.text + logged.getvalue()
    (failure,) = [line for line in map(json.loads, logged.getvalue().splitlines())
                  if line["event"].startswith("request failed")]  # fmt: skip
    assert failure["event"].startswith("request failed: builtins.ZeroDivisionError at ")
    assert " fails" in failure["event"]
    assert failure["request_id"] == refused.headers["X-Request-ID"]
    assert requests_in(logged)[-1]["status"] == 500
    assert 'route="/v1/stores",status="500"' in one.client.get("/metrics").text


def test_a_worker_s_lines_say_for_whom(one: Served, logged: io.StringIO, tmp_path: Path) -> None:
    secret, key = one.system.keys.create("merchant", ["demo"])
    headers = {"Authorization": f"Bearer {secret}"}
    file = {"file": ("secret name.md", b"# A\n\nWords nobody may read.")}
    job = one.client.post("/v1/stores/demo/documents", files=file, headers=headers).json()["id"]
    wait_for(lambda: '"upload"' in logged.getvalue())
    (line,) = [line for line in map(json.loads, logged.getvalue().splitlines())
               if line["event"] == "upload"]  # fmt: skip
    assert (line["job"], line["store"], line["key"]) == (job, "demo", key.id)
    assert line["outcome"] == "added"
    assert "nobody may read" not in logged.getvalue()
    assert "secret name" not in logged.getvalue()


def test_a_method_that_is_none_makes_no_label(one: Served) -> None:
    for number in range(3):
        one.client.request(f"MADE-UP-{number}", "/v1/stores", headers=one.key("admin"))
    text = one.client.get("/metrics").text
    assert "MADE-UP" not in text
    assert 'method="other"' in text
