"""Hand-written stand-ins for the models, small and deterministic."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from rag_cs.models.token_codes import unpack
from rag_cs.text import tokenise


class HashEmbeddings(Embeddings):
    """Texts that share terms have near vectors: each term adds to a coordinate of its own."""

    dimensions = 64
    max_tokens = 512
    fingerprint = "hash@1"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = np.full(self.dimensions, 0.01)
        for term in tokenise(text):
            vector[zlib.crc32(term.encode()) % self.dimensions] += 1
        return list((vector / np.linalg.norm(vector)).tolist())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(tokenise(text)) for text in texts]


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
            yield ChatGenerationChunk(message=AIMessageChunk(piece))

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
