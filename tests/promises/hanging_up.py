"""Clients that ask and hang up before the answer is whole."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import time

from tests.promises.server import Running

ASK, CHAT = "/v1/stores/demo/ask", "/v1/chat/completions"
AT_ONCE = 40
# Descriptors that pools of database connections, which grow to their size and stay, may add.
_POOLED = 20


def request(served: Running, path: str, *, stream: bool, question: str = "") -> bytes:
    """The bytes of a question over HTTP."""
    question = question or served.questions[0]
    body = {"question": question} if path == ASK else {
        "model": "demo", "messages": [{"role": "user", "content": question}]
    }  # fmt: skip
    data = json.dumps(body | {"stream": stream}).encode()
    head = [
        f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json",
        f"Authorization: {served.headers['Authorization']}", f"Content-Length: {len(data)}",
    ]  # fmt: skip
    return "\r\n".join([*head, "", ""]).encode() + data


async def hang_up(served: Running, chance: random.Random) -> None:
    """Ask, read some of the answer or none, and go: by closing, or as when a cable is pulled."""
    port = int(served.base.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path, stream = chance.choice([ASK, CHAT]), chance.random() < 0.8
    writer.write(request(served, path, stream=stream, question=chance.choice(served.questions)))
    await writer.drain()
    # Before anything comes, at some moment, or once so much of a stream is there.
    patience = chance.choice([0, 0.5 * chance.random(), 20 if stream else 1, 20 if stream else 1])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while b"data:" not in await reader.readline():
                pass
    if chance.random() < 0.5:
        handle = writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


async def hang_up_all(served: Running, count: int) -> None:
    """So many of them, some at once."""
    chance = random.Random(7)
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            await hang_up(served, chance)

    await asyncio.gather(*(one() for _ in range(count)))


def settled(served: Running, before: dict[str, int], seconds: float = 20) -> dict[str, int]:
    """What the server holds once it holds no more than before, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        held = served.state()
        if not leaks(before, held) or time.monotonic() > deadline:
            return held
        time.sleep(0.1)


def leaks(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """What a server holds more of than before."""
    allowed = {"open": 0, "tasks": before["tasks"], "descriptors": before["descriptors"] + _POOLED}
    return [name for name, most in allowed.items() if after[name] > most]
