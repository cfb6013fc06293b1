"""Uploads on their way into a store: a queue in memory and one thread that works through it."""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from rag_cs.bootstrap import System
from rag_cs.errors import Busy, NotFound, RagError

log = logging.getLogger(__name__)
MAX_WAITING = 100
# Jobs remembered after they ended; the oldest are forgotten first.
MAX_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Job:
    """One upload. Replaced, never changed, so that readers need no lock."""

    id: str
    store: str
    source: str
    state: Literal["queued", "running", "done", "failed"] = "queued"
    chunks_done: int = 0
    chunks_total: int = 0
    document_id: str = ""
    reason: str = ""


class Jobs:
    """Takes uploads and ingests them one after the other, each on its own."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._jobs: dict[str, Job] = {}
        self._queue: queue.Queue[tuple[str, bytes, Mapping[str, str]] | None] = queue.Queue(
            MAX_WAITING
        )
        self._thread = threading.Thread(target=self._work, name="ingest", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End after the job in progress; what waits is told so."""
        while True:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting:
                self._change(waiting[0], state="failed", reason="The server was stopped.")
        self._queue.put(None)
        self._thread.join()

    def submit(
        self, store: str, source: str, data: bytes, given: Mapping[str, str] | None = None
    ) -> Job:
        """Queue an upload; `given` as in `Ingester.ingest`. Raises Busy when too many wait."""
        job = Job(uuid.uuid4().hex, store, source)
        self._jobs[job.id] = job
        try:
            self._queue.put_nowait((job.id, data, given or {}))
        except queue.Full:
            del self._jobs[job.id]
            raise Busy(f"{MAX_WAITING} uploads are waiting already. Try again soon.") from None
        for old in list(self._jobs)[: max(0, len(self._jobs) - MAX_REMEMBERED)]:
            if self._jobs[old].state in ("done", "failed"):
                del self._jobs[old]
        return job

    def get(self, store: str, job_id: str) -> Job:
        """A job of a store. Raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None or job.store != store:
            raise NotFound(f"There is no job {job_id[:64]!r} in store {store!r}.")
        return job

    def _work(self) -> None:
        while (waiting := self._queue.get()) is not None:
            self._run(*waiting)

    def _run(self, job_id: str, data: bytes, given: Mapping[str, str]) -> None:
        job = self._jobs[job_id]
        self._change(job_id, state="running")

        def progress(_source: str, done: int, total: int) -> None:
            self._change(job_id, chunks_done=done, chunks_total=total)

        try:
            store = self._system.store(job.store, create=True)
            done = store.ingester.ingest(data, job.source, progress, given)
            self._change(job_id, state="done", document_id=done.document_id)
        except RagError as error:
            self._change(job_id, state="failed", reason=str(error))
        except Exception:
            log.exception("ingesting failed")
            self._change(job_id, state="failed", reason="Something went wrong; it was logged.")

    def _change(self, job_id: str, **fields: object) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], **fields)  # type: ignore[arg-type]
