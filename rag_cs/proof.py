"""What anyone can see for themselves on their own store: that stores are apart, and that what is
deleted is gone.

Everything happens in a scratch folder, on a copy of the store and on stores made for the purpose.
Documents are planted whose words stand nowhere else, and looked for where they must not be. The
generator is replaced by one that says all of them, whatever it is asked: what it says must not get
through. Each step is told with what it found; one that couldn't fail proves nothing, so each first
finds what it will look for again.
"""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from rag_cs.bootstrap import Store, System
from rag_cs.compaction import compact_store
from rag_cs.errors import RagError
from rag_cs.index.traces import Trace, find_traces
from rag_cs.index.verify import find_faults
from rag_cs.stores.backup import back_up, restore
from rag_cs.text import search_terms
from rag_cs.types import Turn

_SOURCE = "rag-cs-proof.csv"
_NEIGHBOURS = ("proof-neighbour-one", "proof-neighbour-two")
_ROUNDS = 10
_NO_NAMES = ("", " ", ".", "..", "*", "../x", "a/b")


@dataclass(frozen=True, slots=True)
class Finding:
    """A step of the proof: what was done and seen, and whether it is as promised."""

    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A planted document: a FAQ pair with a word and a number that stand nowhere else."""

    word: str
    days: int

    @property
    def question(self) -> str:
        """What the pair answers, as a shopper would ask it."""
        return f"What does the {self.word} rule say?"

    @property
    def answer(self) -> str:
        """What only this document says, in both languages."""
        return f"The {self.word} rule holds for {self.days} days. {self.word}规定是{self.days}天。"

    def file(self) -> bytes:
        """The document."""
        return f"question,answer\n{self.question},{self.answer}\n".encode()

    def told(self, *texts: str) -> bool:
        """Whether any of the texts gives it away."""
        return any(self.word in text for text in texts)


class Gossip(BaseChatModel):
    """A generator that tells everything it ever heard, whatever it is asked."""

    heard: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "gossip"

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del messages, stop, run_manager, kwargs
        return ChatResult(
            generations=[ChatGeneration(message=AIMessage(content=" ".join(self.heard)))]
        )

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        del messages, stop, run_manager, kwargs
        for sentence in self.heard:
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{sentence} "))


def prove(system: System, name: str, space: Path) -> Iterator[Finding]:
    """The findings on a store, one after the other; `space` is a folder for what is made, as large
    as twice the store. The store itself is only read. Raises NotFound, IndexDamaged and
    DiskFailed."""
    chat = Gossip()
    scratch = system.elsewhere(space / "stores", chat)
    try:
        restore(scratch.folders, back_up(system.folders, name, space / "copy.zip"), name)
        (space / "copy.zip").unlink()
        faults = find_faults(scratch.folders.path(name))
        store = scratch.store(name)
        yield Finding(
            not faults,
            f"A copy of the store was made from a backup: {len(store.index.documents())} documents "
            f"in {len(store.index)} passages, "
            + (f"{len(faults)} faults." if faults else "sound."),
        )
        yield from _are_apart(scratch, store, chat)
        yield from _is_gone(scratch, store, chat)
    finally:
        scratch.close()


def _are_apart(scratch: System, store: Store, chat: Gossip) -> Iterator[Finding]:
    """Isolation: the copy and two neighbours, each with a secret of its own."""
    shops = [store, *(scratch.store(name, create=True) for name in _NEIGHBOURS)]
    planted = [(shop, _planted(shop, chat)) for shop in shops]
    own = [_ask(scratch, shop, secret) for shop, secret in planted]
    found = [_search(shop, secret) for shop, secret in planted]
    known = all(secret.told(*texts) for (_, secret), texts in zip(planted, own, strict=True))
    seen = all(secret.told(*texts) for (_, secret), texts in zip(planted, found, strict=True))
    yield Finding(
        known and seen,
        "Three stores got a document each that only they have: the copy and two neighbours. Each "
        "finds its own and answers from it.",
    )
    tried = leaked = 0
    for shop, secret in planted:
        for other in shops:
            if other is not shop:
                texts = [*_search(other, secret), *_ask(scratch, other, secret)]
                tried, leaked = tried + 2, leaked + secret.told(*texts)
    yield Finding(
        not leaked,
        f"{tried} searches and questions for another store's document, in its own words, before a "
        f"generator that says them all: {leaked} told a word of it.",
    )
    refused = sum(_is_refused(partial(scratch.store, each)) for each in _NO_NAMES)
    talk = shops[1].conversations.new_id()
    shops[1].conversations.append(talk, [Turn("user", planted[1][1].question)])
    refused += _is_refused(lambda: shops[2].conversations.history(talk))
    yield Finding(
        refused == len(_NO_NAMES) + 1,
        f"{refused} of {len(_NO_NAMES) + 1} tries with no name, odd names, and a neighbour's "
        "conversation were refused.",
    )
    for shop, _ in planted[1:]:
        scratch.delete_store(shop.name)
    store.index.delete(_document(store))


def _is_gone(scratch: System, store: Store, chat: Gossip) -> Iterator[Finding]:
    """Deletion: from searches, answers and conversations at once, from the disk when compacted."""
    others = [record for record in store.index.documents() if record.source != _SOURCE]
    told = 0
    for number in range(_ROUNDS):  # deleted, and replaced by another version
        secret = _planted(store, chat)
        seen = secret.told(*_search(store, secret))
        if number % 2:
            _planted(store, chat)
        else:
            store.index.delete(_document(store))
        told += secret.told(*_search(store, secret), *_ask(scratch, store, secret)) + (not seen)
    yield Finding(
        not told,
        f"{_ROUNDS} documents were planted and found, then deleted or replaced; searched and asked "
        f"for at once, {told} were told of.",
    )
    secret = _planted(store, chat)
    folder = scratch.folders.path(store.name)
    vectors = _vectors_of(store)
    answer = asyncio.run(scratch.assistant(store).answer(secret.question))
    talk = store.conversations.new_id()
    said = [Turn("user", "And the rule?"), Turn("assistant", answer.text)]
    store.conversations.append(talk, said, answer.citations)
    store.index.save()
    before = _traces(folder, secret, vectors)
    yield Finding(
        len({trace.form for trace in before}) > 3 and secret.told(answer.text),
        f"One more was planted, answered from, and kept in a conversation; its bytes are on the "
        f"disk ({_forms(before)}).",
    )
    store.index.delete(_document(store))
    history = [turn.text for turn in store.conversations.history(talk)]
    texts = [*_search(store, secret), *_ask(scratch, store, secret), *history]
    yield Finding(
        not secret.told(*texts),
        "It was deleted: no search, no answer and no conversation tells a word of it.",
    )
    done = compact_store(folder)
    after = _traces(folder, secret, vectors)
    yield Finding(
        not after,
        f"The copy was compacted, from {done.bytes_before / 1e6:,.1f} to "
        f"{done.bytes_after / 1e6:,.1f} MB, and every byte of its files read: "
        + (f"left in {_forms(after)}." if after else "nothing is left of it."),
    )
    kept = [record for record in store.index.documents() if record.source != _SOURCE]
    faults = find_faults(folder)
    yield Finding(
        kept == others and not faults,
        f"The other {len(kept)} documents are there as before, and the copy is "
        + (f"not sound: {faults[0].detail}." if faults else "sound."),
    )


def _planted(store: Store, chat: Gossip) -> Secret:
    """A new secret in a store, in the place of its last one. The generator hears of it."""
    word = "".join(secrets.choice(string.ascii_lowercase) for _ in range(18))
    secret = Secret(f"zq{word}", 10_000 + secrets.randbelow(90_000))
    chat.heard[:] = [*chat.heard[-5:], secret.answer]
    store.ingester.ingest(secret.file(), _SOURCE)
    return secret


def _document(store: Store) -> str:
    return next(each.id for each in store.index.documents() if each.source == _SOURCE)


def _search(store: Store, secret: Secret) -> list[str]:
    """What is found for the secret's words, at any rank."""
    queries = (secret.question, secret.answer, secret.word)
    hits = [hit for query in queries for hit in store.retriever.search([query], 100)]
    return [f"{hit.chunk.embedded_text} {hit.chunk.question}" for hit in hits]


def _ask(scratch: System, store: Store, secret: Secret) -> list[str]:
    """What is answered, without what the question itself says."""
    answer = asyncio.run(scratch.assistant(store).answer(secret.question))
    quotes = [f"{each.quote} {each.title}" for each in answer.citations]
    return [answer.text, *quotes]


def _is_refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except RagError:
        return True
    return False


def _vectors_of(store: Store) -> dict[str, bytes]:
    numbers = store.index.numbers(_document(store))
    vectors = store.index.vectors(numbers)
    codes = store.index.token_codes(numbers)
    held = {f"vector {n}": np.asarray(v, "<f4").tobytes() for n, v in vectors.items()}
    return held | {f"token vectors {number}": code for number, code in codes.items()}


def _traces(folder: Path, secret: Secret, vectors: dict[str, bytes]) -> Sequence[Trace]:
    terms = [term for term in search_terms(secret.word) if len(term) > 8]
    return find_traces(folder, secret.answer, [secret.word, *terms], vectors)


def _forms(traces: Sequence[Trace]) -> str:
    return ", ".join(dict.fromkeys(trace.form.split(" ")[0] for trace in traces))
