"""Settings -> wired objects. The only file that names concrete classes and reads Settings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rag_cs.answerable import Calibration, Judge, StoreCalibration
from rag_cs.assistant import Assistant
from rag_cs.errors import RagError
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.ingest import Ingester
from rag_cs.isolated import IsolatedLoader
from rag_cs.rerank import CrossEncoderReranker, LateInteraction, SentenceReader, TokenEncoder
from rag_cs.retrieve import Reranker, Retriever, Weights
from rag_cs.settings import Settings
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.folders import StoreFolders
from rag_cs.stores.jobs import JobLedger
from rag_cs.stores.keys import Keys
from rag_cs.weights import default_cache, resolve

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

    from rag_cs.embed import LocalEmbeddings
    from rag_cs.index.base import ChunkIndex


# A store's own calibration, in its folder.
CALIBRATION_NAME = "calibration.json"
# What comes with the package for an embedder, by its name in the catalogue: the answer reader's
# adapter, and the calibration of what it says.
JUDGES = {
    "multilingual-e5-small": ("answer_reader_e5_small.safetensors", "answerable_e5_small.json")
}


@dataclass(frozen=True, slots=True)
class Store:
    """One store, opened: everything that can be done with it."""

    name: str
    index: EmbeddedIndex
    ingester: Ingester
    retriever: Retriever
    conversations: Conversations


class System:
    """The program's parts, each made when it is first needed and then shared.

    Safe to share between threads. `close` lets go of every store and of the models.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.folders = StoreFolders(self.settings.storage.indexes)
        self._stores: dict[str, Store] = {}
        self._lock = Lock()

    @cached_property
    def keys(self) -> Keys:
        """The API keys of this installation."""
        return Keys(self.settings.storage.indexes)

    @cached_property
    def loader(self) -> IsolatedLoader:
        """What reads files, each in a process of its own."""
        return IsolatedLoader()

    @cached_property
    def jobs(self) -> JobLedger:
        """The ledger of uploads."""
        return JobLedger(self.settings.storage.indexes)

    @cached_property
    def embeddings(self) -> LocalEmbeddings:
        """The embedder; fetches its weights on the first run. Raises ModelError."""
        return load_embeddings(self.settings)

    @cached_property
    def chat(self) -> BaseChatModel:
        """The generator; fetches its weights on the first run. Raises ModelError."""
        return load_chat(self.settings)

    def load_models(self) -> None:
        """Load both models now, side by side: each spends much of its time waiting for the disk.
        Raises ModelError."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            chat = pool.submit(lambda: self.chat)
            _ = self.judge
            chat.result()

    def store(self, name: str, *, create: bool = False) -> Store:
        """The store of that name, opened once. Raises NotFound unless `create` is set."""
        embeddings = self.embeddings
        with self._lock:
            is_new = create and name not in self.folders.names()
            folder = self.folders.path(name, create=create)
            if name not in self._stores:
                try:
                    self._stores[name] = self._open(name, folder, embeddings)
                except RagError:
                    if is_new:  # a folder without a database is no store
                        self.folders.delete(name)
                    raise
            return self._stores[name]

    @cached_property
    def reranker(self) -> Reranker | None:
        """What orders the candidates. Raises ModelError for a cross-encoder that can't be had."""
        return load_reranker(self.settings, self.embeddings)

    @cached_property
    def judge(self) -> Judge | None:
        """What says whether passages answer a question. Raises ModelError."""
        return load_judge(self.settings, self.embeddings)

    def _open(self, name: str, folder: Path, embeddings: LocalEmbeddings) -> Store:
        index = EmbeddedIndex(
            folder, dimensions=embeddings.dimensions, embedder=embeddings.fingerprint
        )
        return Store(
            name=name,
            index=index,
            ingester=Ingester(index, embeddings, embeddings.count_tokens, self.loader),
            retriever=make_retriever(self.settings, index, embeddings, self.reranker),
            conversations=Conversations(index.engine),
        )

    def assistant(self, store: Store) -> Assistant:
        """The assistant of a store."""
        return Assistant(store.retriever, self.embeddings, self.chat, self.judge_of(store.name))

    def judge_of(self, name: str) -> Judge | None:
        """The judge with the store's own calibration, if it was calibrated for the judge that the
        program has now. Raises NotFound."""
        file = self.folders.path(name) / CALIBRATION_NAME
        if self.judge is None or not file.is_file():
            return self.judge
        own = StoreCalibration.load(file)
        fits = own.base == self.judge.calibration.fingerprint
        return self.judge.calibrated(own.calibration) if fits else self.judge

    def delete_store(self, name: str) -> None:
        """Close and remove a store. Raises NotFound."""
        with self._lock:
            opened = self._stores.pop(name, None)
            if opened:
                opened.index.close()
            self.folders.delete(name)

    def elsewhere(self, indexes: Path, chat: BaseChatModel) -> System:
        """The same settings and models over other stores, with another generator. To be closed
        before this one."""
        storage = self.settings.storage.model_copy(update={"indexes": indexes})
        other = System(self.settings.model_copy(update={"storage": storage}))
        shared = ("embeddings", "reranker", "judge", "loader")
        other.__dict__.update({name: getattr(self, name) for name in shared}, chat=chat)
        return other

    def close(self) -> None:
        """Close every store and, if it was loaded, the generator."""
        with self._lock:
            for store in self._stores.values():
                store.index.close()
            self._stores.clear()
        if jobs := self.__dict__.pop("jobs", None):
            jobs.close()
        chat = self.__dict__.pop("chat", None)
        if hasattr(chat, "close"):
            chat.close()


