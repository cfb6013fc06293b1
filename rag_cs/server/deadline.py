"""An answer that takes too long ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from rag_cs.errors import TooSlow

T = TypeVar("T")


async def within(seconds: float, events: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """The events of an answer; raises TooSlow, and closes them, when the last one isn't there so
    long after the first was asked for. What the reader does between two counts too: one that
    doesn't read holds a place that others wait for."""
    end = asyncio.get_running_loop().time() + seconds
    async with aclosing(events):
        while True:
            try:
                async with asyncio.timeout_at(end) as limit:
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if not limit.expired():  # somebody else's
                    raise
                raise TooSlow(
                    f"The answer took longer than {seconds:g} seconds and was given up. "
                    "Ask again when fewer others do, or ask for less at once."
                ) from None
            yield event
