"""Who watches the stages of an answer: nobody, unless a program says so for what it does next.

Knows no metrics and no traces, so that a stage needs none of either.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
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
            with during(name):
                return function(*arguments, **named)

        return watched

    return marked


@contextmanager
def during(name: Stage) -> Iterator[None]:
    """What is done inside is a stage."""
    watcher = _watcher.get()
    end = watcher.begin(name) if watcher else None
    try:
        yield
    finally:
        if end:
            end()


async def counted(pieces: AsyncGenerator[Any]) -> AsyncGenerator[Any]:
    """What a chat model streams, with its tokens told when it says how many they were."""
    watcher = _watcher.get()
    async with aclosing(pieces):
        async for piece in pieces:
            if watcher and (usage := getattr(piece, "usage_metadata", None)):
                watcher.tokens(usage["input_tokens"], usage["output_tokens"])
            yield piece
