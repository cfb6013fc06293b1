"""LlamaIndex: VectorStoreIndex over its own in-memory store; `hybrid`: QueryFusionRetriever of
that and its BM25Retriever; `hybrid rrf`: the same, fused by reciprocal rank.

The fusion's default mode takes the better raw score, and BM25's are greater than any cosine, so
that the default is nearly BM25 alone. It would also have a language model invent more queries;
`num_queries=1` leaves that out. BM25 stems English and takes runs of Chinese characters for
words, which are LlamaIndex's defaults.
"""

from __future__ import annotations

import harness
from llama_index.core import VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from remembered import remember_sentence_transformers


class LlamaIndex:
    """The index, and the retriever over it that the job's variant names."""

    def __init__(self, job: harness.Job) -> None:
        self._job = job
        self._retriever: BaseRetriever
        remember_sentence_transformers(job.vectors)
        query_prompt, passage_prompt = harness.prompts_of(job.model)
        self._embeddings = HuggingFaceEmbedding(
            str(job.model), query_instruction=query_prompt, text_instruction=passage_prompt
        )

    def ingest(self, ids: list[str], texts: list[str]) -> None:
        """Build and save the index; passages go in as nodes, so that none is split."""
        nodes = [TextNode(id_=name, text=text) for name, text in zip(ids, texts, strict=True)]
        index = VectorStoreIndex(nodes, embed_model=self._embeddings)
        index.storage_context.persist(str(self._job.folder))
        self._retriever = index.as_retriever(similarity_top_k=self._job.top_k)
        if self._job.variant != "dense":
            self._retriever = self._fused(index)

    def _fused(self, index: VectorStoreIndex) -> QueryFusionRetriever:
        top_k = self._job.top_k
        bm25 = BM25Retriever.from_defaults(docstore=index.docstore, similarity_top_k=top_k)
        bm25.persist(str(self._job.folder / "bm25"))
        by_rank = self._job.variant == "hybrid rrf"
        return QueryFusionRetriever(
            [self._retriever, bm25],
            llm=MockLLM(),  # never asked; without one an OpenAI client is wanted
            num_queries=1,
            similarity_top_k=top_k,
            mode=FUSION_MODES.RECIPROCAL_RANK if by_rank else FUSION_MODES.SIMPLE,
        )

    def search(self, query: str) -> list[str]:
        """The ids of what the retriever finds."""
        return [found.node.node_id for found in self._retriever.retrieve(query)]


if __name__ == "__main__":
    harness.main(LlamaIndex)
