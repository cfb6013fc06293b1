"""Spine 2: rewrite -> retrieve -> generate -> ground. One question in, one honest answer out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from rag_cs.ground import ground, repeats
from rag_cs.index.base import Filters
from rag_cs.prompt import build_prompt
from rag_cs.retrieve import Retriever, is_relevant
from rag_cs.rewrite import rewrite
from rag_cs.text import detect_language, split_sentences
from rag_cs.types import Answer, Citation, Language, Turn

TOP_K = 5

ABSTENTIONS: dict[Language, str] = {
    "en": "I don't know: I couldn't find that in this store's documents. "
    "Please ask the store's staff, who can help you further.",
    "zh": "抱歉，我不知道：本店的资料里没有找到相关说明。请联系人工客服，他们会继续帮您。",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A supported sentence, on its way as soon as it was checked. It is never taken back."""

    text: str
    citation: Citation


class Assistant:
    """Answers questions from one store's documents."""

    def __init__(self, retriever: Retriever, embeddings: Embeddings, chat: BaseChatModel) -> None:
        self._retriever = retriever
        self._embeddings = embeddings
        self._chat = chat

    async def answer(
        self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> Answer:
        """The whole answer at once; see `stream`."""
        async with aclosing(self.stream(question, history, filters)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise AssertionError("a stream ends with an Answer")

    async def stream(
        self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> AsyncGenerator[Sentence | Answer]:
        """Each supported sentence when it is ready, then the Answer they make, or an abstention.

        Closing the stream stops the generation. Raises InvalidInput for an empty or endless
        question, ModelError and Busy from the chat model.
        """
        language = detect_language(question)
        queries = rewrite(question, history)
        hits = await asyncio.to_thread(self._retriever.search, queries, TOP_K, filters)
        sentences: list[Sentence] = []
        if is_relevant(queries[-1], hits):
            async with aclosing(self._draft(build_prompt(question, hits, language))) as drafts:
                async for draft in drafts:
                    if repeats(draft, question):
                        continue
                    citation = await asyncio.to_thread(ground, draft, hits, self._embeddings)
                    if citation and draft not in {sentence.text for sentence in sentences}:
                        sentences.append(Sentence(draft, citation))
                        yield sentences[-1]
        yield _answer(sentences, language)

    async def _draft(self, messages: list[BaseMessage]) -> AsyncGenerator[str]:
        """The generator's sentences, each as soon as the next one begins."""
        text = ""
        async with aclosing(cast("AsyncGenerator[Any]", self._chat.astream(messages))) as pieces:
            async for piece in pieces:
                text += piece.text
                *complete, rest = split_sentences(text) or [(0, 0)]
                for start, end in complete:
                    yield text[start:end]
                if complete:
                    text = text[rest[0] :]
        if text.strip():
            yield text.strip()


def _answer(sentences: Sequence[Sentence], language: Language) -> Answer:
    if not sentences:
        return Answer("abstained", ABSTENTIONS[language], language)
    joint = "" if language == "zh" else " "
    text = joint.join(sentence.text for sentence in sentences)
    return Answer("answered", text, language, tuple(s.citation for s in sentences))
