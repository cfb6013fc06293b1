"""Drafted sentences + hits -> sentences that a passage supports, each with its quote.

A sentence counts as supported when one or two neighbouring sentences of one retrieved passage
hold nearly all of its words and every fact in it (`facts`), and don't deny it; between
languages, where words can't be compared, when their vectors nearly agree. The rest isn't sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_cs.facts import contradicts, is_negative, split_clauses, unsupported
from rag_cs.stages import stage
from rag_cs.statements import statements
from rag_cs.text import content_words, detect_language
from rag_cs.types import Citation, Hit

# Share of a sentence's words that its passage must hold.
MIN_SUPPORT = 0.75
# Cosine at which a sentence of another language says the same. See the log, "Grounding".
MIN_CROSS_LANGUAGE_COSINE = 0.88
# What a quote's second sentence must add to the support.
_SECOND_SENTENCE_COST = 0.15
# A one-word sentence says nothing that could be supported.
_MIN_WORDS = 2


@dataclass(frozen=True, slots=True)
class _Span:
    """One or two sentences of a hit's passage: `chunk.text[start:end]`."""

    hit: Hit
    start: int
    end: int
    sentences: int

    @property
    def text(self) -> str:
        return self.hit.chunk.text[self.start : self.end]


@stage("ground")
def ground(sentence: str, hits: Sequence[Hit], embeddings: Embeddings) -> Citation | None:
    """The citation that supports `sentence`, or None when no hit does.

    The quote is the span with the greatest support, one sentence rather than two; among
    equals the shortest, then the one of the better hit.
    """
    words = content_words(sentence)
    if len(words) < _MIN_WORDS:
        return None
    spans = [span for hit in hits for span in _spans(hit)]
    spans = [span for span in spans if _states_facts(sentence, span)]
    same = [span for span in spans if _same_language(sentence, span)]
    scored = [(len(words & content_words(span.text)) / len(words), span) for span in same]
    supporting = [
        (support, span)
        for support, span in scored
        if support >= MIN_SUPPORT and not _is_denied(sentence, words, span)
    ]
    if supporting:
        return _cite(sentence, max(supporting, key=_preference)[1])
    return _across_languages(sentence, [span for span in spans if span not in same], embeddings)


def cite(sentence: str, hit: Hit, start: int, end: int) -> Citation:
    """The citation of a sentence that stands in a hit, as `hit.chunk.text[start:end]`."""
    return _cite(sentence, _Span(hit, start, end, 1))


def _preference(scored: tuple[float, _Span]) -> tuple[float, int]:
    """A second sentence in the quote must earn its place; then, the shorter quote."""
    support, span = scored
    return support - (_SECOND_SENTENCE_COST if span.sentences > 1 else 0), -len(span.text)


def _across_languages(
    sentence: str, spans: Sequence[_Span], embeddings: Embeddings
) -> Citation | None:
    if not spans:
        return None
    # Both sides as queries: the model's own setting for texts of one kind.
    query = np.array(embeddings.embed_query(sentence))
    rows = np.array([embeddings.embed_query(span.text) for span in spans])
    cosines = rows @ query
    best = int(cosines.argmax())
    return _cite(sentence, spans[best]) if cosines[best] >= MIN_CROSS_LANGUAGE_COSINE else None


def _same_language(sentence: str, span: _Span) -> bool:
    return detect_language(sentence) == detect_language(span.text)


def _states_facts(sentence: str, span: _Span) -> bool:
    """Whether the span states every fact of the sentence, and doesn't deny what it says."""
    return not unsupported(sentence, span.text, span.hit.chunk.context) and not contradicts(
        sentence, span.text
    )


def _is_denied(sentence: str, words: frozenset[str], span: _Span) -> bool:
    """Whether a span holds the words of what affirms only in clauses that deny: "It doesn't last.
    The lamp is bright." says nothing of a lamp that lasts."""
    if any(map(is_negative, split_clauses(sentence))):
        return False
    affirmed: set[str] = set()
    for clause in split_clauses(span.text):
        if not is_negative(clause):
            affirmed |= content_words(clause)
    denied = (words & content_words(span.text)) - affirmed
    return len(denied) > (1 - MIN_SUPPORT) * len(words)


def _spans(hit: Hit) -> Iterator[_Span]:
    for start, end, count in _windows(hit.chunk.text):
        yield _Span(hit, start, end, count)


@lru_cache(maxsize=256)
def _windows(text: str) -> tuple[tuple[int, int, int], ...]:
    sentences = statements(text)
    windows = [(start, end, 1) for start, end in sentences]
    for (start, _), (next_start, end) in pairwise(sentences):
        # Two rows of a table together would lend one's figures to the other.
        if text[start] != "|" and text[next_start] != "|":
            windows.append((start, end, 2))
    return tuple(windows)


def _cite(sentence: str, span: _Span) -> Citation:
    chunk = span.hit.chunk
    return Citation(
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        title=chunk.title,
        page=chunk.page,
        start=chunk.start + span.start,
        end=chunk.start + span.end,
        quote=span.text,
        sentence=sentence,
        document_sha256=chunk.sha256,
        version=chunk.version,
        effective_from=chunk.metadata.get("effective_from", ""),
        effective_until=chunk.metadata.get("effective_until", ""),
    )
