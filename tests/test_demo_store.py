"""The demo store end to end on the real models: what `make test` runs after the fast set."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.models
ROOT = Path(__file__).parent.parent


def rag_cs(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rag_cs", *arguments],
        env=environment(folder), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "RAG_CS_STORAGE__INDEXES": str(folder)}


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("indexes")
    done = rag_cs(folder, "ingest", "--store", "demo", "knowledge/demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15 of 15 files are in store 'demo'." in done.stdout
    return folder


@pytest.fixture(scope="module")
def server(indexes: Path) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "rag_cs", "serve", "--port", str(port)],
        env=environment(indexes), cwd=ROOT,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_until_ready(client, process)
            yield client
    finally:
        process.terminate()
        assert process.wait(30) in (0, -signal.SIGTERM)  # uvicorn passes the signal on


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError("the server never got ready")


def ask(server: httpx.Client, question: str) -> dict[str, Any]:
    response = server.post("/v1/stores/demo/ask", json={"question": question})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("买了不满意，几天之内可以退货？", "zh", "7天"),
        ("水壶怎么除水垢", "zh", "20克柠檬酸"),
        ("国庆节发货吗", "zh", "10月1日"),
        ("How much does standard shipping cost?", "en", "¥12"),
        ("How many brightness levels does the desk lamp have?", "en", "five brightness levels"),
    ],
)
def test_a_question_is_answered_with_a_verbatim_quote(
    server: httpx.Client, question: str, language: str, expected: str
) -> None:
    body = ask(server, question)
    assert (body["status"], body["language"]) == ("answered", language)
    assert expected.lower() in body["answer"].lower()
    for citation in body["citations"]:
        request = {
            "query": question, "top_k": 20, "filters": {"document_id": citation["document_id"]},
        }  # fmt: skip
        hits = server.post("/v1/stores/demo/search", json=request).json()["hits"]
        (hit,) = [hit for hit in hits if hit["chunk_id"] == citation["chunk_id"]]
        start, end = citation["start"] - hit["start"], citation["end"] - hit["start"]
        assert hit["text"][start:end] == citation["quote"]


@pytest.mark.parametrize("question", ["Is there a student discount?", "可以分期付款吗"])
def test_what_the_store_does_not_say_is_not_said(server: httpx.Client, question: str) -> None:
    body = ask(server, question)
    assert (body["status"], body["citations"]) == ("abstained", [])


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("SP-3002", "备件价目"), ("hk170/s", "products"), ("AQ-300/B error E3", "AQ-300/B"),
        ("恒温壶首次使用", "HK-170"), ("birthday voucher for gold members 金灯", "会员制度"),
    ],
)  # fmt: skip
def test_passages_are_found_by_code_by_scan_and_across_languages(
    server: httpx.Client, query: str, source: str
) -> None:
    request = {"query": query, "top_k": 5}
    hits = server.post("/v1/stores/demo/search", json=request).json()["hits"]
    assert any(hit["title"].startswith(source) for hit in hits)


@pytest.mark.parametrize(
    ("day", "months", "sources"),
    [
        ("2025-06-01", "12个月", 1),
        ("2026-06-01", "36个月", 1),
        (None, "36个月", 1),
        ("2024-06-01", "", 0),
    ],
)
def test_of_the_gift_card_rules_the_version_of_the_day_is_found(
    server: httpx.Client, day: str | None, months: str, sources: int
) -> None:
    request = {"query": "礼品卡的有效期是多久", "top_k": 10, "as_of": day}
    hits = server.post("/v1/stores/demo/search", json=request).json()["hits"]
    texts = [hit["text"] for hit in hits if hit["title"] == "礼品卡使用规则"]
    assert len({hit["document_id"] for hit in hits if hit["text"] in texts}) == sources
    assert all("个月内有效" not in text or months in text for text in texts)
    assert not sources or any(months in text for text in texts)


def test_both_sides_of_the_contradiction_are_found(server: httpx.Client) -> None:
    request = {"query": "How long does a parcel wait in a parcel locker?", "top_k": 5}
    hits = server.post("/v1/stores/demo/search", json=request).json()["hits"]
    for days in ("3 days", "5 days"):
        assert any(f"parcel locker for {days}" in hit["text"] for hit in hits)


def test_a_scanned_page_s_number_reaches_the_hit(server: httpx.Client) -> None:
    request = {"query": "干烧 自动断电", "top_k": 1}
    (hit,) = server.post("/v1/stores/demo/search", json=request).json()["hits"]
    assert hit["page"] == 2


def test_the_command_line_agrees_with_the_server(server: httpx.Client, indexes: Path) -> None:
    question = "积分多久过期"
    done = rag_cs(indexes, "ask", "--store", "demo", question, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == ask(server, question)["answer"]


def test_a_second_ingest_finds_everything_unchanged(indexes: Path) -> None:
    done = rag_cs(indexes, "ingest", "--store", "demo", "knowledge/demo")
    assert done.stdout.count("unchanged") == 15
