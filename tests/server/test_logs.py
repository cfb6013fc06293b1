from __future__ import annotations

import contextvars
import io
import json
import logging
import sqlite3
from collections.abc import Iterator

import pytest

from rag_cs.server.logs import bound, configure

SECRET = "my number is 13800138000"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("json", "info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    for name in ("rag_cs", "uvicorn"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def read(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_the_fields_that_are_bound(lines: io.StringIO) -> None:
    log = logging.getLogger("rag_cs.server.observe")
    with bound(request_id="r1", store="", job="j1"):
        log.info("request", extra={"route": "/v1/stores/{store}/ask", "question": SECRET})
    log.debug("not wanted")
    (line,) = read(lines)
    assert {"event": "request", "request_id": "r1", "job": "j1", "level": "info"}.items() <= (
        line.items()
    )
    assert line["route"] == "/v1/stores/{store}/ask"
    assert line["time"].endswith("Z")
    assert "store" not in line
    assert SECRET not in lines.getvalue()


def test_fields_stay_within_their_context(lines: io.StringIO) -> None:
    log = logging.getLogger("rag_cs.x")

    def other() -> None:
        with bound(request_id="r2"):
            log.info("two")

    with bound(request_id="r1"):
        contextvars.copy_context().run(other)
        log.info("one")
    log.info("none")
    assert [line.get("request_id") for line in read(lines)] == ["r2", "r1", None]


def raise_in_turn() -> None:
    try:
        sqlite3.connect(":memory:").execute(f"SELECT '{SECRET}' FROM nowhere")
    except sqlite3.Error as error:
        raise ValueError(SECRET) from error


def test_an_exception_shows_kinds_and_places_but_no_message(lines: io.StringIO) -> None:
    try:
        raise_in_turn()
    except ValueError:
        logging.getLogger("rag_cs.x").exception("ingesting failed")
    (line,) = read(lines)
    told = line["exception"].splitlines()
    assert told[0] == "builtins.ValueError"
    assert told[2].endswith("in raise_in_turn")
    assert "sqlite3.OperationalError (SQLITE_ERROR)" in told
    assert SECRET not in lines.getvalue()


def test_the_system_s_own_words_are_told(lines: io.StringIO) -> None:
    try:
        raise OSError(28, "No space left on device", SECRET)
    except OSError as error:
        logging.getLogger("rag_cs.x").error("failed", exc_info=error)
    assert "builtins.OSError (No space left on device)" in lines.getvalue()
    assert SECRET not in lines.getvalue()


def test_other_libraries_are_heard_but_not_quoted(lines: io.StringIO) -> None:
    logging.getLogger("openai").debug(SECRET)
    logging.getLogger("openai._base_client").warning("Request: %s", SECRET)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved: {SECRET}")
    assert [line["level"] for line in read(lines)] == ["warning", "error"]
    assert "a message at test_logs.py:" in lines.getvalue()
    assert SECRET not in lines.getvalue()
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "http://127.0.0.1:8000")
    assert "http://127.0.0.1:8000" in lines.getvalue()


def test_a_person_s_format_says_the_same() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("console", "info", stream)
    logging.getLogger("rag_cs.x").info("request", extra={"route": "/livez", "status": 200})
    root.handlers[:] = before
    root.setLevel(level)
    assert "request" in stream.getvalue()
    assert "route=/livez" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
