"""Fifty stores at once, and whatever merchants and shoppers do with them, in any order: nobody is
told a word of another store, nor of what is gone from their own.

Every document has a word that stands in no other, and every answer, hit, stream, log line and
export is searched for such words. Questions name foreign words, keys open some stores only, ids of
other stores are tried, and the generator is one that has read everything and says it.

    PROOF_OPERATIONS=10000 pytest -m slow tests/promises/test_isolation.py
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from rag_cs.bootstrap import System
from rag_cs.load import load
from rag_cs.server.app import create_app
from rag_cs.stores.backup import back_up, restore
from tests.fakes import ScriptedChatModel
from tests.promises.counts import count
from tests.promises.wire import Reply, Wire
from tests.test_bootstrap import make_system

log = logging.getLogger(__name__)
STORES = tuple(f"shop{number:02}" for number in range(50))
SOURCES = ("returns.md", "faq.csv", "灯.md")
OPERATIONS = count("OPERATIONS", 400)
STEPS = min(500, OPERATIONS)
QUESTION = "Goods go back within how many days?"
_WORD = re.compile(rb"canary(\d+)q")
done: Counter[str] = Counter()
stores, sources, seeds = st.sampled_from(STORES), st.sampled_from(SOURCES), st.integers(0, 10**6)


class Lines(logging.Handler):
    """Every line that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.exc_info or ''}")


