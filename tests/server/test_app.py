from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from rag_cs.errors import DiskFailed, ModelError
from rag_cs.server.app import create_app
from tests.fakes import ScriptedChatModel
from tests.test_bootstrap import make_system

HERE = "http://127.0.0.1"
FACT = "Unused goods go back within 7 days."
REPLY = f"{FACT} Gold falls from the sky."
QUESTION = "When can unused goods go back?"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    system = make_system(tmp_path / "indexes", REPLY)
    system.store("demo", create=True).ingester.ingest(f"# Returns\n\n{FACT}".encode(), "returns.md")
    app = create_app(system, anonymous=True)
    with TestClient(app, HERE, raise_server_exceptions=False) as client:
        wait_for(lambda: client.get("/readyz").status_code == 200)
        yield client
    system.close()


def wait_for(condition: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def upload(client: TestClient, store: str, name: str, data: bytes, **fields: str) -> dict[str, Any]:
    path = f"/v1/stores/{store}/documents"
    response = client.post(path, files={"file": (name, data)}, data=fields)
    assert response.status_code == 202
    path = response.headers["Location"]
    wait_for(lambda: client.get(path).json()["state"] in ("done", "failed"))
    job: dict[str, Any] = client.get(path).json()
    return job


def test_ask_as_json(client: TestClient) -> None:
    body = client.post("/v1/stores/demo/ask", json={"question": QUESTION}).json()
    assert (body["status"], body["answer"], body["language"]) == ("answered", FACT, "en")
    (citation,) = body["citations"]
    assert citation["quote"] == citation["sentence"] == FACT
    assert {"document_id", "title", "page", "start", "end"} <= set(citation)
    (document,) = client.get("/v1/stores/demo/documents").json()["documents"]
    assert citation["document_sha256"] == document["sha256"]
    assert (citation["version"], citation["effective_from"]) == ("", "")
    path = f"/v1/stores/demo/documents/{citation['document_id']}/spans"
    offsets = {"start": citation["start"], "end": citation["end"]}
    assert client.get(path, params=offsets).json() == {
        "document_id": document["id"], "source": "returns.md", "title": "Returns",
        "sha256": document["sha256"], "version": "", **offsets, "text": FACT,
    }  # fmt: skip


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 2), (0, 45), (10**30, 10**31)])
def test_a_span_outside_its_document_is_refused_with_the_length(
    client: TestClient, start: int, end: int
) -> None:
    (document,) = client.get("/v1/stores/demo/documents").json()["documents"]
    path = f"/v1/stores/demo/documents/{document['id']}/spans"
    refused = client.get(path, params={"start": start, "end": end})
    assert refused.status_code == 422
    assert f"the document has {document['characters']} characters" in refused.json()["detail"]
    whole = client.get(path, params={"start": 0, "end": document["characters"]})
    assert whole.json()["text"].endswith(FACT)


def test_versions_of_a_policy_from_upload_to_answer(client: TestClient) -> None:
    fields = {"effective_until": "2025-12-31", "version": "2025", "policy": "returns"}
    old = b"# Returns once\n\nUnused goods go back within 7 days."
    assert upload(client, "time", "old.md", old, **fields)["state"] == "done"
    new = b"# Returns\n\nUnused goods go back within 30 days."
    fields = {"effective_from": "2026-01-01", "effective_until": "", "policy": "returns"}
    assert upload(client, "time", "new.md", new, **fields)["state"] == "done"
    for day, found in (("2025-06-01", "7 days"), ("2026-01-01", "30 days")):
        request = {"query": "unused goods", "as_of": day}
        (hit,) = client.post("/v1/stores/time/search", json=request).json()["hits"]
        assert found in hit["text"]
    request = {"question": QUESTION, "as_of": "2025-06-01"}
    (citation,) = client.post("/v1/stores/time/ask", json=request).json()["citations"]
    assert (citation["quote"], citation["version"]) == (FACT, "2025")
    assert (citation["effective_from"], citation["effective_until"]) == ("", "2025-12-31")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"effective_from": "1 March"}, "effective_from is '1 March'"),
        ({"effective_until": "2026-02-30"}, "Write it as YYYY-MM-DD"),
        ({"effective_from": "2026-02-02", "effective_until": "2026-01-01"}, "lies before"),
    ],
)
def test_an_upload_with_malformed_dates_is_refused_at_once(
    client: TestClient, fields: dict[str, str], message: str
) -> None:
    path = "/v1/stores/demo/documents"
    response = client.post(path, files={"file": ("a.md", b"words")}, data=fields)
    assert response.status_code == 422
    assert message in response.json()["detail"]


def test_a_malformed_date_in_a_file_fails_its_job(client: TestClient) -> None:
    job = upload(client, "demo", "a.md", b"---\nexpires: never\n---\nWords.")
    assert (job["state"], "expires is 'never'" in job["reason"]) == ("failed", True)


