"""However often an upload is sent again with its key, it is one job and one document."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from tests.promises.server import Running, running

pytestmark = pytest.mark.slow

RETRIES = 100
PATH = "/v1/stores/demo/documents"


async def send(served: Running, bodies: list[bytes], key: str) -> list[httpx.Response]:
    """All of them at once, as the same file with the same key."""
    headers = served.headers | {"Idempotency-Key": key}
    limits = httpx.Limits(max_connections=len(bodies))
    async with httpx.AsyncClient(base_url=served.base, timeout=60, limits=limits) as client:
        return await asyncio.gather(
            *(
                client.post(PATH, files={"file": ("new.md", body)}, headers=headers)
                for body in bodies
            )
        )


def sources(served: Running) -> list[str]:
    """The names of the store's documents, once nothing is waiting any more."""
    deadline = time.monotonic() + 30
    while any(
        job["state"] in ("queued", "running")
        for job in served.client.get("/v1/stores/demo/jobs").json()["jobs"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    listed = served.client.get(PATH).json()["documents"]
    return [document["source"] for document in listed]


def test_a_hundred_retries_at_once_make_one_document(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        answers = asyncio.run(send(served, [b"# New\n\nWords."] * RETRIES, "order-66"))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert sorted(sources(served)) == ["new.md", "returns.md"]
        assert len(served.client.get("/v1/stores/demo/jobs").json()["jobs"]) == 1
        assert len(list((tmp_path / ".uploads").iterdir())) == 0

        (again,) = asyncio.run(send(served, [b"# New\n\nWords."], "order-66"))
        assert again.json()["id"] == answers[0].json()["id"]
        (other,) = asyncio.run(send(served, [b"# New\n\nOther words."], "order-66"))
        assert other.status_code == 422
        assert "Use a new one" in other.json()["detail"]
        assert len(served.client.get("/v1/stores/demo/jobs").json()["jobs"]) == 1


def test_of_different_files_with_one_key_one_wins_and_the_others_are_refused(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as served:
        bodies = [f"# New\n\nWords number {number}.".encode() for number in range(20)]
        answers = asyncio.run(send(served, bodies, "order-67"))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [202] + [422] * 19
        assert sorted(sources(served)) == ["new.md", "returns.md"]
