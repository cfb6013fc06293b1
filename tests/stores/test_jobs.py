from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest

from rag_cs.errors import Busy, DiskFailed, InvalidInput, NotFound
from rag_cs.stores import jobs as module
from rag_cs.stores.folders import StoreFolders
from rag_cs.stores.jobs import MAX_ATTEMPTS, JobLedger


@pytest.fixture
def ledger(tmp_path: Path) -> JobLedger:
    return JobLedger(tmp_path)


def uploads(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".uploads").iterdir())


def test_an_upload_is_on_disk_before_it_is_taken(ledger: JobLedger, tmp_path: Path) -> None:
    job = ledger.add("shop", "a.md", b"Words.", {"version": "2"})
    again = JobLedger(tmp_path)  # as after a restart
    taken = again.take()
    assert taken is not None
    assert (taken[0].id, taken[1]) == (job.id, {"version": "2"})
    assert again.bytes_of(job.id) == b"Words."
    assert again.get("shop", job.id).state == "running"
    assert again.take() is None
    again.finish(job.id, "d1", conflicts=2)
    done = ledger.get("shop", job.id)
    assert (done.state, done.document_id, done.conflicts) == ("done", "d1", 2)
    assert done.ended_at
    assert uploads(tmp_path) == []
    assert StoreFolders(tmp_path).names() == []


def test_jobs_come_in_their_order_and_to_their_store_alone(ledger: JobLedger) -> None:
    first, second = ledger.add("one", "a.md", b"1"), ledger.add("two", "b.md", b"2")
    taken = [ledger.take(), ledger.take()]
    assert [each[0].id for each in taken if each] == [first.id, second.id]
    assert [job.id for job in ledger.of_store("one")] == [first.id]
    with pytest.raises(NotFound, match="no job"):
        ledger.get("one", second.id)


def test_what_a_worker_left_begins_again_until_it_is_given_up(
    ledger: JobLedger, tmp_path: Path
) -> None:
    poison = ledger.add("shop", "a.pdf", b"!")
    for _ in range(MAX_ATTEMPTS):
        with JobLedger(tmp_path).working(1) as ours:
            assert ours
            assert ledger.take() is not None  # and then the process ends
    other = ledger.add("shop", "b.md", b"Words.")
    with ledger.working(1):
        taken = ledger.take()
        assert taken is not None
        assert taken[0].id == other.id
    job = ledger.get("shop", poison.id)
    assert job.state == "failed"
    assert "more than once" in job.reason


def test_one_worker_at_a_time(ledger: JobLedger, tmp_path: Path) -> None:
    with ledger.working(1) as ours, JobLedger(tmp_path).working(0.01) as theirs:
        assert ours
        assert not theirs
    with JobLedger(tmp_path).working(1) as theirs:
        assert theirs


