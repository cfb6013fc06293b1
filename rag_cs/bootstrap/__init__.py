"""Settings -> wired objects. The only file that names concrete classes and reads Settings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rag_cs.answerable import Judge
from rag_cs.assistant import Assistant
from rag_cs.bootstrap.models import (
    is_trained,
    load_chat,
    load_embeddings,
    load_judge,
    load_reranker,
    make_retriever,
)
from rag_cs.calibration import StoreCalibration
from rag_cs.candidates import Candidate, priors
from rag_cs.corrector import Corrector
from rag_cs.crossing import Crossing
from rag_cs.draft import Choice, Drafter
from rag_cs.errors import RagError
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME
from rag_cs.ingest import Ingester
from rag_cs.isolated import IsolatedLoader
from rag_cs.models.catalogue import find
from rag_cs.privacy import Vault
from rag_cs.prompt import ask_about
from rag_cs.readers.builder import Limits
from rag_cs.retrieve import Reranker, Retriever
from rag_cs.settings import Settings
from rag_cs.stores.audit import AuditTrail
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.folders import StoreFolders, check_store_name
from rag_cs.stores.jobs import JobLedger
from rag_cs.stores.keys import Key, Keys
from rag_cs.stores.personal import PersonalData, open_personal
from rag_cs.stores.renaming import finish_renames, rename_store
from rag_cs.text import detect_language

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag_cs.embed import LocalEmbeddings


# A store's own calibration, in its folder.
CALIBRATION_NAME = "calibration.json"


@dataclass(frozen=True, slots=True)
class Store:
    """One store, opened: everything that can be done with it."""

    name: str
    index: EmbeddedIndex
    ingester: Ingester
    corrector: Corrector
    retriever: Retriever
    conversations: Conversations
    personal: PersonalData


class System:
    """The program's parts, each made when it is first needed and then shared.

    Safe to share between threads. `close` lets go of every store and of the models.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.folders = StoreFolders(self.settings.storage.indexes)
        # What the placeholders of conversations stand for.
        self.vault = Vault(60 * self.settings.privacy.restorable_minutes)
        self._stores: dict[str, Store] = {}
        self._inodes: dict[str, int] = {}
        self._lock = Lock()

    @cached_property
    def keys(self) -> Keys:
        """The API keys of this installation."""
        return Keys(self.settings.storage.indexes)

    @cached_property
    def loader(self) -> IsolatedLoader:
        """What reads files, each in a process of its own."""
        return make_loader(self.settings)

    @cached_property
    def jobs(self) -> JobLedger:
        """The ledger of uploads."""
        return JobLedger(self.settings.storage.indexes)

    @cached_property
    def audit(self) -> AuditTrail:
        """Who changed what in which store."""
        return AuditTrail(self.settings.storage.indexes)

    @cached_property
    def embeddings(self) -> LocalEmbeddings:
        """The embedder; fetches its weights on the first run. Raises ModelError."""
        return load_embeddings(self.settings)

    @cached_property
    def chat(self) -> BaseChatModel:
        """The generator; fetches its weights on the first run. Raises ModelError."""
        return load_chat(self.settings)

    @cached_property
    def plain_chat(self) -> BaseChatModel:
        """The generator without what it learned here, for comparison; most are so anyway."""
        entry = find(self.settings.generation.model)
        if not (is_trained(self.settings) and entry):
            return self.chat
        settings = self.settings.model_copy(deep=True)
        settings.generation.model = entry.learned_from
        return load_chat(settings)

    def load_models(self) -> None:
        """Load both models now, side by side: each spends much of its time waiting for the disk.
        What crosses between languages is embedded, too. Raises ModelError."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            chat = pool.submit(lambda: self.chat)
            _ = self.judge
            self.crossing.step("")
            chat.result()

    def store(self, name: str, *, create: bool = False) -> Store:
        """The store of that name, opened once. Raises NotFound unless `create` is set."""
        embeddings = self.embeddings
        with self._lock:
            is_new = create and name not in self.folders.names()
            folder = self.folders.path(name, create=create)
            self._forget_another(name, folder)
            if name not in self._stores:
                try:
                    self._stores[name] = self._open(name, folder, embeddings)
                except RagError:
                    if is_new:  # a folder without a database is no store
                        self.folders.delete(name)
                    raise
                self._inodes[name] = _inode(folder)
            return self._stores[name]

    def make_store(self, name: str) -> Store:
        """A new store. Raises Exists."""
        _ = self.embeddings  # before anything is made
        self.folders.make(name)
        return self.store(name)

    def ensure_store(self, name: str, actor: str) -> Store:
        """The store of that name, made by `actor` if it isn't there."""
        if check_store_name(name) in self.folders.names():
            return self.store(name)
        _ = self.embeddings
        with self.audit.change(actor, "store.create", name):
            return self.store(name, create=True)

    def _forget_another(self, name: str, folder: Path) -> None:
        """What was opened under a name may have been deleted, renamed or put back by another
        program since: its files are still open, and would go on to answer."""
        if name in self._stores and self._inodes[name] != _inode(folder):
            self._stores.pop(name).index.engine.dispose()

    @cached_property
    def reranker(self) -> Reranker | None:
        """What orders the candidates. Raises ModelError for a cross-encoder that can't be had."""
        return load_reranker(self.settings, self.embeddings)

    @cached_property
    def crossing(self) -> Crossing:
        """What leads from one language to the other among the embedder's vectors."""
        return Crossing(self.embeddings)

    @cached_property
    def judge(self) -> Judge | None:
        """What says whether passages answer a question. Raises ModelError."""
        return load_judge(self.settings, self.embeddings)

    def _open(self, name: str, folder: Path, embeddings: LocalEmbeddings) -> Store:
        index = EmbeddedIndex(
            folder, dimensions=embeddings.dimensions, embedder=embeddings.fingerprint
        )
        ingester = Ingester(
            index,
            embeddings,
            embeddings.count_tokens,
            self.loader,
            self.settings.reading.max_chunks,
        )
        return Store(
            name=name,
            index=index,
            ingester=ingester,
            corrector=Corrector(index, ingester, embeddings.count_tokens),
            retriever=make_retriever(
                self.settings, index, embeddings, self.reranker, self.crossing
            ),
            conversations=Conversations(index.engine),
            personal=PersonalData(index.engine, self.settings.privacy.retention_days),
        )

    def assistant(self, store: Store) -> Assistant:
        """The assistant of a store."""
        return Assistant(
            store.retriever,
            self.embeddings,
            self.chat,
            self.judge_of(store.name),
            trained=is_trained(self.settings),
        )

    def choose(self, question: str, candidates: Sequence[Candidate]) -> Choice:
        """Which of at least one candidate the generator thinks answers, and its log-odds. Only for
        one that `is_trained`, and outside of a running event loop. Raises ModelError and Busy."""
        language = detect_language(question)
        prompts = [ask_about(each, question, language) for each in candidates]
        return asyncio.run(Drafter(self.chat, trained=True).choice(prompts, priors(candidates)))

    def judge_of(self, name: str) -> Judge | None:
        """The judge with the store's own calibration, if it was calibrated for the judge that the
        program has now. Raises NotFound."""
        file = self.folders.path(name) / CALIBRATION_NAME
        if self.judge is None or not file.is_file():
            return self.judge
        own = StoreCalibration.load(file)
        fits = own.base == self.judge.calibration.fingerprint
        return self.judge.calibrated(own.calibration) if fits else self.judge

    def personal(self, name: str) -> AbstractContextManager[PersonalData]:
        """What a store keeps of its shoppers; needs no model. Raises NotFound and IndexDamaged."""
        return open_personal(self.folders.path(name), self.settings.privacy.retention_days)

    def delete_store(self, name: str) -> Sequence[Key]:
        """Close and remove a store and its uploads; the working keys that still name it. Raises
        NotFound."""
        self.jobs.forget_store(check_store_name(name))
        self.vault.forget(name)
        with self._lock:
            self._close(name)
            self.folders.delete(name)
        return self.keys.forget_store(name)

    def elsewhere(self, indexes: Path, chat: BaseChatModel) -> System:
        """The same settings and models over other stores, with another generator, which gives no
        verdict. To be closed before this one."""
        settings = self.settings.model_copy(deep=True)
        settings.storage.indexes = indexes
        entry = find(settings.generation.model)
        settings.generation.model = (entry and entry.learned_from) or settings.generation.model
        other = System(settings)
        judge = self.judge.deaf() if self.judge else None
        shared = ("embeddings", "reranker", "loader")
        other.__dict__.update(
            {name: getattr(self, name) for name in shared}, chat=chat, judge=judge
        )
        return other

    def rename_store(self, name: str, new: str) -> None:
        """Give a store another name; see `renaming.rename_store`."""
        with self._lock:
            self._close(check_store_name(name))
            rename_store(self.folders, self.jobs, self.keys, name, new)

    def finish_renames(self) -> None:
        """Bring to an end what another program began."""
        with self._lock:
            finish_renames(self.folders, self.jobs, self.keys)

    @property
    def open_answers(self) -> int:
        """How many prompts the generator answers or holds waiting; 0 for a model server's."""
        engine = getattr(self.__dict__.get("chat"), "engine", None)
        return int(getattr(engine, "open_requests", 0))

    def _close(self, name: str) -> None:
        if opened := self._stores.pop(name, None):
            opened.index.close()

    def close(self) -> None:
        """Close every store and, if it was loaded, the generator."""
        with self._lock:
            for store in self._stores.values():
                store.index.close()
            self._stores.clear()
        for ledger in ("jobs", "audit"):
            if opened := self.__dict__.pop(ledger, None):
                opened.close()
        for name in ("chat", "plain_chat"):
            chat = self.__dict__.pop(name, None)
            if hasattr(chat, "close"):
                chat.close()


def _inode(folder: Path) -> int:
    """That of a store's database; 0 where there is none. As long as the file is open, no other
    gets its number."""
    try:
        return (folder / DATABASE_NAME).stat().st_ino
    except FileNotFoundError:
        return 0


def make_loader(settings: Settings) -> IsolatedLoader:
    """What reads files, within the settings' limits."""
    chosen = settings.reading
    limits = Limits(
        max_bytes=settings.server.max_upload_bytes,
        max_characters=chosen.max_characters,
        max_pages=chosen.max_pages,
        max_rows=chosen.max_rows,
        max_scanned_pages=chosen.max_scanned_pages,
    )
    return IsolatedLoader(
        base_seconds=chosen.max_seconds, max_memory_bytes=chosen.max_memory_bytes, limits=limits
    )
