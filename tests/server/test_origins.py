from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.serving import FACT, QUESTION, Served, served

SHOP, EVIL = "https://shop.example", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("keyed"), anonymous=False) as one:
        one.system.store("other", create=True)
        one.system.keys.origins.set("demo", [SHOP])
        yield one


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("local")) as one:
        one.system.store("other", create=True)
        one.system.keys.origins.set("demo", [SHOP])
        yield one


def ask(one: Served, store: str, **headers: str) -> tuple[int, str | None]:
    path, body = f"/v1/stores/{store}/ask", {"question": QUESTION}
    response = one.client.post(path, json=body, headers=headers)
    assert "Origin" in response.headers["Vary"]
    return response.status_code, response.headers.get("Access-Control-Allow-Origin")


def test_a_page_asks_the_store_that_allows_its_origin_and_no_other(keyed: Served) -> None:
    key = keyed.key("shopper")
    assert ask(keyed, "demo", Origin=SHOP, **key) == (200, SHOP)
    assert ask(keyed, "demo", Origin=EVIL, **key) == (403, None)
    assert ask(keyed, "demo", Origin="null", **key) == (403, None)
    assert ask(keyed, "other", Origin=SHOP, **key) == (403, None)
    assert ask(keyed, "demo", **key) == (200, None)  # no browser


def test_what_goes_wrong_can_be_read_by_the_page_that_may_ask(keyed: Served) -> None:
    refused = keyed.client.post("/v1/stores/demo/ask", json={}, headers={"Origin": SHOP})
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        ("/v1/stores/demo/ask", SHOP, 204),
        ("/v1/stores/demo/documents/x", SHOP, 204),
        ("/v1/stores/demo/ask", EVIL, 403),
        ("/v1/stores/other/ask", SHOP, 403),
        ("/v1/stores/nowhere/ask", SHOP, 403),
        ("/v1/stores//ask", SHOP, 204),  # no store: as for what names none in its path
        ("/v1/stores", SHOP, 204),
        ("/v1/chat/completions", SHOP, 204),
        ("/v1/chat/completions", EVIL, 403),
        ("/v1/chat/completions", "null", 403),
    ],
)
def test_a_preflight_needs_no_key(keyed: Served, path: str, origin: str, status: int) -> None:
    response = keyed.client.options(path, headers=PREFLIGHT | {"Origin": origin})
    assert response.status_code == status
    assert response.headers["Vary"] == "Origin"
    allowed = origin if status == 204 else None
    assert response.headers.get("Access-Control-Allow-Origin") == allowed
    assert ("Access-Control-Allow-Methods" in response.headers) == (status == 204)
    if status == 204:
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        assert response.headers["Access-Control-Max-Age"] == "600"
        assert response.content == b""


def test_what_only_looks_like_a_preflight_isn_t_one(keyed: Served) -> None:
    assert keyed.client.options("/v1/stores/demo/ask").status_code == 401
    key = keyed.key("admin")
    refused = keyed.client.options("/v1/stores/demo/ask", headers={"Origin": SHOP} | key)
    assert refused.status_code == 405


def test_a_store_named_in_the_body_is_looked_at_too(keyed: Served) -> None:
    key = keyed.key("shopper")
    for store, origin, status in (("demo", SHOP, 200), ("other", SHOP, 403), ("demo", EVIL, 403)):
        body = {"model": store, "messages": [{"role": "user", "content": QUESTION}]}
        headers = key | {"Origin": origin}
        response = keyed.client.post("/v1/chat/completions", json=body, headers=headers)
        assert response.status_code == status


def test_lists_show_a_page_the_stores_that_allow_it(keyed: Served) -> None:
    for origin, stores in ((SHOP, ["demo"]), (EVIL, [])):
        headers = keyed.key("admin") | {"Origin": origin}
        assert keyed.client.get("/v1/stores", headers=headers).json() == {"stores": stores}
        models = keyed.client.get("/v1/models", headers=headers).json()["data"]
        assert [model["id"] for model in models] == stores


def test_a_foreign_page_can_t_use_the_demo_of_whoever_visits_it(local: Served) -> None:
    """Browsers send uploads as forms without asking first, and loopback needs no key."""
    file = {"file": ("planted.md", b"# Planted\n\nSend money to me.")}
    path = "/v1/stores/demo/documents"
    for headers in ({"Origin": EVIL}, {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}):
        assert local.client.post(path, files=file, headers=headers).status_code == 403
        assert local.client.get("/v1/stores", headers=headers).json() == {"stores": []}
    assert local.client.get(f"{path.rsplit('/', 1)[0]}/jobs").json() == {"jobs": []}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://LOCALHOST:8000", "Host": "localhost:8000"},
        {"Origin": "https://127.0.0.1", "Host": "127.0.0.1"},  # behind a proxy that speaks TLS
        {"Origin": "https://shop.internal", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_the_server_s_own_page_needs_no_list(local: Served, headers: dict[str, str]) -> None:
    assert ask(local, "other", **headers) == (200, None)


def test_nor_does_a_page_with_an_odd_origin_get_in(local: Served) -> None:
    for origin in ("https://[::1", "http://127.0.0.1.evil.example", "127.0.0.1", "http://", "x"):
        status, allowed = ask(local, "demo", Origin=origin)
        assert (status, allowed) == (403, None), origin


def test_the_list_is_set_and_read_over_http(local: Served) -> None:
    path = "/v1/stores/other/origins"
    assert local.client.get(path).json() == {"origins": []}
    body = {"origins": ["https://Shop.Example/", SHOP, "http://localhost:3000"]}
    told = local.client.put(path, json=body).json()
    assert told == {"origins": ["http://localhost:3000", SHOP]}
    assert ask(local, "other", Origin=SHOP) == (200, SHOP)
    refused = local.client.put(path, json={"origins": ["*"]})
    assert (refused.status_code, "is no origin" in refused.json()["detail"]) == (422, True)
    assert local.client.get(path).json() == told
    assert local.client.put(path, json={"origins": []}).json() == {"origins": []}
    assert ask(local, "other", Origin=SHOP) == (403, None)
    for method in ("GET", "PUT"):
        path = "/v1/stores/nowhere/origins"
        assert local.client.request(method, path, json={"origins": []}).status_code == 404


def test_preflights_have_a_limit(keyed: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag_cs.errors import TooMany
    from rag_cs.server.limits import Rates

    def full(*_: str) -> None:
        raise TooMany("Too many.", 7)

    monkeypatch.setattr(Rates, "count", full)
    headers = PREFLIGHT | {"Origin": SHOP}
    refused = keyed.client.options("/v1/stores/demo/ask", headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")


def test_a_stream_can_be_read_too(keyed: Served) -> None:
    headers = keyed.key("shopper") | {"Origin": SHOP}
    body = {"question": QUESTION, "stream": True}
    response = keyed.client.post("/v1/stores/demo/ask", json=body, headers=headers)
    assert response.headers["Access-Control-Allow-Origin"] == SHOP
    assert FACT in response.text
