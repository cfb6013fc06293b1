"""LangChain: a FAISS vector store; `hybrid`: its EnsembleRetriever of that store and BM25.

BM25 splits at white space, which is LangChain's default and leaves Chinese sentences whole; it
can't be saved, so the disk holds the FAISS store only.
"""

from __future__ import annotations

import harness
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_core.retrievers import BaseRetriever
from langchain_huggingface import HuggingFaceEmbeddings
from remembered import remember_sentence_transformers


class LangChain:
    """The store, and the retriever over it that the job's variant names."""

    def __init__(self, job: harness.Job) -> None:
        self._job = job
        self._retriever: BaseRetriever
        remember_sentence_transformers(job.vectors)
        query_prompt, passage_prompt = harness.prompts_of(job.model)
        self._embeddings = HuggingFaceEmbeddings(
            model_name=str(job.model),
            encode_kwargs={"prompt": passage_prompt},
            query_encode_kwargs={"prompt": query_prompt},
        )

    def ingest(self, ids: list[str], texts: list[str]) -> None:
        """Build and save the store; BM25 reads the texts again."""
        store = FAISS.from_texts(texts, self._embeddings, ids=ids)
        store.save_local(str(self._job.folder))
        self._retriever = store.as_retriever(search_kwargs={"k": self._job.top_k})
        if self._job.variant == "hybrid":
            bm25 = BM25Retriever.from_texts(texts, ids=ids, k=self._job.top_k)
            self._retriever = EnsembleRetriever(retrievers=[bm25, self._retriever])

    def search(self, query: str) -> list[str]:
        """The ids of what the retriever finds."""
        return [str(document.id) for document in self._retriever.invoke(query)]


if __name__ == "__main__":
    harness.main(LangChain)
