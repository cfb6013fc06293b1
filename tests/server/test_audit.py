from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError

from rag_cs.errors import Busy, Exists, Forbidden, IndexDamaged, InvalidInput, NotFound
from rag_cs.server.audit import ACTIONS, judge
from rag_cs.stores.audit import Change
from tests.server.serving import QUESTION, Served, served
from tests.server.test_access import routes_of
from tests.server.test_app import wait_for


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("one"), anonymous=False) as one:
        yield one


@pytest.fixture
def shop(one: Served) -> str:
    """A store of this test's own."""
    name = f"shop{len(one.system.folders.names())}"
    one.system.store(name, create=True)
    return name


class Merchant:
    """Who holds a key, with its id."""

    def __init__(
        self, one: Served, role: str = "merchant", stores: list[str] | None = None
    ) -> None:
        secret, key = one.system.keys.create(role, stores)
        self._one = one
        self.id = key.id
        self._headers = {"Authorization": f"Bearer {secret}"}

    def call(self, method: str, path: str, **given: Any) -> Any:
        return self._one.client.request(method, path, headers=self._headers, **given)

    def upload(self, store: str, name: str, data: bytes) -> str:
        path = f"/v1/stores/{store}/documents"
        job = self.call("POST", path, files={"file": (name, data)}).headers["Location"]
        wait_for(lambda: self.call("GET", job).json()["state"] in ("done", "failed"))
        return str(job)

    def trail(self, store: str, **query: Any) -> list[tuple[str, str, str, str]]:
        page = self.call("GET", f"/v1/stores/{store}/audit", params=query).json()
        return [
            (entry["actor"], entry["action"], entry["target"], entry["outcome"])
            for entry in page["entries"]
        ]


def test_every_route_that_is_no_reading_is_in_the_table(one: Served) -> None:
    routes = routes_of(one.client)
    assert set(ACTIONS) <= routes
    assert {route for route in routes if route[0] != "GET"} <= set(ACTIONS)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Forbidden("no"), "refused"),
        (NotFound("no"), "refused"),
        (InvalidInput("no"), None),
        (Exists("no"), None),
        (Busy("later"), None),
        (RequestValidationError([]), None),
        (IndexDamaged("oh"), "failed"),
        (ZeroDivisionError(), "done"),  # the trail itself makes it `failed`
        (asyncio.CancelledError(), "unknown"),
    ],
)
def test_what_an_error_makes_of_a_change(error: BaseException, outcome: str | None) -> None:
    change = Change("k1", "store.delete", "shop")
    judge(change, error)
    assert change.outcome == outcome


def test_who_changed_what_is_told(one: Served) -> None:
    ann, bob = Merchant(one), Merchant(one, stores=["myshop", "store"])
    assert ann.call("POST", "/v1/stores", json={"name": "myshop"}).status_code == 201
    bob.upload("myshop", "returns.md", b"# Returns\n\nWithin 7 days.")
    bob.upload("myshop", "returns.md", b"# Returns\n\nWithin 9 days.")
    bob.upload("myshop", "returns.md", b"# Returns\n\nWithin 9 days.")
    failed = ann.upload("myshop", "a.pdf", b"no PDF")
    ann.call("POST", f"{failed}/retry")
    wait_for(lambda: ann.call("GET", failed).json()["state"] == "failed")
    (document,) = bob.call("GET", "/v1/stores/myshop/documents").json()["documents"]
    bob.call("DELETE", f"/v1/stores/myshop/documents/{document['id']}")
    ann.call("PUT", "/v1/stores/myshop/origins", json={"origins": ["https://shop.example"]})
    assert ann.call("GET", "/v1/stores/myshop/export").status_code == 200
    assert bob.call("PATCH", "/v1/stores/myshop", json={"name": "store"}).status_code == 200
    wait_for(lambda: len(ann.trail("store")) >= 11)
    told = ann.trail("store")
    expected = [
        (ann.id, "store.create", "", "done"),
        (bob.id, "document.upload", "returns.md", "done"),
        (bob.id, "document.replace", "returns.md", "done"),
        (bob.id, "document.upload", "returns.md", "unchanged"),
        (ann.id, "document.upload", "a.pdf", "failed"),
        (ann.id, "upload.retry", "a.pdf", "done"),
        (ann.id, "document.upload", "a.pdf", "failed"),
        (bob.id, "document.delete", "returns.md", "done"),
        (ann.id, "store.origins", "https://shop.example", "done"),
        (ann.id, "store.export", "", "done"),
        (bob.id, "store.rename", "store", "done"),
    ]
    assert sorted(told) == sorted(expected)
    order = list(reversed(told))
    assert order[0] == expected[0]
    assert order[-1] == expected[-1]
    assert one.system.audit.verify().fault == ""


