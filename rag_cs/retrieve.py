"""Queries -> hits: dense and BM25, fused, then reranked, in both languages. The one path of
`search`, `ask` and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isnan
from typing import Protocol

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from rag_cs.crossing import Crossing, Step
from rag_cs.errors import InvalidInput
from rag_cs.index.base import ChunkIndex, Filters, Matrix, Numbers, Scores, Vector
from rag_cs.stages import stage
from rag_cs.text import has_words, search_terms
from rag_cs.types import Chunk, Citation, Hit

MAX_TOP_K = 100
MAX_QUERY_CHARACTERS = 2_000
# Offered by each half to the fusion and the reranking.
CANDIDATES = 50
# Added to the scores of the best passages in the language that the question isn't in, where the
# store has both: all three scores are lower across languages. Of so many, so that they don't crowd
# the others out. See the log, "Across languages".
OTHER_LANGUAGE = 0.25
MOST_RAISED = 2


@dataclass(frozen=True, slots=True)
class Weights:
    """What each score, scaled to [0, 1] over the candidates, counts. Only ratios matter.

    `reranked` is left out where there is no reranker. See the log, "Late interaction".
    """

    dense: float = 0.3
    lexical: float = 0.15
    reranked: float = 0.55


# Without a reranker. See the log, "Fusion".
TWO_HALVES = Weights(dense=0.6, lexical=0.4, reranked=0.0)


class Reranker(Protocol):
    """Scores candidates of one index; higher is better, the scale is its own."""

    def scores(self, query: str, numbers: Numbers, index: ChunkIndex) -> Vector | None:
        """One score a numbered chunk, shape (len(numbers),); None when it can't tell."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """What both halves found for one wording of the question; `step` leads to the language that it
    isn't in, where that was searched too."""

    query: str
    vector: Vector
    lexical: Scores
    numbers: Numbers
    step: Step | None


def today() -> date:
    """The day it is, in UTC."""
    return datetime.now(UTC).date()