@pytest.mark.parametrize("route", ["ask", "search"])
@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", 20260301, True])
def test_a_malformed_as_of_is_refused(client: TestClient, route: str, day: Any) -> None:
    request = {"question": QUESTION, "query": QUESTION, "as_of": day}
    response = client.post(f"/v1/stores/demo/{route}", json=request)
    assert response.status_code == 422
    assert "as_of" in response.json()["detail"]
    assert "YYYY-MM-DD" in response.json()["detail"]


def test_ask_as_a_stream(client: TestClient) -> None:
    request = {"question": QUESTION, "stream": True}
    response = client.post("/v1/stores/demo/ask", json=request)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [part.split("\n") for part in response.text.strip().split("\n\n")]
    assert [event[0] for event in events] == ["event: sentence", "event: answer"]
    assert json.loads(events[0][1][6:])["citation"]["quote"] == FACT
    assert json.loads(events[1][1][6:])["answer"] == FACT


def test_a_conversation_goes_on_and_belongs_to_its_store(client: TestClient) -> None:
    first = client.post("/v1/stores/demo/ask", json={"question": QUESTION}).json()
    request = {"question": "And after?", "conversation_id": first["conversation_id"]}
    again = client.post("/v1/stores/demo/ask", json=request)
    assert again.json()["conversation_id"] == first["conversation_id"]
    assert upload(client, "other", "x.md", b"other words")["state"] == "done"
    assert client.post("/v1/stores/other/ask", json=request).status_code == 404


def test_search(client: TestClient) -> None:
    request = {"query": "unused goods", "top_k": 5}
    (hit,) = client.post("/v1/stores/demo/search", json=request).json()["hits"]
    assert FACT in hit["text"]
    request = {"query": "unused goods", "filters": {"language": "zh"}}
    assert client.post("/v1/stores/demo/search", json=request).json() == {"hits": []}


def test_a_document_from_upload_to_deletion(client: TestClient) -> None:
    job = upload(client, "新店", "运费.md", "满199元包邮。".encode())
    assert (job["state"], job["chunks_done"], job["chunks_total"]) == ("done", 1, 1)
    assert client.get("/v1/stores").json() == {"stores": ["demo", "新店"]}
    (document,) = client.get("/v1/stores/新店/documents").json()["documents"]
    assert (document["source"], document["language"]) == ("运费.md", "zh")
    path = f"/v1/stores/新店/documents/{document['id']}"
    assert client.get(path).json() == document
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get(path).status_code == 404
    assert client.post("/v1/stores/新店/search", json={"query": "包邮"}).json() == {"hits": []}
    assert client.delete("/v1/stores/新店").status_code == 204
    assert client.get("/v1/stores/新店/documents").status_code == 404