def test_attempts_that_were_refused_are_told_and_mistakes_are_not(one: Served, shop: str) -> None:
    shopper, elsewhere = Merchant(one, "shopper"), Merchant(one, stores=["other"])
    ann = Merchant(one)
    assert shopper.call("DELETE", f"/v1/stores/{shop}").status_code == 403
    assert elsewhere.call("DELETE", f"/v1/stores/{shop}").status_code == 404
    assert ann.call("DELETE", f"/v1/stores/{shop}/documents/nope").status_code == 404
    assert ann.call("PATCH", f"/v1/stores/{shop}", json={}).status_code == 422
    assert ann.call("PATCH", f"/v1/stores/{shop}", json={"name": shop}).status_code == 409
    assert ann.call("POST", "/v1/stores", json={"name": "../x"}).status_code == 422
    assert ann.call("DELETE", "/v1/stores/a b").status_code == 422
    assert one.client.delete(f"/v1/stores/{shop}").status_code == 401  # nobody to name
    assert ann.trail(shop) == [
        (ann.id, "document.delete", "nope", "refused"),
        (elsewhere.id, "store.delete", "", "refused"),
        (shopper.id, "store.delete", "", "refused"),
    ]


def test_what_fails_is_told(one: Served, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(one.system, "delete_store", fails)
    ann = Merchant(one)
    assert ann.call("DELETE", f"/v1/stores/{shop}").status_code == 500
    assert ann.trail(shop) == [(ann.id, "store.delete", "", "failed")]


def test_a_deleted_store_s_end_is_kept_for_the_operator(one: Served, shop: str) -> None:
    ann = Merchant(one)
    assert ann.call("DELETE", f"/v1/stores/{shop}").status_code == 204
    assert ann.call("GET", f"/v1/stores/{shop}/audit").status_code == 404
    ann.call("POST", "/v1/stores", json={"name": shop})
    assert ann.trail(shop) == [(ann.id, "store.create", "", "done")]
    kept = [(entry.action, entry.outcome) for entry in one.system.audit.export([shop])]
    assert kept == [("store.delete", "done"), ("store.create", "done")]


def test_pages_of_the_trail(one: Served, shop: str) -> None:
    ann = Merchant(one)
    for number in range(5):
        ann.call("DELETE", f"/v1/stores/{shop}/documents/{number}")
    whole: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = ann.call("GET", f"/v1/stores/{shop}/audit", params=query).json()
        whole += [entry["target"] for entry in page["entries"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert whole == ["4", "3", "2", "1", "0"]
    for wrong in ({"cursor": "x"}, {"limit": 0}, {"limit": 10**9}, {"limit": "many"}):
        status = ann.call("GET", f"/v1/stores/{shop}/audit", params=wrong).status_code
        assert status in (404, 422)
    for role, status in (("shopper", 403), ("evaluator", 403), ("admin", 200)):
        caller = Merchant(one, role)
        assert caller.call("GET", f"/v1/stores/{shop}/audit").status_code == status


def test_the_entry_is_there_before_the_answer_and_holds_no_text(one: Served, shop: str) -> None:
    ann = Merchant(one)
    ann.upload(shop, "a.md", b"# Secret heading\n\nSecret words.")
    ann.call("POST", f"/v1/stores/{shop}/ask", json={"question": QUESTION})
    wait_for(lambda: len(ann.trail(shop)) == 1)
    for number in range(5):
        ann.call(
            "PUT", f"/v1/stores/{shop}/origins", json={"origins": [f"https://s{number}.example"]}
        )
        assert ann.trail(shop, limit=1)[0][2] == f"https://s{number}.example"
    written = json.dumps([str(entry) for entry in one.system.audit.export(None)])
    assert "Secret" not in written
    assert QUESTION not in written


def test_without_a_trail_nothing_is_changed(
    one: Served, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    ann = Merchant(one)
    file = one.system.folders.root / ".audit.sqlite"
    _ = one.system.audit
    blocker = sqlite3.connect(file)
    blocker.execute("ALTER TABLE begun RENAME TO gone")
    blocker.commit()
    refused = ann.call("DELETE", f"/v1/stores/{shop}")
    assert (refused.status_code, "nothing was changed" in refused.json()["detail"]) == (503, True)
    assert shop in ann.call("GET", "/v1/stores").json()["stores"]
    path = f"/v1/stores/{shop}/documents"
    job = ann.call("POST", path, files={"file": ("a.md", b"# A\n\nB.")}).headers["Location"]
    wait_for(lambda: ann.call("GET", job).json()["state"] == "failed")
    assert "nothing was changed" in ann.call("GET", job).json()["reason"]
    blocker.execute("ALTER TABLE gone RENAME TO begun")
    blocker.commit()
    blocker.close()
    assert ann.call("DELETE", f"/v1/stores/{shop}").status_code == 204


def test_the_page_on_this_machine_has_a_name(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        one.client.put("/v1/stores/demo/origins", json={"origins": []})
        (entry,) = one.client.get("/v1/stores/demo/audit").json()["entries"]
        assert entry["actor"] == "this machine"
        assert len(entry["sha256"]) == 64


def test_changes_at_once_make_one_sound_chain(one: Served, shop: str) -> None:
    ann = Merchant(one)
    threads = [
        threading.Thread(target=ann.call, args=("DELETE", f"/v1/stores/{shop}/documents/{number}"))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ann.trail(shop)) == 12
    assert one.system.audit.verify().fault == ""
