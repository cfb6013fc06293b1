"""SIGKILL of the HTTP server at random moments: an upload that got its 202 arrives exactly once.

A client uploads and deletes documents of one store, each with an Idempotency-Key. When the server
is killed under a request, the client sends it again to the next server, as a client would.

    PROOF_KILLS=200 pytest -m slow tests/promises/test_kill_server.py
"""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag_cs.index.verify import find_faults
from tests.promises.counts import count
from tests.promises.victim import SOURCES, forks, serve

log = logging.getLogger(__name__)
KILLS = max(2, count("KILLS", 15) // 2)
LONGEST_SECONDS = 1.5
STORE = "/v1/stores/shop"
Request = Callable[[httpx.Client], httpx.Response]


@pytest.mark.slow
def test_an_upload_that_was_taken_arrives_exactly_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "indexes")
    for seed in range(KILLS):
        with server(shop.root) as (process, client):
            shop.catch_up(client)
            chooser = random.Random(seed)
            delay = chooser.uniform(0, LONGEST_SECONDS)
            timer = threading.Timer(delay, os.kill, (process.pid, signal.SIGKILL))
            timer.start()
            shop.is_busy(client, chooser)
            timer.join()
            process.join()
            assert process.exitcode == -signal.SIGKILL
    with server(shop.root) as (process, client):
        shop.catch_up(client)
        os.kill(process.pid, signal.SIGKILL)
    log.warning("%s kills among requests that were answered %s", KILLS, dict(shop.answered))


@contextmanager
def server(root: Path) -> Iterator[tuple[Any, httpx.Client]]:
    context = forks()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(root, sender))
    process.start()
    sender.close()
    url = f"http://127.0.0.1:{receiver.recv()}"
    try:
        with httpx.Client(base_url=url, timeout=20) as client:
            wait_for(lambda: client.get("/readyz").status_code == 200)
            yield process, client
    finally:
        process.kill()
        process.join()


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


class Shop:
    """What a client knows: the documents as they must be, and the request whose answer it lacks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wanted: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.taken: list[str] = []
        self.unanswered: Callable[[httpx.Client], None] | None = None
        self.number = 0
        self.answered: Counter[str] = Counter()

    def is_busy(self, client: httpx.Client, chooser: random.Random) -> None:
        """Until the server is gone."""
        try:
            while True:
                source = chooser.choice(SOURCES)
                if chooser.random() < 0.7 or source not in self.wanted:
                    self.number += 1
                    self.send(client, self.upload(source, self.number))
                else:
                    self.wait(client)
                    self.send(client, self.delete(source))
                client.post(f"{STORE}/search", json={"query": "part"})
        except httpx.TransportError:
            pass

    def send(self, client: httpx.Client, request: Callable[[httpx.Client], None]) -> None:
        self.unanswered = request
        request(client)
        self.unanswered = None

    def upload(self, source: str, number: int) -> Callable[[httpx.Client], None]:
        text = f"# Manual\n\nThis is edition{number}x of {source}."

        def request(client: httpx.Client) -> None:
            reply = client.post(
                f"{STORE}/documents",
                files={"file": (source, text.encode())},
                headers={"Idempotency-Key": str(number)},
            )
            assert reply.status_code == 202
            self.answered["upload"] += 1
            self.taken.append(reply.json()["id"])
            self.wanted[source] = text

        return request

    def delete(self, source: str) -> Callable[[httpx.Client], None]:
        def request(client: httpx.Client) -> None:
            reply = client.delete(f"{STORE}/documents/{self.ids[source]}")
            assert reply.status_code in (204, 404)  # by the server that was killed
            self.answered["delete"] += 1
            self.wanted.pop(source, None)

        return request

    def wait(self, client: httpx.Client) -> None:
        """Until no upload waits, so that there is what is to be deleted."""

        def is_idle() -> bool:
            jobs = client.get(f"{STORE}/jobs").json()["jobs"]
            return all(job["state"] not in ("queued", "running") for job in jobs)

        wait_for(is_idle)
        listed = client.get(f"{STORE}/documents")
        documents = listed.json().get("documents", [])
        self.ids |= {each["source"]: each["id"] for each in documents}

    def catch_up(self, client: httpx.Client) -> None:
        """Ask again what got no answer, let everything arrive, and compare."""
        if self.unanswered:
            self.send(client, self.unanswered)
        self.wait(client)
        listed = client.get(f"{STORE}/documents").json().get("documents", [])
        assert sorted(each["source"] for each in listed) == sorted(self.wanted)
        for each in listed:
            text = self.wanted[each["source"]]
            span = {"start": 0, "end": each["characters"]}
            held = client.get(f"{STORE}/documents/{each['id']}/spans", params=span).json()
            assert held["text"].split("\n")[-1] == text.split("\n")[-1]
            edition = text.split("edition")[1].split("x")[0]
            found = client.post(f"{STORE}/search", json={"query": f"edition{edition}x"}).json()
            holding = [hit for hit in found["hits"] if f"edition{edition}x" in hit["text"]]
            assert [hit["document_id"] for hit in holding] == [each["id"]]
        for job_id in self.taken[-100:]:
            assert client.get(f"{STORE}/jobs/{job_id}").json()["state"] in ("done", "cancelled")
        if (self.root / "shop").is_dir():
            assert find_faults(self.root / "shop") == []
        kept = [path.name for path in (self.root / ".uploads").iterdir()]
        assert len(kept) <= KILLS  # of uploads that were never taken: swept an hour later
