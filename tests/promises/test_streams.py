"""Clients that hang up leave nothing behind: no generation, no task, no descriptor.

`RAG_CS_CUT_STREAMS` says how many do.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator

import pytest

from tests.promises.hanging_up import ASK, AT_ONCE, CHAT, hang_up_all, leaks, request, settled
from tests.promises.server import Running, running

pytestmark = pytest.mark.slow

STREAMS = int(os.environ.get("RAG_CS_CUT_STREAMS", "1000"))
MOST_SECONDS = 1.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose answers take a minute each."""
    with running(tmp_path_factory.mktemp("indexes"), sentences=400, seconds_a_piece=0.02) as served:
        yield served


def test_nothing_is_left_of_streams_that_were_cut_off(served: Running) -> None:
    asyncio.run(hang_up_all(served, AT_ONCE))  # threads and connections that stay are made
    time.sleep(2)
    before = served.state()
    assert before["open"] == 0
    asyncio.run(hang_up_all(served, STREAMS))
    after = settled(served, before)
    assert leaks(before, after) == [], (before, after)
    assert after["begun"] - before["begun"] > STREAMS // 4
    assert after["threads"] < 64  # those of two pools, which grow to their size and stay
    assert served.process.poll() is None


@pytest.mark.parametrize("path", [ASK, CHAT])
@pytest.mark.parametrize("stream", [True, False])
def test_hanging_up_ends_the_generation_within_a_second(
    served: Running, path: str, stream: bool
) -> None:
    port = int(served.base.rsplit(":", 1)[1])
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request(served, path, stream=stream))
            while served.state()["open"] == 0:
                time.sleep(0.01)
        cut = time.monotonic()
        while served.state()["open"]:
            assert time.monotonic() < cut + MOST_SECONDS
            time.sleep(0.01)
