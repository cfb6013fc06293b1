from __future__ import annotations

import logging
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from rag_cs.server import access_log
from rag_cs.server.access_log import private_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/stores/demo/ask", "/v1/stores/demo/ask"),
        ("/v1/stores/demo/documents/x/spans?start=0&end=1", "/v1/stores/demo/documents/x/spans"),
        ("/?q=13812345678", "/"),
        ("/v1/stores/demo/subjects/ann@example.com", "/v1/stores/demo/subjects/…"),
        ("/v1/stores/demo/subjects/a/b?c", "/v1/stores/demo/subjects/…"),
        ("/v1/stores/demo/conversations/0123456789abcdef", "/v1/stores/demo/conversations/…"),
        ("/" + "x" * 60_000, "/" + "x" * 199),
        ("/search/13812345678", "/search/[PHONE_1]"),
        ("/search/%E6%88%91%E5%8F%AB%E5%BC%A0%E4%BC%9F", "/search/我叫[NAME_1]"),
    ],
)
def test_a_path_is_logged_without_what_it_should_not_tell(path: str, shown: str) -> None:
    assert private_path(path) == shown


def test_uvicorn_s_records_are_shortened(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        access_log.install()
    log = logging.getLogger("uvicorn.access")
    assert sum(isinstance(each, access_log.WithoutText) for each in log.filters) == 1
    values: tuple[Any, ...] = ("127.0.0.1:1", "GET", "/v1/x?key=secret", "1.1", 200)
    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        log.info('%s - "%s %s HTTP/%s" %d', *values)
        log.info("another record")
    assert [record.getMessage() for record in caplog.records] == [
        '127.0.0.1:1 - "GET /v1/x HTTP/1.1" 200',
        "another record",
    ]


def test_uvicorn_s_own_configuration_leaves_it_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    access_log.install()
    logs = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.access", "uvicorn.error")]
    for log in logs:  # put back afterwards
        for name in ("handlers", "propagate", "level"):
            monkeypatch.setattr(log, name, getattr(log, name))
    uvicorn.Config(FastAPI())
    assert any(isinstance(each, access_log.WithoutText) for each in logs[1].filters)
