from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rag_cs.server.app import create_app
from tests.server.test_app import FACT, HERE, QUESTION, wait_for
from tests.test_bootstrap import make_system

Caller = Callable[..., TestClient]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    system = make_system(tmp_path / "indexes", FACT)
    for name in ("one", "two"):
        document = f"# Returns\n\n{FACT} Canary of {name}.".encode()
        system.store(name, create=True).ingester.ingest(document, "returns.md")
    system.settings.server.max_upload_bytes = 10_000
    with TestClient(create_app(system), HERE, raise_server_exceptions=False) as client:
        wait_for(lambda: client.get("/readyz").status_code == 200)
        client.app.state.keys = system.keys  # type: ignore[attr-defined]
        yield client
    system.close()


def bearer(client: TestClient, role: str, stores: list[str] | None = None) -> dict[str, str]:
    secret, _ = client.app.state.keys.create(role, stores)  # type: ignore[attr-defined]
    return {"Authorization": f"Bearer {secret}"}


ROUTES = [
    ("POST", "/v1/stores/one/ask", "ask"),
    ("POST", "/v1/stores/one/search", "ask"),
    ("GET", "/v1/stores/one/documents", "read"),
    ("GET", "/v1/stores/one/documents/x", "read"),
    ("GET", "/v1/stores/one/documents/x/spans?start=0&end=1", "ask"),
    ("POST", "/v1/stores/one/documents", "write"),
    ("GET", "/v1/stores/one/jobs/x", "write"),
    ("GET", "/v1/stores/one/jobs", "write"),
    ("DELETE", "/v1/stores/one/jobs/x", "write"),
    ("POST", "/v1/stores/one/jobs/x/retry", "write"),
    ("DELETE", "/v1/stores/one/documents/x", "write"),
    ("DELETE", "/v1/stores/one", "write"),
    ("GET", "/v1/stores/one/conversations/x", "write"),
    ("DELETE", "/v1/stores/one/conversations/x", "write"),
    ("GET", "/v1/stores/one/subjects/x", "write"),
    ("DELETE", "/v1/stores/one/subjects/x", "write"),
    ("POST", "/v1/chat/completions", "ask"),
]
ROLES = {
    "shopper": {"ask"},
    "evaluator": {"ask", "read"},
    "merchant": {"ask", "read", "write"},
    "admin": {"ask", "read", "write"},
}


def call(client: TestClient, method: str, path: str, headers: dict[str, str]) -> int:
    if path.endswith("/documents") and method == "POST":
        file = {"file": ("a.md", b"# A\n\nWords.")}
        return client.post(path, files=file, headers=headers).status_code
    body = {"question": QUESTION, "query": "goods", "model": "one",
            "messages": [{"role": "user", "content": QUESTION}]}  # fmt: skip
    names = {"ask": ("question",), "search": ("query",), "completions": ("model", "messages")}
    chosen = {name: body[name] for name in names.get(path.rsplit("/", 1)[1], ())}
    return client.request(method, path, json=chosen or None, headers=headers).status_code


@pytest.mark.parametrize(("method", "path", "need"), ROUTES)
def test_every_route_needs_a_key_of_the_right_role_and_scope(
    client: TestClient, method: str, path: str, need: str
) -> None:
    assert call(client, method, path, {}) == 401
    assert call(client, method, path, {"Authorization": "Bearer rcs_0_0"}) == 401
    assert call(client, method, path, bearer(client, "admin", ["two"])) == 404
    for role, may in ROLES.items():
        status = call(client, method, path, bearer(client, role, ["one"]))
        assert (status == 403) == (need not in may), (role, status)
        assert status < 500
        if method == "DELETE" and path == "/v1/stores/one" and status == 204:
            break


def test_every_route_below_v1_is_in_this_test(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    routes = {(m.upper(), p) for p, ms in paths.items() for m in ms if p.startswith("/v1/")}
    names = {"one": "{store}", "documents/x": "documents/{document_id}", "jobs/x": "jobs/{job_id}",
             "conversations/x": "conversations/{conversation_id}",
             "subjects/x": "subjects/{subject}"}  # fmt: skip
    tested = set()
    for method, path, _ in ROUTES:
        pattern = path.split("?")[0]
        for name, parameter in names.items():
            pattern = pattern.replace(name, parameter)
        tested.add((method, pattern))
    assert routes - tested == {("GET", "/v1/stores"), ("GET", "/v1/models")}


def test_lists_show_what_the_key_opens(client: TestClient) -> None:
    headers = bearer(client, "shopper", ["two"])
    assert client.get("/v1/stores").status_code == 401
    assert client.get("/v1/stores", headers=headers).json() == {"stores": ["two"]}
    models = client.get("/v1/models", headers=headers).json()["data"]
    assert [model["id"] for model in models] == ["two"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "shop.example"}, 401),
        ({"X-Forwarded-For": "203.0.113.7"}, 401),
        ({"Forwarded": "for=203.0.113.7"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_without_a_key_only_this_machine_itself_comes_in(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    system = make_system(tmp_path / "indexes")
    with TestClient(create_app(system, anonymous=True), HERE) as client:
        assert client.get("/v1/stores", headers=headers).status_code == status
    system.close()


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client: TestClient) -> None:
    headers = bearer(client, "merchant", ["one"])
    path = "/v1/stores/one/documents"
    big = {"file": ("a.md", b"x" * 2_000_000)}
    assert client.post(path, files=big, headers=headers).status_code == 413
    assert client.post(path, files=big).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 20_000

    streamed = client.post(path, content=endless(), headers=headers)
    assert 400 <= streamed.status_code < 500


def test_nobody_may_ask_without_end(tmp_path: Path) -> None:
    system = make_system(tmp_path / "indexes")
    system.settings.server.requests_per_minute = 3
    one, other = (system.keys.create("admin")[0] for _ in range(2))
    with TestClient(create_app(system), HERE) as client:
        headers = {"Authorization": f"Bearer {one}"}
        statuses = [client.get("/v1/stores", headers=headers).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = client.get("/v1/stores", headers=headers)
        assert int(refused.headers["Retry-After"]) > 0
        assert "3 requests a minute" in refused.json()["detail"]
        again = client.get("/v1/stores", headers={"Authorization": f"Bearer {other}"})
        assert again.status_code == 200
        assert client.get("/livez").status_code == 200
    system.close()


def test_a_refusal_says_what_to_do(client: TestClient) -> None:
    refused = client.get("/v1/stores")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "rag-cs keys create" in refused.json()["detail"]
    assert "error" in client.get("/v1/models").json()
