"""The last look at an answer before it leaves: whether what it quotes still stands in its store.

What is asked here and what is sent then happen in one turn of the event loop, and a deletion is
acknowledged in a later one: so nobody is sent a document after they were told that it is gone. It
holds as long as nothing between here and the socket waits for something else, as middleware of
Starlette's `BaseHTTPMiddleware` does. `tests/promises/test_interleavings.py` would tell.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from rag_cs.assistant import Sentence
from rag_cs.index.base import ChunkIndex
from rag_cs.replies import conclude
from rag_cs.server.schemas import AnswerBody, CitationBody
from rag_cs.types import Answer, Citation

Whole = TypeVar("Whole", Answer, AnswerBody)
Quote = TypeVar("Quote", Citation, CitationBody)


async def standing(
    index: ChunkIndex, events: AsyncGenerator[Sentence | Whole]
) -> AsyncGenerator[Sentence | Whole]:
    """The events without what was deleted or replaced since they were made; to be the last step
    before they are sent. Closes what it reads."""
    async with aclosing(events):
        async for event in events:
            if not isinstance(event, Sentence):
                yield standing_whole(index, event)
            elif _kept(index, [event.citation]):
                yield event


def standing_whole(index: ChunkIndex, answer: Whole) -> Whole:
    """An answer without what was deleted or replaced since it was made."""
    if isinstance(answer, AnswerBody):
        rest = _kept(index, answer.citations)
        if len(rest) == len(answer.citations):
            return answer
        short = conclude([each.sentence for each in rest], (), [], answer.language, 1.0)
        return answer.model_copy(
            update={"status": short.status, "answer": short.text, "citations": rest}
        )
    kept = tuple(_kept(index, answer.citations))
    if len(kept) == len(answer.citations):
        return answer
    short = conclude([each.sentence for each in kept], kept, [], answer.language, 1.0)
    return replace(short, confidence=answer.confidence)


def _kept(index: ChunkIndex, citations: Iterable[Quote]) -> list[Quote]:
    asked = [(each, (each.document_id, each.document_sha256)) for each in citations]
    held = index.holds({version for _, version in asked})
    return [each for each, version in asked if version in held]
