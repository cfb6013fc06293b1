"""A chat model elsewhere, which never receives what a shopper says of themselves.

Goes between the assistant and a model that runs on somebody else's machine: personal data in
messages leaves as placeholders, and placeholders in replies come back as what they stand for. Each
call has a mask of its own, so nothing of one shopper can reach another through it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag_cs.privacy import Mask, Restorer, find_personal

# What a message says of itself: how many characters at its beginning are the store's own words, and
# what the shopper said before. Neither is sent.
_STORE_CHARACTERS = "store_characters"
_SAID_BEFORE = "said_before"
# Of earlier words only values are learned, so a cut loses little.
_MOST_TURNS, _MOST_CHARACTERS = 10, 4_000


def shopper_message(store_text: str, question: str, said: Sequence[str] = ()) -> HumanMessage:
    """A message that ends with a shopper's words, after the store's own. Values that the shopper
    told in `said` are known again in the question."""
    kept = [text[-_MOST_CHARACTERS:] for text in said[-_MOST_TURNS:]]
    marks = {_STORE_CHARACTERS: len(store_text), _SAID_BEFORE: kept}
    return HumanMessage(store_text + question, additional_kwargs=marks)


class MaskedChatModel(BaseChatModel):
    """Passes on text alone, masked but for what is marked as the store's own; see
    `shopper_message`. What the store itself says in the same prompt is no secret."""

    inner: BaseChatModel

    @property
    def _llm_type(self) -> str:
        return "masked"

    def _get_ls_params(self, stop: list[str] | None = None, **more: Any) -> LangSmithParams:
        return self.inner._get_ls_params(stop, **more)  # noqa: SLF001 - the model's own name

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> ChatResult:
        masked, mask = _mask(messages)
        return _result(self.inner.invoke(masked, stop=stop, **more), mask)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> ChatResult:
        masked, mask = _mask(messages)
        return _result(await self.inner.ainvoke(masked, stop=stop, **more), mask)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> Iterator[ChatGenerationChunk]:
        masked, mask = _mask(messages)
        restorer = Restorer(mask)
        for piece in self.inner.stream(masked, stop=stop, **more):
            yield _chunk(piece, restorer)
        yield from _rest(restorer)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG002
        **more: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        masked, mask = _mask(messages)
        restorer = Restorer(mask)
        pieces = cast("AsyncGenerator[Any]", self.inner.astream(masked, stop=stop, **more))
        async with aclosing(pieces):  # leaving this stream must end the one within
            async for piece in pieces:
                yield _chunk(piece, restorer)
        for chunk in _rest(restorer):
            yield chunk

    def close(self) -> None:
        """Close the model within, if it can be."""
        if hasattr(self.inner, "close"):
            self.inner.close()


def _mask(messages: Sequence[BaseMessage]) -> tuple[list[BaseMessage], Mask]:
    """The messages as they may leave, and what restores the reply."""
    owned = [message.additional_kwargs.get(_STORE_CHARACTERS, 0) for message in messages]
    public = "\n".join(each.text[:own] for each, own in zip(messages, owned, strict=True))
    mask = Mask()
    mask.reserve(public)
    for message in messages:
        for text in message.additional_kwargs.get(_SAID_BEFORE, ()):
            mask.hide(text, find_personal(text))
    masked = []
    for message, own in zip(messages, owned, strict=True):
        said = message.text[own:]
        hidden = mask.hide(said, find_personal(said), public)
        update = {"content": message.text[:own] + hidden, "additional_kwargs": {}}
        masked.append(message.model_copy(update=update))
    return masked, mask


def _result(reply: AIMessage, mask: Mask) -> ChatResult:
    message = reply.model_copy(update={"content": mask.restore(reply.text)})
    return ChatResult(generations=[ChatGeneration(message=message)])


def _chunk(piece: AIMessageChunk, restorer: Restorer) -> ChatGenerationChunk:
    text = restorer.feed(piece.text)
    if piece.chunk_position == "last":
        text += restorer.finish()
    return ChatGenerationChunk(message=piece.model_copy(update={"content": text}))


def _rest(restorer: Restorer) -> Iterator[ChatGenerationChunk]:
    if text := restorer.finish():
        yield ChatGenerationChunk(message=AIMessageChunk(content=text))
