"""Question + hits -> the curated FAQ pair that answers it as the merchant wrote it, or None.

Question is compared with question: to the letter, with all of a pair's wordings; then by the
embedder, both as queries, and by their words, with the first. A pair must be near enough, and
nearer than the runner-up. Knows nothing of the generator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_cs.statements import answer_span, wordings_of
from rag_cs.text import detect_language, normalise, search_terms
from rag_cs.types import Chunk, Hit, Language

# FAQ pairs that are compared: embedding a question takes 5 ms when it was never seen.
COMPARED = 4
# Least cosine of two questions that ask the same, and by how much it must exceed the runner-up's.
# Chinese questions on one subject are all near each other. See the log, "FAQ first".
NEAR: dict[Language, tuple[float, float]] = {"en": (0.93, 0.015), "zh": (0.95, 0.02)}
# What the runner-up has at the least: the pairs that retrieval found may be one alone.
RUNNER_UP = 0.9
# A question that is the same to the letter, as good as.
SAME_COSINE = 0.985
_CODE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Match:
    """A FAQ pair that asks the same: the answer is `hit.chunk.text[start:end]`."""

    hit: Hit
    cosine: float
    start: int
    end: int

    @property
    def answer(self) -> str:
        """The merchant's own words."""
        return self.hit.chunk.text[self.start : self.end]


def match_faq(question: str, hits: Sequence[Hit], embeddings: Embeddings) -> Match | None:
    """The pair among `hits` that asks what `question` asks, in its language."""
    return _as_worded(question, hits) or _nearest(question, hits, embeddings)


def _as_worded(question: str, hits: Sequence[Hit]) -> Match | None:
    """The pair that holds the question as it was asked, but for punctuation and the like. Where
    pairs that answer differently do, the letters decide nothing."""
    asked = _letters(question)
    same = [
        Match(hit, 1.0, *span)
        for hit in hits
        if asked in map(_letters, wordings_of(hit.chunk)) and (span := answer_span(hit.chunk))
    ]
    return same[0] if len({match.answer for match in same}) == 1 else None


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", normalise(text)) or text


def _nearest(question: str, hits: Sequence[Hit], embeddings: Embeddings) -> Match | None:
    language = detect_language(question)
    pairs = [
        hit
        for hit in hits
        if detect_language(hit.chunk.question) == language and answer_span(hit.chunk)
    ][:COMPARED]
    if not pairs:
        return None
    query = np.array(embeddings.embed_query(question))
    cosines = [float(query @ np.array(embeddings.embed_query(p.chunk.question))) for p in pairs]
    best, *others = sorted(zip(cosines, range(len(pairs)), strict=True), reverse=True)
    cosine, hit = best[0], pairs[best[1]]
    rest = (c for c, n in others if pairs[n].chunk.text != hit.chunk.text)
    runner_up = max(next(rest, 0.0), RUNNER_UP)
    near = _is_near(language, cosine, cosine - runner_up)
    if not near or not _fits(question, hit.chunk):
        return None
    span = answer_span(hit.chunk)
    return Match(hit, cosine, *span) if span else None


def _is_near(language: Language, cosine: float, margin: float) -> bool:
    least, ahead = NEAR[language]
    return cosine >= SAME_COSINE or (cosine >= least and margin >= ahead)


def _fits(question: str, chunk: Chunk) -> bool:
    """Whether every code and number that was asked about stands in the pair."""
    codes = {term for term in search_terms(question) if _CODE.search(term)}
    return codes <= set(search_terms(chunk.embedded_text))
