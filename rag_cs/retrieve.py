"""Queries -> hits: dense and BM25, fused. The one path of `search`, `ask` and evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_cs.errors import InvalidInput
from rag_cs.index.base import ChunkIndex, Filters, Numbers, Scores, Vector
from rag_cs.text import tokenise
from rag_cs.types import Hit

MAX_TOP_K = 100
MAX_QUERY_CHARACTERS = 2_000
# Candidates each half offers to the fusion.
CANDIDATES = 50
# Share of the dense half in the fused score. See the log, "Fusion".
DENSE_WEIGHT = 0.6
# A hit is relevant at this cosine (e5 gives unrelated texts 0.70 to 0.80), or with this share
# of the query's terms.
MIN_COSINE = 0.82
MIN_COVERAGE = 0.6


class Retriever:
    """Hybrid retrieval over one store's index. Holds no state of its own."""

    def __init__(self, index: ChunkIndex, embeddings: Embeddings) -> None:
        self._index = index
        self._embeddings = embeddings

    def search(
        self, queries: Sequence[str], top_k: int = 10, filters: Filters | None = None
    ) -> list[Hit]:
        """The `top_k` best hits for any of `queries`, best first: the question, then other ways
        to say it.

        A chunk's score is its best over the queries. Raises InvalidInput for an empty or
        endless query and for a `top_k` outside 1 to 100.
        """
        if not 1 <= top_k <= MAX_TOP_K:
            raise InvalidInput(f"top_k is {top_k}; it must be between 1 and {MAX_TOP_K}.")
        check_query(queries[0])
        best: dict[int, tuple[float, float, float]] = {}
        for query in queries:
            found = self._search_one(query, max(CANDIDATES, top_k), filters)
            for number, fused, cosine, bm25 in found:
                before = best.get(number, (-np.inf, 0.0, 0.0))
                best[number] = max(before, (fused, cosine, bm25))
        ranked = sorted(best, key=lambda number: (-best[number][0], number))[:top_k]
        chunks = self._index.chunks(ranked)
        return [Hit(chunks[number], *best[number]) for number in ranked if number in chunks]

    def _search_one(
        self, query: str, limit: int, filters: Filters | None
    ) -> list[tuple[int, float, float, float]]:
        """(number, fused score, cosine, BM25 score) of every candidate of either half."""
        vector = np.asarray(self._embeddings.embed_query(query), np.float32)
        dense = self._index.search_dense(vector, limit, filters)
        lexical = self._index.search_lexical(tokenise(query), limit, filters)
        numbers = np.union1d(dense.numbers, lexical.numbers)
        cosines = self._index.cosines(vector, numbers)
        bm25 = _scores_of(numbers, lexical)
        fused = fuse(cosines, bm25)
        return list(
            zip(numbers.tolist(), fused.tolist(), cosines.tolist(), bm25.tolist(), strict=True)
        )


def check_query(query: str) -> None:
    """Raise InvalidInput unless `query` holds something to search for, at a sane length."""
    if not query.strip():
        raise InvalidInput("The question is empty. Type what you would like to know.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidInput(
            f"The question has {len(query):,} characters; {MAX_QUERY_CHARACTERS:,} is the limit. "
            "Ask about one thing at a time."
        )


def is_relevant(query: str, hits: Sequence[Hit]) -> bool:
    """Whether any hit is near enough to the query to be worth reading at all.

    A guard against questions about something else entirely; whether a passage really answers
    is for the grounding of each sentence to say. See the log, "Relevance".
    """
    terms = set(tokenise(query))
    return bool(terms) and any(
        (hit.dense or 0.0) >= MIN_COSINE
        or len(terms & set(tokenise(hit.chunk.embedded_text))) >= MIN_COVERAGE * len(terms)
        for hit in hits
    )


def fuse(cosines: Vector, bm25: Vector, dense_weight: float = DENSE_WEIGHT) -> Vector:
    """Weighted sum of both halves' scores, each scaled to [0, 1] over the candidates.

    Scores fuse better than ranks here: see the log, "Fusion".
    """
    fused: Vector = dense_weight * _scaled(cosines) + (1 - dense_weight) * _scaled(bm25)
    return fused


def _scaled(scores: Vector) -> Vector:
    if not len(scores):
        return scores
    spread = float(scores.max() - scores.min())
    scaled: Vector = (scores - scores.min()) / spread if spread else np.zeros_like(scores)
    return scaled


def _scores_of(numbers: Numbers, found: Scores) -> Vector:
    """The found score of each number, 0 where a half didn't find it."""
    scores = np.zeros(len(numbers), np.float32)
    scores[np.searchsorted(numbers, found.numbers)] = found.scores
    return scores
