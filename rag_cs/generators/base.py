"""What every local chat model shares: options in, pieces of text out, langchain-core around it.

Knows how messages become what a chat template takes and how pieces reach synchronous and
asynchronous callers. Doesn't know which engine makes the pieces.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ChatMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field
from typing_extensions import override

from rag_cs.errors import InvalidInput, RagError

FinishReason = Literal["stop", "length"]
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


@dataclass(frozen=True, slots=True)
class Options:
    """How one answer is generated: greedy at temperature 0, at most `max_tokens` tokens, cut
    before the first of the `stop` strings. `logprobs` asks how probable the first token was."""

    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """New text of an answer. The first piece counts the prompt's tokens and has the natural
    logarithm of its first token's probability, if it was asked for and can be told; the last one
    has a `finish` and counts the answer's tokens."""

    text: str
    finish: FinishReason | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_logprob: float | None = None


Deliver = Callable[[Piece | RagError], None]
Cancel = Callable[[], None]


class Engine(Protocol):
    """Generates for many callers at once. Both methods may be called from any thread."""

    def submit(
        self, messages: Sequence[dict[str, str]], options: Options, deliver: Deliver
    ) -> Cancel:
        """Start an answer; pieces, then a last piece or an error, go to `deliver`, which is
        called from the engine's thread. The returned function stops it, promptly and any number
        of times, and frees what it held. Raises Busy when too many wait, ModelError when the
        engine has failed or is closed."""

    def close(self) -> None:
        """End every answer with ModelError and free the model. May be called twice."""


def template_messages(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """langchain messages as the role and content pairs that chat templates take.

    Raises InvalidInput for no messages, content that isn't text, and roles other than system,
    user and assistant.
    """
    if not messages:
        raise InvalidInput("A chat model needs at least one message; none was given.")
    return [{"role": _role(message), "content": _text(message)} for message in messages]


def _role(message: BaseMessage) -> str:
    role = message.role if isinstance(message, ChatMessage) else _ROLES.get(message.type, "")
    if role not in _ROLES.values():
        raise InvalidInput(
            f"A message of type {message.type!r} can't be given to a local chat model; "
            "use system, user and assistant messages."
        )
    return role


def _text(message: BaseMessage) -> str:
    content = message.content if isinstance(message.content, list) else []
    for block in content:
        if isinstance(block, dict) and block.get("type", "text") != "text":
            raise InvalidInput(
                f"A message holds a block of type {block['type']!r}; local chat models take text."
            )
    return str(message.text)


class EngineChatModel(BaseChatModel):
    """A langchain-core chat model on an `Engine`. Closing a stream, or cancelling the task that
    awaits an answer, stops its generation.

    Call-time keywords `max_tokens` and `temperature` override the fields; with `logprobs` the
    first token's stands in the response's metadata, as OpenAI's would. Raises InvalidInput, Busy
    and ModelError.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())

    engine: Any = Field(exclude=True, repr=False)
    model_name: str = "local"
    max_tokens: int = 512
    temperature: float = 0.0
    stop: list[str] | None = None

    @property
    def _llm_type(self) -> str:
        return "rag-cs-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name, "max_tokens": self.max_tokens}

    def close(self) -> None:
        """Free the engine, also for other chat models that share it."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _options(self, stop: list[str] | None, chosen: dict[str, Any]) -> Options:
        options = Options(
            max_tokens=int(chosen.get("max_tokens") or self.max_tokens),
            stop=tuple(stop or self.stop or ()),
            temperature=float(chosen.get("temperature", self.temperature) or 0.0),
            logprobs=bool(chosen.get("logprobs")),
        )
        if options.max_tokens < 1:
            raise InvalidInput(f"max_tokens is {options.max_tokens}; it must be at least 1.")
        if not 0.0 <= options.temperature <= 2.0:
            raise InvalidInput(f"temperature is {options.temperature}; it must be from 0 to 2.")
        return options

    @override
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        inbox: queue.SimpleQueue[Piece | RagError] = queue.SimpleQueue()
        options = self._options(stop, kwargs)
        cancel = self.engine.submit(template_messages(messages), options, inbox.put)
        try:
            finished = False
            while not finished:
                piece = _checked(inbox.get())
                finished = piece.finish is not None
                yield self._chunk(piece)
        finally:
            cancel()

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Piece | RagError] = asyncio.Queue()

        def deliver(piece: Piece | RagError) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody reads any more
                loop.call_soon_threadsafe(inbox.put_nowait, piece)

        options = self._options(stop, kwargs)
        cancel = self.engine.submit(template_messages(messages), options, deliver)
        try:
            finished = False
            while not finished:
                piece = _checked(await inbox.get())
                finished = piece.finish is not None
                yield self._chunk(piece)
        finally:
            cancel()

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(list(self._stream(messages, stop=stop, **kwargs)))

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result([chunk async for chunk in self._astream(messages, stop=stop, **kwargs)])

    def _chunk(self, piece: Piece) -> ChatGenerationChunk:
        message = AIMessageChunk(content=piece.text)
        info: dict[str, Any] = {}
        if piece.first_logprob is not None:
            info["logprobs"] = {"content": [{"token": "", "logprob": piece.first_logprob}]}
        message.response_metadata = info
        if piece.finish or piece.prompt_tokens:
            message.usage_metadata = UsageMetadata(
                input_tokens=piece.prompt_tokens,
                output_tokens=piece.completion_tokens,
                total_tokens=piece.prompt_tokens + piece.completion_tokens,
            )
        if piece.finish is None:
            return ChatGenerationChunk(message=message)
        message.chunk_position = "last"
        info |= {"finish_reason": piece.finish, "model_name": self.model_name}
        return ChatGenerationChunk(message=message, generation_info=dict(info))


def _checked(piece: Piece | RagError) -> Piece:
    if isinstance(piece, RagError):
        raise piece
    return piece


def _result(chunks: Sequence[ChatGenerationChunk]) -> ChatResult:
    last = chunks[-1].message
    usage = [each.message.usage_metadata for each in chunks if isinstance(each.message, AIMessage)]
    metadata = chunks[0].message.response_metadata | last.response_metadata
    message = AIMessage(
        content="".join(chunk.text for chunk in chunks),
        response_metadata=metadata,
        usage_metadata=reduce(add_usage, usage, None),
    )
    return ChatResult(
        generations=[ChatGeneration(message=message, generation_info=last.response_metadata)]
    )