def test_one_key_makes_one_job_however_often_it_comes(ledger: JobLedger, tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = [pool.submit(ledger.add, "shop", "a.md", b"Words.", {}, "k1") for _ in range(100)]
        assert len({each.result().id for each in made}) == 1
    assert len(ledger.of_store("shop")) == len(uploads(tmp_path)) == 1
    with pytest.raises(InvalidInput, match="another upload"):
        ledger.add("shop", "a.md", b"Other words.", {}, "k1")
    assert ledger.add("other", "a.md", b"Words.", {}, "k1").store == "other"
    with pytest.raises(InvalidInput, match="200 characters"):
        ledger.add("shop", "a.md", b"", {}, "k" * 201)


def test_a_failed_upload_is_tried_again(ledger: JobLedger) -> None:
    job = ledger.add("shop", "a.md", b"Words.")
    with pytest.raises(InvalidInput, match="only one that failed"):
        ledger.retry("shop", job.id)
    ledger.take()
    ledger.fail(job.id, "It can't be read.")
    assert ledger.get("shop", job.id).reason == "It can't be read."
    assert ledger.retry("shop", job.id).state == "queued"
    assert ledger.bytes_of(job.id) == b"Words."


def test_cancelling_waits_for_nobody(ledger: JobLedger, tmp_path: Path) -> None:
    waiting = ledger.add("shop", "a.md", b"1")
    assert ledger.cancel("shop", waiting.id).state == "cancelled"
    running, late = ledger.add("shop", "b.md", b"2"), ledger.add("shop", "c.md", b"3")
    ledger.take()
    assert ledger.progress(running.id, 1, 9)
    assert ledger.cancel("shop", running.id).state == "cancelled"
    assert not ledger.progress(running.id, 2, 9)
    ledger.put_back(running.id)
    ledger.take()
    ledger.cancel("shop", late.id)
    ledger.finish(late.id, "d")  # it was in the store already
    assert ledger.get("shop", late.id).state == "done"
    with pytest.raises(InvalidInput, match="done already"):
        ledger.cancel("shop", late.id)
    assert uploads(tmp_path) == []


def test_a_stopped_worker_leaves_its_job_to_the_next(ledger: JobLedger) -> None:
    job = ledger.add("shop", "a.md", b"1")
    ledger.take()
    ledger.put_back(job.id)
    assert (ledger.get("shop", job.id).state, ledger.get("shop", job.id).attempts) == ("queued", 0)


def test_a_deleted_store_leaves_no_job(ledger: JobLedger, tmp_path: Path) -> None:
    ledger.add("shop", "a.md", b"1")
    kept = ledger.add("other", "a.md", b"1")
    ledger.forget_store("shop")
    assert ledger.of_store("shop") == []
    assert uploads(tmp_path) == [kept.id]


def test_what_is_deleted_takes_its_uploads_along(ledger: JobLedger, tmp_path: Path) -> None:
    failed, other = ledger.add("shop", "a.md", b"1"), ledger.add("shop", "b.md", b"2")
    ledger.take()
    ledger.fail(failed.id, "no")
    running = ledger.add("shop", "a.md", b"3")
    ledger.take()  # b.md
    ledger.take()
    queued = ledger.add("shop", "a.md", b"4")
    ledger.withdraw("shop", "a.md")
    states = {job.id: job.state for job in ledger.of_store("shop")}
    assert states == {
        failed.id: "cancelled", other.id: "running", running.id: "cancelled",
        queued.id: "cancelled",
    }  # fmt: skip
    assert uploads(tmp_path) == [other.id]
    assert not ledger.progress(running.id, 1, 1)


def test_an_earlier_version_that_failed_can_t_come_back(ledger: JobLedger, tmp_path: Path) -> None:
    first = ledger.add("shop", "a.md", b"1")
    ledger.take()
    ledger.fail(first.id, "no")
    second = ledger.add("shop", "a.md", b"2")
    ledger.take()
    ledger.finish(second.id, "d")
    with pytest.raises(InvalidInput, match="only one that failed"):
        ledger.retry("shop", first.id)
    assert uploads(tmp_path) == []


def test_bytes_of_nobody_are_swept(ledger: JobLedger, tmp_path: Path) -> None:
    done, waiting = ledger.add("shop", "a.md", b"1"), ledger.add("shop", "b.md", b"1")
    ledger.take()
    ledger.finish(done.id, "d")
    for name, age in ((done.id, 0), ("old", 7200), ("new", 0)):
        path = tmp_path / ".uploads" / name
        path.write_bytes(b"left by a process that was killed")
        os.utime(path, (time.time() - age,) * 2)
    with ledger.working(1):
        assert uploads(tmp_path) == sorted([waiting.id, "new"])


def test_an_upload_that_can_t_be_kept_is_not_taken(ledger: JobLedger, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
        with pytest.raises(DiskFailed, match="No space left"):
            ledger.add("shop", "a.md", b"1")
    assert uploads(tmp_path) == []
    assert ledger.of_store("shop") == []
    assert ledger.add("shop", "a.md", b"1").state == "queued"


def test_a_full_queue_says_so(
    ledger: JobLedger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    ledger.add("shop", "a.md", b"1")
    with pytest.raises(Busy, match="waiting already"):
        ledger.add("shop", "b.md", b"2")
    assert len(uploads(tmp_path)) == 1


def test_old_jobs_are_forgotten(
    ledger: JobLedger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    for number in range(5):
        job = ledger.add("shop", f"{number}.md", b"1")
        ledger.take()
        ledger.fail(job.id, "no")
    ledger.add("shop", "last.md", b"1")
    assert [job.source for job in ledger.of_store("shop")] == ["last.md", "4.md", "3.md"]
    assert len(uploads(tmp_path)) == 3