class Retriever:
    """Hybrid retrieval over one store's index. Holds no state of its own."""

    def __init__(
        self,
        index: ChunkIndex,
        embeddings: Embeddings,
        reranker: Reranker | None = None,
        weights: Weights | None = None,
        candidates: int = CANDIDATES,
        clock: Callable[[], date] = today,
        crossing: Crossing | None = None,
    ) -> None:
        self._index = index
        self._embeddings = embeddings
        self._reranker = reranker
        self._weights = weights or Weights()
        self._candidates = candidates
        self._clock = clock
        self._crossing = crossing

    @stage("retrieve")
    def search(
        self,
        queries: Sequence[str],
        top_k: int = 10,
        filters: Filters | None = None,
        as_of: date | None = None,
        *,
        across: bool = True,
    ) -> list[Hit]:
        """The `top_k` best hits, best first, for one question in the wordings `queries`, the
        question itself first, among the documents in force on the day `as_of`: today, if None.
        Without `across`, what another language says is only found where it happens to be near.

        A chunk's score is its mean over the wordings, so that neither a bad rewriting nor a
        question that means little alone decides. Raises InvalidInput for an empty or endless
        query and for a `top_k` outside 1 to 100.
        """
        if not 1 <= top_k <= MAX_TOP_K:
            raise InvalidInput(f"top_k is {top_k}; it must be between 1 and {MAX_TOP_K}.")
        check_query(queries[0])
        limit = max(self._candidates, top_k)
        day = as_of or self._clock()
        found = [self._find(query, limit, filters, day, across) for query in queries]
        numbers = np.unique(np.concatenate([each.numbers for each in found]))
        scores = np.stack([self._score(each, numbers) for each in found])
        fused = scores[:, 0].mean(axis=0)
        dense, lexical, reranked = scores[:, 1:].max(axis=0)
        order = np.lexsort((numbers, -fused))[: 2 * top_k]  # some may be deleted meanwhile
        chunks = self._index.chunks(numbers[order].tolist())
        kept = [each for each in order if numbers[each] in chunks][:top_k]
        rows = np.stack([fused, dense, lexical, reranked])[:, kept].T.tolist()
        return [_hit(chunks[int(numbers[each])], row) for each, row in zip(kept, rows, strict=True)]

    def still_there(self, citation: Citation) -> bool:
        """Whether what is quoted stands in the store, in this version. Fast: to be asked right
        before a quote leaves, since its document may have been deleted since it was found."""
        version = (citation.document_id, citation.document_sha256)
        return bool(self._index.holds({version}))

    def kept(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits whose documents stand in the store, in this version; see `still_there`."""
        held = self._index.holds({(hit.chunk.document_id, hit.chunk.sha256) for hit in hits})
        return [hit for hit in hits if (hit.chunk.document_id, hit.chunk.sha256) in held]

    def _find(
        self, query: str, limit: int, filters: Filters | None, day: date, across: bool
    ) -> _Found:
        vector = np.asarray(self._embeddings.embed_query(query), np.float32)
        dense = self._index.search_dense(vector, limit, filters, day)
        lexical = self._index.search_lexical(search_terms(query), limit, filters, day)
        numbers = np.union1d(dense.numbers, lexical.numbers)
        step = self._step(query, filters) if across else None
        if step:
            found = self._index.search_dense(vector + step.vector, limit, filters, day).numbers
            numbers = np.union1d(numbers, found[self._is_across(step, found)])
        return _Found(query, vector, lexical, numbers, step)

    def _step(self, query: str, filters: Filters | None) -> Step | None:
        """What leads to the other language, where there is one to search."""
        if self._crossing is None or "language" in (filters or {}) or not has_words(query):
            return None
        return self._crossing.step(query) if len(self._index.languages()) > 1 else None

    def _is_across(self, step: Step, numbers: Numbers) -> npt.NDArray[np.bool_]:
        across: npt.NDArray[np.bool_] = self._index.cosines(step.vector, numbers) >= step.least
        return across

    def _score(self, found: _Found, numbers: Numbers) -> Matrix:
        """The fused score, cosine, BM25 score and the reranker's (NaN without one) of numbered
        chunks, shape (4, len(numbers))."""
        cosines = self._index.cosines(found.vector, numbers)
        bm25 = _scores_of(numbers, found.lexical)
        reranked = None
        if self._reranker and len(numbers):
            reranked = self._reranker.scores(found.query, numbers, self._index)
        fused = fuse(cosines, bm25, reranked, self._weights)
        if found.step:
            across = np.flatnonzero(self._is_across(found.step, numbers))
            best = across[np.argsort(-fused[across], kind="stable")[:MOST_RAISED]]
            fused[best] += OTHER_LANGUAGE
        unknown = np.full_like(fused, np.nan)
        return np.stack([fused, cosines, bm25, unknown if reranked is None else reranked])


def check_query(query: str) -> None:
    """Raise InvalidInput unless `query` holds something to search for, at a sane length."""
    if not query.strip():
        raise InvalidInput("The question is empty. Type what you would like to know.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidInput(
            f"The question has {len(query):,} characters; {MAX_QUERY_CHARACTERS:,} is the limit. "
            "Ask about one thing at a time."
        )


def fuse(
    cosines: Vector, bm25: Vector, reranked: Vector | None = None, weights: Weights | None = None
) -> Vector:
    """Weighted sum of the scores, each scaled to [0, 1] over the candidates.

    Scores fuse better than ranks here: see the log, "Fusion".
    """
    if reranked is None:
        return TWO_HALVES.dense * _scaled(cosines) + TWO_HALVES.lexical * _scaled(bm25)
    weights = weights or Weights()
    fused: Vector = (
        weights.dense * _scaled(cosines)
        + weights.lexical * _scaled(bm25)
        + weights.reranked * _scaled(reranked)
    )
    return fused


def _hit(chunk: Chunk, row: Sequence[float]) -> Hit:
    """From fused score, cosine, BM25 score and the reranker's, NaN where there is none."""
    score, dense, lexical, reranked = row
    return Hit(chunk, score, dense, lexical, None if isnan(reranked) else reranked)


def _scaled(scores: Vector) -> Vector:
    if not len(scores):
        return scores
    spread = float(scores.max() - scores.min())
    scaled: Vector = (scores - scores.min()) / spread if spread else np.zeros_like(scores)
    return scaled


def _scores_of(numbers: Numbers, found: Scores) -> Vector:
    """The found score of each number, 0 where the half didn't find it."""
    known = dict(zip(found.numbers.tolist(), found.scores.tolist(), strict=True))
    return np.array([known.get(number, 0.0) for number in numbers.tolist()], np.float32)
