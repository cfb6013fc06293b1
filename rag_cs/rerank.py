"""A query and candidates -> scores that see more than either half of the search does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from rag_cs.index.base import ChunkIndex, Matrix, Numbers, Vector
from rag_cs.models.token_codes import unpack
from rag_cs.text import split_sentences
from rag_cs.types import Reading

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

# Sentences of a passage that are read, and characters of a sentence: what fits a chunk, of which
# 99% hold at most 21 where they are lists. See the log, "The ends of lists".
MOST_SENTENCES = 24
MOST_CHARACTERS = 400
# Sentences whose vector and token codes are kept in memory, some 1.5 KB each. See the log, "One
# sentence at a time".
MOST_KEPT = 20_000
# What the cosine of question and sentence counts beside their late interaction, less what e5 gives
# any two texts. See the log, "Which sentence answers".
COSINE_WEIGHT = 1.0
USUAL_COSINE = 0.8


@runtime_checkable
class TokenEncoder(Protocol):
    """An embedder that shares its token vectors, as `LocalEmbeddings` does."""

    @property
    def token_dimensions(self) -> int:
        """The length of a token's vector; 0 when there is no head for this embedder."""
        ...

    def passages(self, texts: list[str]) -> tuple[Matrix, list[bytes]]:
        """(vectors, token codes) of passages, from one pass; no codes when there is no head."""
        ...

    def query_tokens(self, text: str) -> tuple[Matrix, Vector]:
        """(vectors, weights) of the query's tokens."""
        ...

    def embed_query(self, text: str) -> list[float]:
        """The query's vector, of length 1."""
        ...


class LateInteraction:
    """Each token of the query looks for its best match among the passage's tokens.

    The passages' token vectors were stored at ingest, so a candidate costs microseconds.
    Khattab and Zaharia, "ColBERT", 2020; here with a learned weight for each query token.
    """

    def __init__(self, encoder: TokenEncoder) -> None:
        self._encoder = encoder

    def scores(self, query: str, numbers: Numbers, index: ChunkIndex) -> Vector | None:
        """See `retrieve.Reranker`. None when the chunks were stored without token vectors."""
        stored = index.token_codes(numbers)
        codes = [stored.get(number, b"") for number in numbers.tolist()]
        if not self._encoder.token_dimensions or not all(codes):
            return None
        vectors, weights = self._encoder.query_tokens(query)
        return best_matches(vectors, weights, codes)


def best_matches(vectors: Matrix, weights: Vector, codes: Sequence[bytes]) -> Vector:
    """For each passage, the weighted mean over the query's tokens of their greatest product
    with a token of the passage."""
    dimensions = vectors.shape[1]
    products = vectors @ unpack(codes, dimensions).T
    lengths = [len(code) // (dimensions // 4) for code in codes]
    starts = np.cumsum([0, *lengths[:-1]])
    best: Vector = weights @ np.maximum.reduceat(products, starts, axis=1)
    return best


class SentenceReader:
    """An answer reader (see `answerable`) by each sentence of a passage, its late interaction with
    the question and its cosine: it tells where an answer would stand, and how near the nearest
    sentence comes."""

    def __init__(self, encoder: TokenEncoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[bytes, tuple[Vector, bytes]] = OrderedDict()
        self._lock = Lock()

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """One reading a passage: its "tokens" are its sentences."""
        spans = [split_sentences(passage)[:MOST_SENTENCES] for passage in passages]
        texts = [
            passage[start:end][:MOST_CHARACTERS]
            for passage, some in zip(passages, spans, strict=True)
            for start, end in some
        ]
        if not texts:
            return [Reading(0.0, ()) for _ in passages]
        known = self._known(texts)
        tokens, weights = self._encoder.query_tokens(question)
        cosines = np.stack([vector for vector, _ in known]) @ self._encoder.embed_query(question)
        matches = best_matches(tokens, weights, [codes for _, codes in known])
        scores = iter((matches + COSINE_WEIGHT * (cosines - USUAL_COSINE)).tolist())
        read = [tuple((start, end, next(scores)) for start, end in some) for some in spans]
        return [Reading(max((each[2] for each in some), default=0.0), some) for some in read]

    def _known(self, texts: Sequence[str]) -> list[tuple[Vector, bytes]]:
        """Vectors and token codes; shoppers ask about the same sentences again and again. What is
        kept is no text, which may be deleted."""
        keys = [blake2b(text.encode(), digest_size=16).digest() for text in texts]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            vectors, codes = self._encoder.passages(list(new.values()))
            known |= zip(new, zip(vectors.astype(np.float16), codes, strict=True), strict=True)
        with self._lock:
            for key in keys:
                self._kept[key] = known[key]
                self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return [known[key] for key in keys]


class CrossEncoderReranker:
    """Any sentence-transformers cross-encoder, for those who have one and the time for it."""

    def __init__(self, model: CrossEncoder, most: int = 20) -> None:
        self._model = model
        self._most = most

    def scores(self, query: str, numbers: Numbers, index: ChunkIndex) -> Vector | None:
        """See `retrieve.Reranker`. Beyond the first `most` candidates all get the lowest score."""
        chunks = index.chunks(numbers.tolist())
        read = [number for number in numbers.tolist() if number in chunks][: self._most]
        pairs = [(query, chunks[number].embedded_text) for number in read]
        scored = dict(zip(read, self._model.predict(pairs), strict=True)) if pairs else {}
        lowest = min(scored.values(), default=0.0)
        return np.array([scored.get(number, lowest) for number in numbers.tolist()], np.float32)
