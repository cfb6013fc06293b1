from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.serving import QUESTION, Served, served


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("one")) as one:
        yield one


REQUESTS = [
    ("GET", "/", 200),
    ("GET", "/static/app.js", 200),
    ("GET", "/docs", 200),
    ("GET", "/livez", 200),
    ("GET", "/metrics", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/v1/stores", 200),
    ("GET", "/v1/stores/nope/documents", 404),
    ("POST", "/v1/stores/demo/ask", 200),
    ("PUT", "/v1/stores", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
def test_every_answer_tells_browsers_what_it_may_do(
    one: Served, method: str, path: str, status: int
) -> None:
    body = {"question": QUESTION} if method == "POST" else None
    response = one.client.request(method, path, json=body)
    assert response.status_code == status
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "microphone=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers.get("X-Request-ID")
    assert (headers.get("Cache-Control") == "no-store") == path.startswith("/v1/")


def test_pages_run_their_own_scripts_and_data_none(one: Served) -> None:
    page = one.client.get("/").headers["Content-Security-Policy"]
    assert page.startswith("default-src 'self'; object-src 'none'")
    assert "unsafe" not in page
    data = one.client.get("/v1/stores").headers["Content-Security-Policy"]
    assert data.startswith("default-src 'none'")


def test_405_says_which_methods_there_are(one: Served) -> None:
    assert set(one.client.put("/v1/stores").headers["Allow"].split(", ")) <= {"GET", "POST"}
