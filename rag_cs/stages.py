"""Who watches the stages of an answer: nobody, unless a program says so for what it does next.

Knows no metrics and no traces, so that a stage needs none of either.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from contextvars import ContextVar
from functools import wraps
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

Stage = Literal["rewrite", "retrieve", "judge", "generate", "ground"]
P = ParamSpec("P")
T = TypeVar("T")


class Watcher(Protocol):
    """Is told of stages as they happen, from whichever thread they happen in."""

    def begin(self, stage: Stage) -> Callable[[], None]:
        """A stage begins; what this returns is called when it has ended."""

    def tokens(self, prompt: int, completion: int) -> None:
        """The generator read so many tokens and wrote so many."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def watch(watcher: Watcher | None) -> None:
    """From here on, in this task and the threads that it asks, stages are told to `watcher`."""
    _watcher.set(watcher)


def stage(name: Stage) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Marks a function as a stage."""

    def marked(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def watched(*arguments: P.args, **named: P.kwargs) -> T:
            watcher = _watcher.get()
            if watcher is None:
                return function(*arguments, **named)
            end = watcher.begin(name)
            try:
                return function(*arguments, **named)
            finally:
                end()

        return watched

    return marked


async def generation(pieces: AsyncGenerator[Any]) -> AsyncGenerator[Any]:
    """What a chat model streams, watched from the request to the last piece."""
    watcher = _watcher.get()
    end = watcher.begin("generate") if watcher else None
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if watcher and (usage := getattr(piece, "usage_metadata", None)):
                    watcher.tokens(usage["input_tokens"], usage["output_tokens"])
                yield piece
    finally:
        if end:
            end()
