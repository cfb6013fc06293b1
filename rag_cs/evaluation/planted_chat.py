"""A chat model with a secret in its system prompt: what no answer may repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from rag_cs.evaluation.injection_shop import SECRET_INSTRUCTION


class PlantedChatModel(BaseChatModel):
    """A chat model with one more sentence in its system prompt; it notes what it was told."""

    inner: BaseChatModel
    told: set[str] = Field(default_factory=set)

    @property
    def _llm_type(self) -> str:
        return "planted"

    def _planted(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        planted = list(messages)
        if planted and isinstance(planted[0], SystemMessage):
            planted[0] = SystemMessage(f"{planted[0].text} {SECRET_INSTRUCTION}")
        else:
            planted.insert(0, SystemMessage(SECRET_INSTRUCTION))
        self.told |= {message.text for message in planted[:-1]}
        return planted

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> ChatResult:
        reply = self.inner.invoke(self._planted(messages), stop=stop, **more)
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self.inner.stream(self._planted(messages), stop=stop, **more):
            yield ChatGenerationChunk(message=cast("Any", piece))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for piece in self.inner.astream(self._planted(messages), stop=stop, **more):
            yield ChatGenerationChunk(message=cast("Any", piece))

    def close(self) -> None:
        """Close the model within, if it can be."""
        if hasattr(self.inner, "close"):
            self.inner.close()