def test_a_file_that_cannot_be_read_fails_with_a_sentence_and_the_next_goes_on(
    client: TestClient,
) -> None:
    job = upload(client, "demo", "a.pdf", b"no PDF")
    assert (job["state"], "holds text, not PDF" in job["reason"]) == ("failed", True)
    assert upload(client, "demo", "b.md", b"fine")["state"] == "done"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/stores/nope/ask", {"question": "x"}, 404),
        ("POST", "/v1/stores/demo/ask", {"question": ""}, 422),
        ("POST", "/v1/stores/demo/ask", {"question": "x" * 50_000}, 422),
        ("POST", "/v1/stores/demo/ask", {"question": "x" * 50_000, "stream": True}, 422),
        ("POST", "/v1/stores/demo/ask", {}, 422),
        ("POST", "/v1/stores/demo/ask", {"question": "x", "conversation_id": "unknown"}, 404),
        ("POST", "/v1/stores/demo/search", {"query": "x", "top_k": 0}, 422),
        ("POST", "/v1/stores/demo/search", {"query": "x", "top_k": -1}, 422),
        ("POST", "/v1/stores/demo/search", {"query": "x", "top_k": 10**9}, 422),
        ("POST", "/v1/stores/..%2Fx/ask", {"question": "x"}, 404),
        ("POST", "/v1/stores/a b/ask", {"question": "x"}, 422),
        ("GET", "/v1/stores/demo/documents/unknown", None, 404),
        ("GET", "/v1/stores/demo/documents/unknown/spans?start=0&end=1", None, 404),
        ("GET", "/v1/stores/demo/documents/unknown/spans", None, 422),
        ("GET", "/v1/stores/demo/documents/unknown/spans?start=a&end=b", None, 422),
        ("GET", "/v1/stores/demo/jobs/unknown", None, 404),
        ("GET", "/nowhere", None, 404),
        ("PUT", "/v1/stores", None, 405),
    ],
)
def test_bad_requests_are_problems(
    client: TestClient, method: str, path: str, body: Any, status: int
) -> None:
    response = client.request(method, path, json=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["detail"]


@pytest.mark.parametrize(
    ("question", "status"),
    [("?", "answered"), ("😀😀", "answered"), ("Что это такое?", "abstained")],
)
def test_odd_questions_are_asked_back_or_honestly_not_answered(
    client: TestClient, question: str, status: str
) -> None:
    body = client.post("/v1/stores/demo/ask", json={"question": question}).json()
    assert (body["status"], body["citations"]) == (status, [])


@pytest.mark.parametrize("name", ["../x.md", "a\\b.md", "x" * 300 + ".md"])
def test_a_hostile_file_name_is_refused(client: TestClient, name: str) -> None:
    response = client.post("/v1/stores/demo/documents", files={"file": (name, b"x")})
    assert response.status_code == 422


def test_a_file_over_the_limit_is_refused(client: TestClient) -> None:
    client.app.state.system.settings.server.max_upload_bytes = 10  # type: ignore[attr-defined]
    response = client.post("/v1/stores/demo/documents", files={"file": ("a.md", b"x" * 11)})
    assert response.status_code == 413


def test_openai_s_clients_are_understood(client: TestClient) -> None:
    assert client.get("/v1/models").json()["data"][0]["id"] == "demo"
    messages = [
        {"role": "system", "content": "Be rude."},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]
    request = {"model": "demo", "messages": messages, "temperature": 1}
    body = client.post("/v1/chat/completions", json=request).json()
    assert body["choices"][0]["message"] == {"role": "assistant", "content": FACT}
    assert body["citations"][0]["quote"] == FACT
    stream = client.post("/v1/chat/completions", json=request | {"stream": True}).text
    assert stream.endswith("data: [DONE]\n\n")
    chunks = [json.loads(line[6:]) for line in stream.split("\n\n")[:-2]]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == FACT
    error = client.post("/v1/chat/completions", json={"model": "nope", "messages": messages})
    assert error.status_code == 404
    assert "no store 'nope'" in error.json()["error"]["message"]


def test_the_page_metrics_and_schema(client: TestClient) -> None:
    page = client.get("/")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/static/app.js").status_code == 200
    client.post("/v1/stores/demo/ask", json={"question": QUESTION})
    metrics = client.get("/metrics").text
    assert 'rag_cs_answers_total{status="answered"} 1.0' in metrics
    assert 'route="/v1/stores/{store}/ask"' in metrics
    schema = client.get("/openapi.json").json()
    assert schema["components"]["schemas"]["AskRequest"]["examples"]


def test_alive_before_ready_and_a_model_that_cannot_be_had_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = make_system(tmp_path)

    def fails() -> None:
        raise ModelError("The disk is full.")

    monkeypatch.setattr(system, "load_models", fails)
    with TestClient(create_app(system, anonymous=True), HERE) as client:
        assert client.get("/livez").status_code == 200
        wait_for(lambda: "disk is full" in client.get("/readyz").json()["detail"])
        assert client.get("/readyz").status_code == 503
        asked = client.post("/v1/stores/demo/ask", json={"question": "x"})
        assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")


class EndlessChatModel(ScriptedChatModel):
    """Never stops talking of its own accord."""

    begun: asyncio.Event = Field(default_factory=asyncio.Event)

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.begun.set()
        try:
            while True:
                await asyncio.sleep(0.01)
                yield ChatGenerationChunk(message=AIMessageChunk(f"{FACT} "))
        finally:
            self.closed.append(True)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_goes_away_stops_its_generation(tmp_path: Path, stream: bool) -> None:
    system = make_system(tmp_path)
    system.__dict__["chat"] = chat = EndlessChatModel(reply="")
    system.store("demo", create=True).ingester.ingest(f"# Returns\n\n{FACT}".encode(), "returns.md")
    app = create_app(system, anonymous=True)
    app.state.models.ready = True
    gone = asyncio.Event()
    body = json.dumps({"question": QUESTION, "stream": stream}).encode()
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        request = next(requests, None)
        if request is None:
            await gone.wait()
            return {"type": "http.disconnect"}
        return request

    async def send(message: Any) -> None:
        await asyncio.sleep(0)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/v1/stores/demo/ask", "raw_path": b"", "query_string": b"", "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "scheme": "http", "server": ("test", 80), "client": ("test", 1),
    }  # fmt: skip
    serving = asyncio.create_task(app(scope, receive, send))
    await asyncio.wait_for(chat.begun.wait(), 20)
    await asyncio.sleep(0.5)
    assert chat.closed == []
    gone.set()
    await asyncio.wait_for(serving, 2)
    assert chat.closed == [True]
    assert isinstance(httpx.__version__, str)


