"""A prompt -> what the chat model would say, sentence by sentence.

A generator that was trained on this task says first whether what it was shown answers at all; how
sure it was of that comes before its sentences, and of several prompts the surest is gone on with.
What may be sent is for `ground` to say.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage

from rag_cs.prompt import NO, YES
from rag_cs.stages import counted, during
from rag_cs.text import split_sentences

# Log-odds of a verdict whose probability the engine doesn't tell, and the greatest of all.
UNTOLD = 2.0
MOST = 8.0
# A verdict from which on no other prompt is asked about. See the log, "Which sentence answers".
SURE = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The generator's own log-odds that the passages answer, in [-8, 8]."""

    logit: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The prompt that is answered most surely, and the generator's log-odds that it is."""

    number: int
    logit: float


class Drafter:
    """Asks a chat model. `trained` says that it gives a verdict first, and needs no example."""

    def __init__(self, chat: BaseChatModel, *, trained: bool = False) -> None:
        self._chat = chat
        self.trained = trained

    async def draft(self, prompt: list[BaseMessage]) -> AsyncGenerator[Verdict | str]:
        """The verdict, where there is one, then each sentence as soon as the next one begins.
        Closing it stops the generation. Raises ModelError and Busy."""
        with during("generate"):
            async with aclosing(self._draft(prompt)) as drafts:
                async for each in drafts:
                    yield each

    async def choice(
        self, prompts: Sequence[list[BaseMessage]], priors: Sequence[float] = ()
    ) -> Choice:
        """What `best` says first, alone."""
        async with aclosing(self.best(prompts, priors)) as said:
            async for each in said:
                if isinstance(each, Choice):
                    return each
        raise AssertionError("it says first which one it goes on with")

    async def best(
        self, prompts: Sequence[list[BaseMessage]], priors: Sequence[float] = ()
    ) -> AsyncGenerator[Choice | str]:
        """Asks about the first of at least one prompt and, unless that is answered surely, about
        the others at once; goes on with the one that is answered most surely, by the log-odds with
        its prior added: which that is, then its sentences. Only for a trained generator. Raises as
        `draft`."""
        async with AsyncExitStack() as stack:
            stack.enter_context(during("generate"))
            drafts: list[AsyncGenerator[Verdict | str]] = []
            logits: list[float] = []
            for some in (prompts[:1], prompts[1:]):
                if max(logits, default=-MOST) < SURE:
                    new = [aclosing(self._draft(prompt)) for prompt in some]
                    drafts += [await stack.enter_async_context(draft) for draft in new]
                    logits += await _verdicts_of(drafts[len(logits) :])
            sure = [sum(each) for each in zip_longest(logits, priors[: len(logits)], fillvalue=0.0)]
            number = max(range(len(logits)), key=sure.__getitem__)
            for other, draft in enumerate(drafts):
                if other != number:
                    await draft.aclose()
            yield Choice(number, logits[number])
            async for sentence in drafts[number]:
                if isinstance(sentence, str):
                    yield sentence

    async def _draft(self, prompt: list[BaseMessage]) -> AsyncGenerator[Verdict | str]:
        options: dict[str, Any] = {"logprobs": True} if self.trained else {}
        pieces = cast("AsyncGenerator[AIMessageChunk]", self._chat.astream(prompt, **options))
        text, logprob, judged = "", None, not self.trained
        async with aclosing(counted(pieces)) as watched:
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


async def _verdicts_of(drafts: Sequence[AsyncGenerator[Verdict | str]]) -> list[float]:
    # Each is heard to the end, or to its error: one that runs can't be closed.
    heard = await asyncio.gather(*map(_verdict_of, drafts), return_exceptions=True)
    logits: list[float] = []
    for each in heard:
        if isinstance(each, BaseException):
            raise each
        logits.append(each)
    return logits


async def _verdict_of(draft: AsyncGenerator[Verdict | str]) -> float:
    first = await anext(draft)
    return first.logit if isinstance(first, Verdict) else -UNTOLD


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
