"""A prompt -> what the chat model would say, sentence by sentence.

A generator that was trained on this task says first whether the passages answer at all; how
sure it was of that comes before its sentences. What may be sent is for `ground` to say.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage

from rag_cs.prompt import NO, YES
from rag_cs.stages import generation
from rag_cs.text import split_sentences

# Log-odds of a verdict whose probability the engine doesn't tell, and the greatest of all.
UNTOLD = 2.0
MOST = 8.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The generator's own log-odds that the passages answer, in [-8, 8]."""

    logit: float


class Drafter:
    """Asks a chat model. `trained` says that it gives a verdict first, and needs no example."""

    def __init__(self, chat: BaseChatModel, *, trained: bool = False) -> None:
        self._chat = chat
        self.trained = trained

    async def draft(self, prompt: list[BaseMessage]) -> AsyncGenerator[Verdict | str]:
        """The verdict, where there is one, then each sentence as soon as the next one begins.
        Closing it stops the generation. Raises ModelError and Busy."""
        options: dict[str, Any] = {"logprobs": True} if self.trained else {}
        pieces = cast("AsyncGenerator[AIMessageChunk]", self._chat.astream(prompt, **options))
        text, logprob, judged = "", None, not self.trained
        async with aclosing(generation(pieces)) as watched:
            async for piece in watched:
                logprob = _first_logprob(piece) if logprob is None else logprob
                text += piece.text
                if not judged and len(text.strip()) >= len(YES):
                    judged = True
                    yield verdict(text, logprob)
                    text = text.strip().removeprefix(YES).removeprefix(NO)
                *complete, rest = split_sentences(text) or [(0, 0)]
                if judged and complete:
                    for start, end in complete:
                        yield text[start:end]
                    text = text[rest[0] :]
        if not judged:
            yield verdict(text, logprob)
        elif text.strip():
            yield text.strip()

    async def verdict(self, prompt: list[BaseMessage]) -> float | None:
        """The verdict's log-odds alone; None of a model that gives none. Raises as `draft`."""
        async with aclosing(self.draft(prompt)) as drafts:
            async for each in drafts:
                return each.logit if isinstance(each, Verdict) else None
        return None


def verdict(text: str, logprob: float | None) -> Verdict:
    """What a reply's first word means, at its probability."""
    sign = 1 if text.strip().startswith(YES) else -1
    if logprob is None:
        return Verdict(sign * UNTOLD)
    chosen = min(max(math.exp(logprob), 1e-6), 1 - 1e-6)
    return Verdict(sign * max(-MOST, min(MOST, math.log(chosen / (1 - chosen)))))


def _first_logprob(piece: AIMessageChunk) -> float | None:
    """As OpenAI's servers and our own engines tell it."""
    content = (piece.response_metadata.get("logprobs") or {}).get("content") or []
    return float(content[0]["logprob"]) if content else None