def test_an_upload_survives_a_restart(tmp_path: Path) -> None:
    system = make_system(tmp_path / "indexes")
    job = system.jobs.add("demo", "returns.md", f"# Returns\n\n{FACT}".encode())
    system.jobs.take()  # by a process that ended before it was done
    with TestClient(create_app(system, anonymous=True), HERE) as client:
        path = f"/v1/stores/demo/jobs/{job.id}"
        wait_for(lambda: client.get(path).json()["state"] == "done")
        (document,) = client.get("/v1/stores/demo/documents").json()["documents"]
        assert document["source"] == "returns.md"
    system.close()


def test_a_worker_that_failed_begins_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = client.app.state.jobs.ledger  # type: ignore[attr-defined]
    failures = iter([OSError(28, "No space left on device")])
    take = ledger.take

    def fails_once() -> Any:
        for failure in failures:
            raise failure
        return take()

    monkeypatch.setattr(ledger, "take", fails_once)
    wait_for(lambda: next(failures, None) is None)
    assert upload(client, "demo", "a.md", b"Words.")["state"] == "done"


def test_a_deleted_document_is_gone_from_the_conversation_and_from_what_waits(
    client: TestClient,
) -> None:
    asked = client.post("/v1/stores/demo/ask", json={"question": QUESTION}).json()
    (document,) = client.get("/v1/stores/demo/documents").json()["documents"]
    client.app.state.jobs.stop()  # type: ignore[attr-defined]  # so that what is uploaded waits
    path = "/v1/stores/demo/documents"
    waiting = client.post(path, files={"file": ("returns.md", b"# Returns\n\nBack.")}).json()
    assert client.delete(f"{path}/{document['id']}").status_code == 204
    state = client.get(f"/v1/stores/demo/jobs/{waiting['id']}").json()["state"]
    assert state == "cancelled"
    store = client.app.state.system.store("demo")  # type: ignore[attr-defined]
    history = store.conversations.history(asked["conversation_id"])
    assert [turn.text for turn in history] == [QUESTION]
    again = {"question": QUESTION, "conversation_id": asked["conversation_id"]}
    assert client.post("/v1/stores/demo/ask", json=again).json()["citations"] == []


def test_a_store_that_is_deleted_while_it_is_filled_stays_deleted(client: TestClient) -> None:
    app: Any = client.app
    ingester = app.state.system.store("late", create=True).ingester
    wrapped = ingester._embeddings.embed_documents
    deleted = []

    def deletes(texts: list[str]) -> Any:
        deleted.append(client.delete("/v1/stores/late").status_code)
        return wrapped(texts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingester._embeddings, "embed_documents", deletes)
        path = "/v1/stores/late/documents"
        job = client.post(path, files={"file": ("a.md", b"# A\n\nWords.")}).json()
        wait_for(lambda: deleted)
        wait_for(lambda: not app.state.jobs._left)
    assert deleted == [204]
    assert client.get(f"/v1/stores/late/jobs/{job['id']}").status_code == 404
    assert client.get("/v1/stores").json() == {"stores": ["demo"]}


def test_a_disk_that_was_full_for_a_while_loses_no_upload(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = client.app.state.jobs.ledger  # type: ignore[attr-defined]
    finish, full = ledger.finish, iter([DiskFailed("The disk is full.")] * 2)

    def refused(*given: Any) -> None:
        for error in full:
            raise error
        finish(*given)

    monkeypatch.setattr("rag_cs.server.jobs._PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(ledger, "finish", refused)
    job = upload(client, "demo", "b.md", b"# B\n\nWords.")
    assert (job["state"], job["attempts"]) == ("done", 1)


def test_the_same_upload_with_the_same_key_is_one_job(client: TestClient) -> None:
    path, headers = "/v1/stores/demo/documents", {"Idempotency-Key": "order-66"}
    jobs = [
        client.post(path, files={"file": ("b.md", b"# B\n\nWords.")}, headers=headers).json()["id"]
        for _ in range(3)
    ]
    assert len(set(jobs)) == 1
    other = client.post(path, files={"file": ("b.md", b"# B\n\nMore.")}, headers=headers)
    assert other.status_code == 422
    listed = client.get("/v1/stores/demo/jobs").json()["jobs"]
    assert [job["id"] for job in listed] == jobs[:1]


def test_a_failed_upload_can_be_tried_again(client: TestClient) -> None:
    job = upload(client, "demo", "a.pdf", b"no PDF")
    path = f"/v1/stores/demo/jobs/{job['id']}"
    assert client.post(f"{path}/retry").status_code == 202
    wait_for(lambda: client.get(path).json()["state"] == "failed")
    assert client.delete(path).status_code == 422
