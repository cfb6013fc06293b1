"""Clients that go away before their answer is there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

T = TypeVar("T")
# Between two looks at whether the client is still there.
_PAUSE_SECONDS = 0.5
# What a response to nobody says; nginx made the number up.
CLIENT_GONE = 499


async def unless_gone(request: Request, answering: Coroutine[Any, Any, T]) -> T | None:
    """What is awaited; None, and it is cancelled, when the client went away before it."""
    task = asyncio.create_task(answering)
    try:
        while not (await asyncio.wait([task], timeout=_PAUSE_SECONDS))[0]:
            if await request.is_disconnected():
                return None
        return task.result()
    finally:
        task.cancel()