class Shops(RuleBasedStateMachine):
    """The stores and, beside them, what each must hold: by source, the number of its word."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rag-cs-isolation-"))
        shutil.copytree(self.template, self.folder / "indexes")
        self.runner = asyncio.Runner()
        self.number = len(STORES) * len(SOURCES)
        self.held = first()
        self.talks: dict[str, str] = {}
        self.jobs: dict[str, str] = {}
        self.lines = Lines()
        logging.getLogger().addHandler(self.lines)
        self.start()
        secret, _ = self.system.keys.create("admin")
        self.admin = {"authorization": f"Bearer {secret}"}

    def start(self) -> None:
        self.system: System = make_system(self.folder / "indexes")
        chat = ScriptedChatModel(reply="x", piece_characters=40)
        self.system.__dict__.update(loader=load, chat=chat)
        self.system.settings.server.requests_per_minute = 10**9
        self.system.settings.server.failures_per_minute = 10**9
        app = create_app(self.system)
        app.state.models.ready = True
        app.state.jobs.start()
        self.wire = Wire(app)

    def stop(self) -> None:
        self.wire.app.state.jobs.stop()
        self.system.close()

    def teardown(self) -> None:
        self.stop()
        self.runner.close()
        logging.getLogger().removeHandler(self.lines)
        told = [line for line in self.lines.lines if "canary" in line]
        shutil.rmtree(self.folder)
        assert told == []

    # What everybody does

    def call(
        self, method: str, path: str, body: Any = None, key: dict[str, str] | None = None
    ) -> Reply:
        self.wire.log.clear()
        headers = self.admin if key is None else key
        return self.runner.run(self.wire.call(method, path, body, **headers))

    def check(self, what: str, store: str, *replies: Reply) -> None:
        """None may hold a word that the store doesn't hold now."""
        done[what] += 1
        allowed = set(self.held[store].values())
        for reply in replies:
            told = {int(word) for word in _WORD.findall(reply.body)}
            assert told <= allowed, (what, store, told - allowed, reply.body[:2_000])
            assert reply.status < 500, (what, store, reply)

    def leaks(self, seed: int) -> str:
        """What the generator says: the text of some document of some store."""
        number = 1 + seed % self.number
        self.system.chat.reply = said(number)  # type: ignore[attr-defined]
        return f"canary{number}q"

    @rule(store=stores, source=sources)
    def put(self, store: str, source: str) -> None:
        """A first or a new version, over HTTP, through the ledger."""
        self.number += 1
        data = content(source, self.number)
        self.wire.log.clear()
        upload = self.runner.run(self._upload(store, source, data))
        assert upload.status == 202
        job = upload.json()["id"]
        self.runner.run(self._arrives(store, job))
        self.held[store][source] = self.number
        self.jobs[store] = job
        self.check("put", store, self.call("GET", f"/v1/stores/{store}/documents"))

    async def _upload(self, store: str, source: str, data: bytes) -> Reply:
        named = f'Content-Disposition: form-data; name="file"; filename="{source}"'
        body = f"--mark\r\n{named}\r\n\r\n".encode() + data + b"\r\n--mark--\r\n"
        kind = {"content-type": "multipart/form-data; boundary=mark"}
        path = f"/v1/stores/{store}/documents"
        return await self.wire.call("POST", path, body, **kind, **self.admin)

    async def _arrives(self, store: str, job: str) -> None:
        for _ in range(10_000):
            reply = await self.wire.call("GET", f"/v1/stores/{store}/jobs/{job}", **self.admin)
            if reply.json()["state"] not in ("queued", "running"):
                assert reply.json()["state"] == "done"
                return
            await asyncio.sleep(0.002)
        raise AssertionError("it never arrived")

    @rule(store=stores, source=sources)
    def delete(self, store: str, source: str) -> None:
        documents = self.documents(store)
        if source in documents:
            path = f"/v1/stores/{store}/documents/{documents[source]}"
            assert self.call("DELETE", path).status == 204
            del self.held[store][source]
        self.check("delete", store, self.call("GET", f"/v1/stores/{store}/documents"))

    def documents(self, store: str) -> dict[str, str]:
        reply = self.call("GET", f"/v1/stores/{store}/documents")
        assert reply.status == (200 if self.exists(store) else 404)
        listed = reply.json().get("documents", [])
        assert {each["source"] for each in listed} == set(self.held[store])
        return {each["source"]: each["id"] for each in listed}

    def exists(self, store: str) -> bool:
        return store in self.system.folders.names()

    @rule(store=stores, seed=seeds)
    def search(self, store: str, seed: int) -> None:
        body = {"query": f"{QUESTION} {self.leaks(seed)}", "top_k": 100}
        reply = self.call("POST", f"/v1/stores/{store}/search", body)
        self.check("search", store, reply)
        if self.exists(store):
            assert len(reply.json()["hits"]) == len(self.held[store])

    @rule(store=stores, seed=seeds, stream=st.booleans(), foreign=st.booleans())
    def ask(self, store: str, seed: int, stream: bool, foreign: bool) -> None:
        word = self.leaks(seed)
        question = f"{QUESTION} {word}" if foreign else QUESTION
        if not foreign and self.held[store]:  # what the store itself says, so that it is quoted
            number = random.Random(seed).choice(sorted(self.held[store].values()))
            self.system.chat.reply = said(number)  # type: ignore[attr-defined]
        body = {"question": question, "stream": stream}
        if store in self.talks and seed % 3:
            body["conversation_id"] = self.talks[store]
        reply = self.call("POST", f"/v1/stores/{store}/ask", body)
        # What was asked isn't told back.
        self.check("ask, stream" if stream else "ask", store, reply)
        done["ask, answered"] += b'"answered"' in reply.body
        if not stream and reply.status == 200:
            self.talks[store] = reply.json()["conversation_id"]

    @rule(store=stores, seed=seeds, stream=st.booleans())
    def complete(self, store: str, seed: int, stream: bool) -> None:
        word = self.leaks(seed)
        messages = [
            {"role": "user", "content": f"What does {word} say?"},
            {"role": "assistant", "content": self.system.chat.reply},  # type: ignore[attr-defined]
            {"role": "user", "content": QUESTION},
        ]
        body = {"model": store, "messages": messages, "stream": stream}
        self.check("OpenAI", store, self.call("POST", "/v1/chat/completions", body))

    @rule(store=stores, other=stores)
    def try_foreign_ids(self, store: str, other: str) -> None:
        """Documents, jobs and conversations of another store, by their ids."""
        if store == other:
            return
        own = set(self.documents(store).values())
        for document in self.documents(other).values():
            path = f"/v1/stores/{store}/documents/{document}"
            spans = self.call("GET", f"{path}/spans?start=0&end=10")
            # The same file name makes the same id in every store: then it is one's own.
            assert (spans.status == 200) <= (document in own)
            self.check("foreign id", store, spans, self.call("GET", path))
        if other in self.jobs:
            path = f"/v1/stores/{store}/jobs/{self.jobs[other]}"
            assert self.call("GET", path).status == 404
            assert self.call("DELETE", path).status == 404
        if other in self.talks:
            body = {"question": QUESTION, "conversation_id": self.talks[other]}
            assert self.call("POST", f"/v1/stores/{store}/ask", body).status == 404
        done["foreign ids"] += 1

    @rule(scope=st.sets(stores, min_size=1, max_size=5), store=stores, seed=seeds)
    def use_a_key(self, scope: set[str], store: str, seed: int) -> None:
        """A key opens its stores, lists only them, and is worthless once it is revoked."""
        secret, key = self.system.keys.create("merchant", sorted(scope))
        header = {"authorization": f"Bearer {secret}"}
        self.leaks(seed)
        body = {"query": QUESTION}
        reply = self.call("POST", f"/v1/stores/{store}/search", body, header)
        assert reply.status == (200 if store in scope and self.exists(store) else 404)
        self.check("key", store, reply)
        listed = self.call("GET", "/v1/stores", key=header).json()["stores"]
        models = self.call("GET", "/v1/models", key=header).json()["data"]
        there = sorted(scope & set(self.system.folders.names()))
        assert listed == sorted(model["id"] for model in models) == there
        self.system.keys.revoke(key.id)
        assert self.call("GET", "/v1/stores", key=header).status == 401

    @rule(store=stores, name=st.sampled_from(["", "%20", "null", "None", ".", "..", "*", "%00"]))
    def name_no_store(self, store: str, name: str) -> None:
        """No name never means all, nor another."""
        for reply in (
            self.call("POST", f"/v1/stores/{name}/search", {"query": QUESTION}),
            self.call("POST", f"/v1/stores/{name}/ask", {"question": QUESTION}),
            self.call("GET", f"/v1/stores/{name}/documents"),
            self.call("POST", "/v1/chat/completions",
                      {"model": None if name == "null" else name,
                       "messages": [{"role": "user", "content": QUESTION}]}),
        ):  # fmt: skip
            assert 300 <= reply.status < 500, (name, reply)
            assert not _WORD.search(reply.body)
        self.check("no name", store)

    @rule(store=stores, other=stores)
    def back_up_and_restore(self, store: str, other: str) -> None:
        """An export holds its store alone; another store's place takes it."""
        if not self.exists(store):
            return
        file = back_up(self.system.folders, store, self.folder / "out.zip")
        with zipfile.ZipFile(file) as packed:
            content = b"".join(packed.read(name) for name in packed.namelist())
        self.check("export", store, Reply(200, content if not self.erased(store) else b""))
        if not self.exists(other):
            restore(self.system.folders, file, other)
            self.held[other] = dict(self.held[store])
            self.talks.pop(other, None)
        file.unlink()

    def erased(self, store: str) -> bool:
        """A conversation's questions may name what a shopper asked about; they are its own."""
        with self.system.store(store).index.engine.begin() as connection:
            asked = connection.exec_driver_sql(
                "SELECT count(*) FROM conversations WHERE text LIKE '%canary%'"
            ).scalar()
        return bool(asked)

    @rule(store=stores)
    def delete_store(self, store: str) -> None:
        """One in five stays away until something is put there, or a backup comes there."""
        if not self.exists(store) or len(self.system.folders.names()) < 40:
            return
        assert self.call("DELETE", f"/v1/stores/{store}").status == 204
        self.held[store] = {}
        self.talks.pop(store, None)
        self.jobs.pop(store, None)
        self.check("delete store", store, self.call("GET", "/v1/stores"))

    @rule(store=stores, other=stores)
    def rename_store(self, store: str, other: str) -> None:
        """As `rag-cs store rename` does: nobody has it open."""
        if not self.exists(store) or self.exists(other):
            return
        opened = self.system._stores.pop(store, None)
        if opened:
            opened.index.close()
        self.system.folders.rename(store, other)
        for kept in (self.held, self.talks):
            kept.pop(other, None)
            if store in kept:
                kept[other] = kept.pop(store)  # type: ignore[index]
        self.held[store] = {}
        self.jobs.pop(store, None)
        self.check("rename store", other, self.call("GET", f"/v1/stores/{other}/documents"))

    @rule(seed=seeds)
    def restart(self, seed: int) -> None:
        """Now and then."""
        if seed % 10 == 0:
            self.stop()
            self.start()
            done["restart"] += 1


