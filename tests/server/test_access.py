from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag_cs.server.app import create_app
from tests.builders import make_document
from tests.server.serving import FACT, HERE, QUESTION
from tests.test_bootstrap import make_system

Caller = Callable[..., TestClient]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    system = make_system(tmp_path / "indexes", FACT)
    for name in ("one", "two"):
        document = make_document("returns.md", f"{FACT} Canary of {name}.", title="Returns")
        system.store(name, create=True).ingester.add([document])
    system.settings.server.max_upload_bytes = 10_000
    app = create_app(system)
    app.state.models.ready = True
    with TestClient(app, HERE, raise_server_exceptions=False) as client:
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
    ("POST", "/v1/stores/one/documents/x/corrections", "write"),
    ("GET", "/v1/stores/one/corrections", "read"),
    ("DELETE", "/v1/stores/one/corrections/x", "write"),
    ("POST", "/v1/stores", "write"),
    ("PATCH", "/v1/stores/one", "write"),
    ("GET", "/v1/stores/one/export", "write"),
    ("GET", "/v1/stores/one/origins", "write"),
    ("PUT", "/v1/stores/one/origins", "write"),
    ("GET", "/v1/stores/one/audit", "write"),
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
    bodies: dict[str, Any] = {
        "ask": {"question": QUESTION},
        "search": {"query": "goods"},
        "completions": {"model": "one", "messages": [{"role": "user", "content": QUESTION}]},
        "stores": {"name": "one"},
        "one": {"name": "three"},
        "origins": {"origins": []},
    }
    body = bodies.get(path.rsplit("/", 1)[1]) if method not in ("GET", "DELETE") else None
    return client.request(method, path, json=body, headers=headers).status_code


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
        if path == "/v1/stores/one" and status in (200, 204):
            break  # it is gone, or has another name


def routes_of(client: TestClient) -> set[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return {(m.upper(), p) for p, ms in paths.items() for m in ms if p.startswith("/v1/")}


def test_every_route_below_v1_is_in_this_test(client: TestClient) -> None:
    routes = routes_of(client)
    names = {"one": "{store}", "documents/x": "documents/{document_id}", "jobs/x": "jobs/{job_id}",
             "corrections/x": "corrections/{correction_id}",
             "conversations/x": "conversations/{conversation_id}",
             "subjects/x": "subjects/{subject}"}  # fmt: skip
    tested = set()
    for method, path, _ in ROUTES:
        pattern = path.split("?")[0]
        for name, parameter in names.items():
            pattern = pattern.replace(name, parameter)
        tested.add((method, pattern))
    assert routes - tested == {("GET", "/v1/stores"), ("GET", "/v1/models")}


NAMELESS = ["", " ", "%20", "%00", "..", "*", "null", "undefined", "None"]


def test_no_name_never_means_all_stores(client: TestClient) -> None:
    """Nor any store: on every route, for a key that opens all."""
    headers = bearer(client, "admin")
    routes = [(method, path) for method, path, _ in ROUTES if "/stores/one" in path]
    for name in NAMELESS:
        for method, path in routes:
            nameless = path.replace("/stores/one", f"/stores/{name}")
            status = call(client, method, nameless, headers)
            # A path that isn't there; or the list of stores, which takes no other verb.
            assert status in (307, 404, 405, 422), (method, nameless, status)
    messages = [{"role": "user", "content": QUESTION}]
    for name in ("", " ", "*", "null", None, [], 0):
        made = client.post("/v1/stores", json={"name": name}, headers=headers)
        body = {"model": name, "messages": messages}
        asked = client.post("/v1/chat/completions", json=body, headers=headers)
        assert (made.status_code, asked.status_code) == (422, 422), name
    assert client.get("/v1/stores", headers=headers).json()["stores"] == ["one", "two"]
    for store in ("one", "two"):
        listed = client.get(f"/v1/stores/{store}/documents", headers=headers).json()
        assert [document["source"] for document in listed["documents"]] == ["returns.md"]


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


def test_a_refusal_says_what_to_do(client: TestClient) -> None:
    refused = client.get("/v1/stores")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "rag-cs keys create" in refused.json()["detail"]
    assert "error" in client.get("/v1/models").json()
