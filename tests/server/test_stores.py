from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag_cs.stores.backup import restore
from tests.server.serving import FACT, QUESTION, Served, served
from tests.server.test_app import upload, wait_for


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "indexes") as one:
        yield one


def test_a_store_is_made_empty_and_once(one: Served) -> None:
    made = one.client.post("/v1/stores", json={"name": "新店"})
    assert (made.status_code, made.json()) == (201, {"name": "新店"})
    assert one.client.get("/v1/stores/新店/documents").json() == {"documents": []}
    assert one.client.post("/v1/stores/新店/search", json={"query": "x"}).json() == {"hits": []}
    again = one.client.post("/v1/stores", json={"name": "新店"})
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    assert again.headers["content-type"] == "application/problem+json"
    assert upload(one.client, "新店", "a.md", b"Words.")["state"] == "done"


def test_what_can_t_name_a_store_makes_none(one: Served) -> None:
    for body in ({}, {"name": ""}, {"name": "../x"}, {"name": "x" * 65}, [], None):
        assert one.client.post("/v1/stores", json=body).status_code == 422
    assert one.client.get("/v1/stores").json() == {"stores": ["demo"]}


def test_a_renamed_store_goes_on(one: Served) -> None:
    body = {"question": QUESTION}
    talk = one.client.post("/v1/stores/demo/ask", json=body).json()["conversation_id"]
    job = upload(one.client, "demo", "b.md", b"More words.")
    renamed = one.client.patch("/v1/stores/demo", json={"name": "shop"})
    assert (renamed.status_code, renamed.json()) == (200, {"name": "shop"})
    assert one.client.get("/v1/stores").json() == {"stores": ["shop"]}
    assert one.client.post("/v1/stores/demo/ask", json=body).status_code == 404
    again = one.client.post("/v1/stores/shop/ask", json=body | {"conversation_id": talk})
    assert (again.status_code, again.json()["answer"]) == (200, FACT)
    assert one.client.get(f"/v1/stores/shop/jobs/{job['id']}").json()["state"] == "done"
    assert upload(one.client, "shop", "c.md", b"Still more.")["state"] == "done"
    one.client.post("/v1/stores", json={"name": "demo"})
    assert one.client.get("/v1/stores/demo/documents").json() == {"documents": []}


def test_a_name_that_is_taken_or_can_t_be_one_changes_nothing(one: Served) -> None:
    one.client.post("/v1/stores", json={"name": "other"})
    one.system.keys.create("merchant", ["theirs"])
    for name, status in (("other", 409), ("demo", 409), ("theirs", 409), ("a b", 422), ("", 422)):
        assert one.client.patch("/v1/stores/demo", json={"name": name}).status_code == status
    assert one.client.patch("/v1/stores/nope", json={"name": "x"}).status_code == 404
    assert one.client.get("/v1/stores").json() == {"stores": ["demo", "other"]}
    answer = one.client.post("/v1/stores/demo/ask", json={"question": QUESTION})
    assert answer.json()["answer"] == FACT


def test_keys_follow_a_store_to_its_new_name(tmp_path: Path) -> None:
    with served(tmp_path, anonymous=False) as one:
        merchant, shopper = one.key("merchant", ["demo"]), one.key("shopper", ["demo"])
        other = one.key("merchant", ["other"])
        one.system.keys.origins.set("demo", ["https://shop.example"])
        path, body = "/v1/stores/demo", {"name": "shop"}
        assert one.client.patch(path, json=body, headers=other).status_code == 404
        assert one.client.patch(path, json={"name": "other"}, headers=merchant).status_code == 409
        assert one.client.patch(path, json=body, headers=merchant).status_code == 200
        question = {"question": QUESTION}
        for store, status in (("shop", 200), ("demo", 404)):
            path = f"/v1/stores/{store}/ask"
            headers = shopper | {"Origin": "https://shop.example"}
            response = one.client.post(path, json=question, headers=headers)
            assert response.status_code == status
        made = one.client.post("/v1/stores", json={"name": "demo"}, headers=merchant)
        assert made.status_code == 404  # it isn't theirs any more


def test_a_rename_that_was_interrupted_is_finished_at_the_next_start(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        secret, _ = one.system.keys.create("merchant", ["demo"])
    one.system.keys.begin_rename("demo", "shop")
    one.system.folders.rename("demo", "shop")  # and then it was killed
    with served(tmp_path, anonymous=False) as one:
        headers = {"Authorization": f"Bearer {secret}"}
        listed = one.client.get("/v1/stores/shop/documents", headers=headers)
        assert listed.status_code == 200


def test_an_upload_that_waits_lands_in_the_renamed_store(one: Served) -> None:
    """And while one is being read, the store keeps its name."""
    begun, go_on = threading.Event(), threading.Event()
    read = one.system.loader.__call__

    def slow(data: bytes, source: str) -> object:
        begun.set()
        go_on.wait(10)
        return read(data, source)

    store = one.system.store("demo")
    store.ingester._load = slow  # type: ignore[assignment]
    path = "/v1/stores/demo/documents"
    for name in ("a.md", "b.md"):
        one.client.post(path, files={"file": (name, b"Words.")})
    assert begun.wait(10)
    busy = one.client.patch("/v1/stores/demo", json={"name": "shop"})
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    go_on.set()
    jobs = "/v1/stores/demo/jobs"
    wait_for(lambda: all(j["state"] == "done" for j in one.client.get(jobs).json()["jobs"]))
    assert one.client.patch("/v1/stores/demo", json={"name": "shop"}).status_code == 200
    listed = one.client.get("/v1/stores/shop/documents").json()["documents"]
    assert {document["source"] for document in listed} == {"a.md", "b.md", "returns.md"}
    assert one.client.get("/v1/stores").json() == {"stores": ["shop"]}


def test_an_export_is_a_backup(one: Served, tmp_path: Path) -> None:
    response = one.client.get("/v1/stores/demo/export")
    assert response.headers["content-type"] == "application/zip"
    assert 'filename="demo.zip"' in response.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(response.content)).testzip() is None
    file = tmp_path / "demo.zip"
    file.write_bytes(response.content)
    assert restore(one.system.folders, file, "copy") == "copy"
    answer = one.client.post("/v1/stores/copy/ask", json={"question": QUESTION}).json()
    assert answer["answer"] == FACT
    assert list(one.system.folders.root.glob(".export-*")) == []
    assert one.client.get("/v1/stores/nope/export").status_code == 404
    assert list(one.system.folders.root.glob(".export-*")) == []


def test_a_deleted_store_takes_its_uploads_and_origins(one: Served) -> None:
    upload(one.client, "demo", "a.md", b"Words.")
    one.client.put("/v1/stores/demo/origins", json={"origins": ["https://shop.example"]})
    assert one.client.delete("/v1/stores/demo").status_code == 204
    assert one.client.get("/v1/stores/demo/jobs").json() == {"jobs": []}
    one.client.post("/v1/stores", json={"name": "demo"})
    assert one.client.get("/v1/stores/demo/origins").json() == {"origins": []}
