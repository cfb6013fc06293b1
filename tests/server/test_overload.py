"""Far more questions than the server takes: each is answered or told so at once, and nothing is
left behind. `RAG_CS_OVERLOAD_REQUESTS` says how many."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.server.overloaded import PLACES, serving
from tests.server.serving import FACT, QUESTION

pytestmark = pytest.mark.slow

REQUESTS = int(os.environ.get("RAG_CS_OVERLOAD_REQUESTS", "1000"))
AT_ONCE = 40
PATH = "/v1/stores/demo/ask"


def measured(address: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", httpx.get(f"{address}/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def settles(address: str, name: str, most: float) -> float:
    """What is measured, once it is so little, or after ten seconds."""
    end = time.monotonic() + 10
    while (value := measured(address, name)) > most and time.monotonic() < end:
        time.sleep(0.1)
    return value


class Burst:
    """So many shoppers at once, and somebody who looks whether the server lives."""

    def __init__(self, address: str, stream: bool) -> None:
        self._body = {"question": QUESTION, "stream": stream}
        limits = httpx.Limits(max_connections=AT_ONCE + 1)
        self._client = httpx.AsyncClient(base_url=address, timeout=60, limits=limits)
        self._left = iter(range(REQUESTS))
        self.statuses: Counter[int] = Counter()
        self.refusals: list[float] = []
        self.answers: list[float] = []
        self.alive: list[float] = []

    async def run(self) -> None:
        async with self._client:
            watching = asyncio.create_task(self._watch())
            await asyncio.gather(*(self._shop() for _ in range(AT_ONCE)))
            watching.cancel()

    async def _shop(self) -> None:
        for _ in self._left:
            start = time.perf_counter()
            response = await self._client.post(PATH, json=self._body)
            self.statuses[response.status_code] += 1
            took = self.refusals if response.status_code == 503 else self.answers
            took.append(time.perf_counter() - start)
            if response.status_code == 503:
                assert int(response.headers["Retry-After"]) >= 1
                assert f"{PLACES} answers are under way" in response.json()["detail"]
                await asyncio.sleep(0.5)  # 60 requests a second, all in all
            else:
                assert FACT in response.text

    async def _watch(self) -> None:
        while True:
            start = time.perf_counter()
            assert (await self._client.get("/livez")).status_code == 200
            self.alive.append(time.perf_counter() - start)
            await asyncio.sleep(0.1)


def at(share: float, seconds: list[float]) -> float:
    return sorted(seconds)[int(share * (len(seconds) - 1))]


@pytest.mark.parametrize("stream", [False, True])
def test_beyond_capacity_everybody_is_told_at_once(tmp_path: Path, stream: bool) -> None:
    with serving(tmp_path, "unhurried") as address:
        files = measured(address, "process_open_fds")
        burst = Burst(address, stream)
        asyncio.run(burst.run())
        print(  # noqa: T201
            f"\n{dict(burst.statuses)}; answered in {at(0.5, burst.answers):.3f} s (median); "
            f"refused in {at(0.5, burst.refusals):.3f} s, {at(0.99, burst.refusals):.3f} s (p99); "
            f"/livez in {at(0.5, burst.alive):.3f} s, {at(0.99, burst.alive):.3f} s"
        )
        assert set(burst.statuses) == {200, 503}
        assert burst.statuses.total() == REQUESTS
        assert burst.statuses[200] >= PLACES
        # Nobody waits for a place: that would take as long as an answer, on any machine.
        assert at(0.5, burst.refusals) < 0.5 * at(0.5, burst.answers)
        assert settles(address, "rag_cs_open_requests", 1) == 1  # the question itself
        assert measured(address, "rag_cs_open_streams") == 0
        assert settles(address, "process_open_fds", files + 20) <= files + 20
        assert httpx.post(address + PATH, json={"question": QUESTION}).is_success


def test_streams_that_are_cut_off_leave_nothing_behind(tmp_path: Path) -> None:
    """Each is left after its first sentence, while the generator writes on."""
    with serving(tmp_path, "endless") as address:
        asyncio.run(cut_off(address, 50))
        files, memory = measured(address, "process_open_fds"), resident(address)
        asyncio.run(cut_off(address, REQUESTS))
        assert settles(address, "rag_cs_open_requests", 1) == 1
        assert settles(address, "rag_cs_open_streams", 0) == 0
        assert settles(address, "process_open_fds", files + 20) <= files + 20
        growth = resident(address) / memory
        print(f"\n{REQUESTS} streams cut off; memory {growth:.2f} times that after 50")  # noqa: T201
        assert growth < 1.2


def resident(address: str) -> float:
    return measured(address, "process_resident_memory_bytes")


async def cut_off(address: str, most: int) -> None:
    left = iter(range(most))
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:

        async def shopper() -> None:
            for _ in left:
                body = {"question": QUESTION, "stream": True}
                async with client.stream("POST", PATH, json=body) as response:
                    assert response.status_code == 200
                    async for line in response.aiter_lines():
                        if line.startswith("event: sentence"):
                            break

        await asyncio.gather(*(shopper() for _ in range(20)))
