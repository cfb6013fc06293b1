"""The baseline: three passages by the embedder alone, one worked example, the reply as it comes.

What anybody builds first, with the same models: nothing is checked, nothing is cited. Its wording
is its own, so that it stays the same when the assistant's prompt changes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from datetime import date

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from rag_cs.assistant import Sentence
from rag_cs.evaluation.answers import DatedSearcher
from rag_cs.index.base import ChunkIndex, Filters
from rag_cs.retrieve import check_query
from rag_cs.text import detect_language
from rag_cs.types import Answer, Hit, Language, Turn

TOP_K = 3
# Of the conversation.
MAX_TURNS = 6
_PASSAGE_CHARACTERS: dict[Language, int] = {"en": 1200, "zh": 500}
_SYSTEM: dict[Language, str] = {
    "en": (
        "You answer customers' questions for a shop, briefly, from the passages that are given. "
        "If they don't hold the answer, say: I don't know."
    ),
    "zh": "你为商店回答顾客的问题，只根据给出的资料简短作答。资料里没有答案时，请说：我不知道。",
}
_EXAMPLE: dict[Language, tuple[str, str, str]] = {
    "en": (
        "Engraving\nRings are engraved with up to 20 letters. Engraving takes 3 working days.",
        "How many letters fit on a ring?",
        "Up to 20 letters can be engraved on a ring.",
    ),
    "zh": (
        "刻字服务\n戒指最多可刻20个字母，刻字需要3个工作日。",
        "戒指上能刻几个字母？",
        "戒指最多可刻20个字母。",
    ),
}
_LABELS: dict[Language, tuple[str, str]] = {
    "en": ("Passages:", "Question:"),
    "zh": ("资料：", "问题："),
}
# Read generously: whatever says in its first sentence that it doesn't know is a refusal.
_REFUSAL = re.compile(
    r"(?:not|n['’]t) (?:\w+ )?(?:know|stated?|mention|specif|sure|clear)|"
    r"\bno (?:\w+ )?(?:information|mention|answer)|"
    r"(?:not|n['’]t) (?:have|find|contain) \w*\s?inform|passages? (?:do|does|did)(?: not|n['’]t)|"
    r"(?:cannot|can['’]t|unable to|could ?n['’]t) (?:\w+ )?(?:answer|find|determine|say|tell)|"
    r"不知道|不清楚|不确定|无法(?:回答|确定|得知|判断)|"
    r"(?:没有|未|并未)(?:给出|提到|提及|提供|明确|具体|说明|相关(?:信息|资料|说明|内容))|没有(?:这方面|有关)",
    re.IGNORECASE,
)
_FIRST_SENTENCE = re.compile(r".*?(?:[。！？!?]|\.(?=\s|$)|\n|$)", re.DOTALL)


class DenseSearcher:
    """An index searched by the embedder alone: no BM25, no fusion, no reranking."""

    def __init__(self, index: ChunkIndex, embeddings: Embeddings) -> None:
        self._index = index
        self._embeddings = embeddings

    def search(
        self,
        queries: Sequence[str],
        top_k: int = TOP_K,
        filters: Filters | None = None,
        as_of: date | None = None,
        *,
        across: bool = True,  # noqa: ARG002 - found as they come
    ) -> list[Hit]:
        """The `top_k` chunks nearest to the first query, in whatever language. Raises
        InvalidInput for an empty one."""
        check_query(queries[0])
        vector = np.asarray(self._embeddings.embed_query(queries[0]), np.float32)
        found = self._index.search_dense(vector, top_k, filters, as_of)
        chunks = self._index.chunks(found.numbers.tolist())
        scored = zip(found.numbers.tolist(), found.scores.tolist(), strict=True)
        return [
            Hit(chunks[number], score, dense=score) for number, score in scored if number in chunks
        ]


class PlainChain:
    """Retrieves with the question, asks the chat model, which sees the conversation, and believes
    it."""

    def __init__(self, searcher: DatedSearcher, chat: BaseChatModel) -> None:
        self._searcher = searcher
        self._chat = chat

    async def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
    ) -> AsyncGenerator[Sentence | Answer]:
        """The Answer alone; its confidence is 0 for a reply that says it doesn't know, else 1."""
        language = detect_language(question)
        hits = await asyncio.to_thread(self._searcher.search, [question], TOP_K, filters)
        reply = await self._chat.ainvoke(chain_prompt(question, hits, language, history))
        text = reply.text.strip()
        if is_refusal(text):
            yield Answer("abstained", text, language, confidence=0.0)
        else:
            yield Answer("answered", text, language, confidence=1.0)


def is_refusal(reply: str) -> bool:
    """Whether a reply is empty or begins by saying that it doesn't know."""
    first = _FIRST_SENTENCE.match(reply.strip())
    return not reply.strip() or bool(first and _REFUSAL.search(first[0]))


def chain_prompt(
    question: str, hits: Sequence[Hit], language: Language, history: Sequence[Turn] = ()
) -> list[BaseMessage]:
    """An instruction, one worked example, the end of the conversation, then the passages with the
    question."""
    limit = _PASSAGE_CHARACTERS[language]
    passages = "\n\n".join(f"{hit.chunk.context}\n{hit.chunk.text[:limit]}" for hit in hits)
    shown, asked, answer = _EXAMPLE[language]
    return [
        SystemMessage(_SYSTEM[language]),
        HumanMessage(_turn(shown, asked, language)),
        AIMessage(answer),
        *(
            (HumanMessage if turn.role == "user" else AIMessage)(turn.text)
            for turn in history[-MAX_TURNS:]
        ),
        HumanMessage(_turn(passages, question, language)),
    ]


def _turn(passages: str, question: str, language: Language) -> str:
    heading, label = _LABELS[language]
    return f"{heading}\n{passages}\n\n{label} {question}"