def models_folder(settings: Settings) -> Path:
    """Where fetched models are kept."""
    return settings.storage.models or default_cache()


def load_embeddings(settings: Settings) -> LocalEmbeddings:
    """The embedder that the settings name."""
    from rag_cs.embed import LocalEmbeddings

    folder = resolve(settings.embedding.model, cache=models_folder(settings))
    return LocalEmbeddings(folder, settings.embedding.engine)


def load_reranker(settings: Settings, embeddings: LocalEmbeddings) -> Reranker | None:
    """The reranker that the settings name: of the embedder's own token vectors, or a
    cross-encoder."""
    chosen = settings.retrieval.reranker
    if chosen == "none":
        return None
    if chosen == "late-interaction":
        tells = isinstance(embeddings, TokenEncoder) and embeddings.token_dimensions
        return LateInteraction(embeddings) if tells else None
    from rag_cs.embed import load_cross_encoder

    return CrossEncoderReranker(load_cross_encoder(resolve(chosen, cache=models_folder(settings))))


def load_judge(settings: Settings, embeddings: LocalEmbeddings) -> Judge | None:
    """The judge of what passages answer; None for an embedder that it wasn't made for."""
    files = JUDGES.get(embeddings.fingerprint.split("@")[0])
    late = settings.retrieval.reranker == "late-interaction"
    if files is None or not late:  # its signals are those of the default retrieval
        return None
    from rag_cs.models.answer_reader import OpenVINOAnswerReader

    adapter, calibration = (Path(__file__).parent / "models" / name for name in files)
    folder = resolve(settings.embedding.model, cache=models_folder(settings))
    reader = OpenVINOAnswerReader(folder, adapter, embeddings.tokenizer)
    return Judge(
        Calibration.load(calibration),
        settings.answering.max_risk,
        reader,
        SentenceReader(embeddings),
    )


def make_retriever(
    settings: Settings, index: ChunkIndex, embeddings: Embeddings, reranker: Reranker | None
) -> Retriever:
    """The retriever of an index, weighted as the settings say."""
    chosen = settings.retrieval
    weights = Weights(chosen.dense_weight, chosen.lexical_weight, chosen.reranked_weight)
    return Retriever(index, embeddings, reranker, weights, chosen.candidates)


def load_chat(settings: Settings) -> BaseChatModel:
    """The generator that the settings name, here or at an OpenAI-compatible server."""
    from rag_cs.generate import load_chat_model, openai_chat_model

    chosen = settings.generation
    if chosen.base_url:
        key = chosen.api_key.get_secret_value() if chosen.api_key else None
        return openai_chat_model(
            chosen.base_url,
            chosen.model,
            key,
            timeout_seconds=chosen.timeout_seconds,
            max_tokens=chosen.max_tokens,
        )
    folder = resolve(chosen.model, cache=models_folder(settings))
    return load_chat_model(folder, chosen.engine, max_tokens=chosen.max_tokens)
