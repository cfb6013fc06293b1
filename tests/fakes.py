"""Hand-written stand-ins for the models, small and deterministic."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from rag_cs.answerable import Judge, signals
from rag_cs.calibration import Calibration
from rag_cs.models.token_codes import unpack
from rag_cs.text import detect_language, tokenise
from rag_cs.types import Chunk, Evidence, Hit, Reading


class HashEmbeddings(Embeddings):
    """Texts that share terms have near vectors: each term adds to a coordinate of its own."""

    dimensions = 64
    max_tokens = 512
    fingerprint = "hash@1"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        size = HashEmbeddings.dimensions
        vector = np.full(size, 0.01)
        for term in tokenise(text):
            vector[zlib.crc32(term.encode()) % size] += 1
        return list((vector / np.linalg.norm(vector)).tolist())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(tokenise(text)) for text in texts]


class LeaningEmbeddings(HashEmbeddings):
    """As true embedders are: texts of one language are nearer to each other, whatever they say."""

    dimensions = 66
    fingerprint = "leaning@1"

    def embed_query(self, text: str) -> list[float]:
        is_chinese = detect_language(text) == "zh"
        vector = np.array([*super().embed_query(text), not is_chinese, is_chinese])
        return list((vector / np.linalg.norm(vector)).tolist())


class TokenHashEmbeddings(HashEmbeddings):
    """Shares token vectors too: a term's is drawn by its hash, so equal terms match best."""

    token_dimensions = 32

    def passages(self, texts: list[str]) -> tuple[np.ndarray, list[bytes]]:
        codes = [
            b"".join(self._levels(term).tobytes() for term in tokenise(text)) or b"\0" * 8
            for text in texts
        ]
        return np.array(self.embed_documents(texts), np.float32), codes

    def query_tokens(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        codes = [self._levels(term).tobytes() for term in tokenise(text)] or [b"\0" * 8]
        return unpack(codes, self.token_dimensions), np.full(len(codes), 1 / len(codes), np.float32)

    def _levels(self, term: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(term.encode())).integers(0, 256, 8, np.uint8)


class WordStates:
    """An embedder whose token states are drawn by the word's hash. Half of them is noise that
    depends on the place, for training to see through."""

    dimensions = 128
    fingerprint = "words@1"

    def states(self, texts: list[str], side: str) -> tuple[np.ndarray, list[np.ndarray]]:
        states = [self._states(text) for text in texts]
        rows = np.stack([each.mean(axis=0) for each in states])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True), states

    def query_states(self, text: str) -> np.ndarray:
        return self._states(text)

    def embed_query(self, text: str) -> list[float]:
        vectors: list[float] = self.states([text], "query")[0][0].tolist()
        return vectors

    def _states(self, text: str) -> np.ndarray:
        half = self.dimensions // 2
        rows = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(
            (99, self.dimensions)
        )
        words = tokenise(text)[:99]
        for row, word in zip(rows, words, strict=False):
            row[:half] = np.random.default_rng(zlib.crc32(word.encode())).standard_normal(half)
        return rows[: len(words)].astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(tokenise(text)) for text in texts]


class ScriptedChatModel(BaseChatModel):
    """Says what it is told to, in pieces of a few characters, and notes what it was asked.

    `closed` counts the streams that were left before their end.
    """

    reply: str
    piece_characters: int = 3
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    closed: list[bool] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        self.prompts.append(messages)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.reply))])

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        self.prompts.append(messages)
        for start in range(0, len(self.reply), self.piece_characters):
            piece = self.reply[start : start + self.piece_characters]
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        finished = False
        try:
            for chunk in self._stream(messages):
                yield chunk
            finished = True
        finally:
            if not finished:
                self.closed.append(True)


class OverlapReader:
    """An answer reader: a passage answers by the share of the question's terms in it, from -4 to 4;
    a token is part of the answer when the question doesn't hold it but its passage does."""

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        asked = set(tokenise(question))
        readings = []
        for passage in passages:
            share = len(asked & set(tokenise(passage))) / max(1, len(asked))
            tokens = tuple(
                (match.start(), match.end(), 2.0 if set(tokenise(match[0])) & asked else -2.0)
                for match in re.finditer(r"[^\W_]+", passage)
            )
            readings.append(Reading(8 * share - 4, tokens))
        return readings


def make_judge(needed: float = 0.5) -> Judge:
    """A judge whose probability depends on the best reading alone."""
    names = signals("a b", [Evidence(make_hit("a b"), 0.0, ((0, 3, 0.0),))])
    calibration = Calibration(dict.fromkeys(names, 0.0) | {"best": 1.0}, 0.0, ((0.05, needed),))
    return Judge(calibration, 0.1, OverlapReader())


def make_hit(text: str, dense: float = 0.9, **fields: Any) -> Hit:
    """A hit on a chunk of that text alone."""
    chunk = Chunk("c1", "d1", "Title", text, 0, len(text), **fields)
    return Hit(chunk, 1.0, dense, 1.0)