def first() -> dict[str, dict[str, int]]:
    """What the stores hold in the beginning."""
    numbers = itertools.count(1)
    return {name: {source: next(numbers) for source in SOURCES} for name in STORES}


def said(number: int) -> str:
    return f"Goods go back within {number} days, says canary{number}q."


def content(source: str, number: int) -> bytes:
    if source.endswith(".csv"):
        text = f"question,answer\nAnd what of number {number}?,{said(number)}\n"
    else:
        text = f"# Returns\n\n{said(number)} The buyer pays the parcel."
    return text.encode()


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fifty")
    system = make_system(folder)
    system.__dict__["loader"] = load
    for name, held in first().items():
        store = system.store(name, create=True)
        for source, number in held.items():
            store.ingester.ingest(content(source, number), source)
    system.close()
    return folder


@pytest.mark.slow
def test_nobody_is_told_a_word_of_another_store(fifty: Path) -> None:
    done.clear()
    Shops.template = fifty
    chosen = settings(
        max_examples=4,
        stateful_step_count=STEPS,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    # Each run leaves out some of the rules; ten that all leave out the same are no chance.
    rounds = 0
    while done.total() < OPERATIONS or (done["ask, answered"] <= OPERATIONS / 200 and rounds < 10):
        run_state_machine_as_test(Shops, settings=chosen)
        rounds += 1
    log.warning("%s operations: %s", done.total(), dict(sorted(done.items())))
    assert done["ask, answered"] > OPERATIONS / 200
