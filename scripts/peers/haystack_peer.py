"""Haystack: InMemoryDocumentStore, its BM25 and embedding retrievers, and DocumentJoiner;
`hybrid rrf`: the same, joined by reciprocal rank.

The joiner's default concatenates and sorts by raw score, and BM25's are greater than any cosine,
so that the default is nearly BM25 alone. BM25 takes each Chinese character for a word, which is
Haystack's default.
"""

from __future__ import annotations

from pathlib import Path

import harness
from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import (
    InMemoryBM25Retriever,
    InMemoryEmbeddingRetriever,
)
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from remembered import remember_sentence_transformers

MODES = {"hybrid": "concatenate", "hybrid rrf": "reciprocal_rank_fusion"}


class Haystack:
    """The store and the pipeline that searches it."""

    def __init__(self, job: harness.Job) -> None:
        self._job = job
        remember_sentence_transformers(job.vectors)
        query_prompt, passage_prompt = harness.prompts_of(job.model)
        self._embedder = SentenceTransformersDocumentEmbedder(
            model=str(job.model), prefix=passage_prompt, progress_bar=False
        )
        self._embedder.warm_up()
        self._store = InMemoryDocumentStore()
        self._pipeline = self._searching(query_prompt)

    def _searching(self, prompt: str) -> Pipeline:
        top_k, model = self._job.top_k, str(self._job.model)
        pipeline = Pipeline()
        embedder = SentenceTransformersTextEmbedder(model=model, prefix=prompt, progress_bar=False)
        pipeline.add_component("embedder", embedder)
        pipeline.add_component("dense", InMemoryEmbeddingRetriever(self._store, top_k=top_k))
        pipeline.add_component("bm25", InMemoryBM25Retriever(self._store, top_k=top_k))
        joiner = DocumentJoiner(MODES[self._job.variant], top_k=top_k)
        pipeline.add_component("joiner", joiner)
        pipeline.connect("embedder.embedding", "dense.query_embedding")
        pipeline.connect("dense", "joiner")
        pipeline.connect("bm25", "joiner")
        return pipeline

    def ingest(self, ids: list[str], texts: list[str]) -> None:
        """Embed, store and save the passages."""
        documents = [Document(id=name, content=text) for name, text in zip(ids, texts, strict=True)]
        self._store.write_documents(self._embedder.run(documents)["documents"])
        self._store.save_to_disk(str(Path(self._job.folder) / "store.json"))

    def search(self, query: str) -> list[str]:
        """The ids of what the pipeline finds."""
        found = self._pipeline.run({"embedder": {"text": query}, "bm25": {"query": query}})
        return [document.id for document in found["joiner"]["documents"]]


if __name__ == "__main__":
    harness.main(Haystack)
