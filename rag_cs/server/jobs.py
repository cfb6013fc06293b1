"""Uploads on their way into a store: one thread that works through the ledger."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from rag_cs.bootstrap import System
from rag_cs.errors import RagError
from rag_cs.stores.jobs import Job, JobLedger

log = logging.getLogger(__name__)
# Between two looks at a ledger that another process may have added to.
_PAUSE_SECONDS = 1.0


class _Stopped(Exception):
    """The job in progress is to be left."""


class Jobs:
    """Takes uploads and ingests them one after the other, each on its own."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.ledger: JobLedger = system.jobs
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._making = threading.Lock()
        # The job that couldn't be put down as ended.
        self._left = ""
        self._thread = threading.Thread(target=self._work, name="ingest", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the job in progress, and what waits, to the next start."""
        self._stopping.set()
        self._news.set()
        self._thread.join()

    def submit(
        self,
        store: str,
        source: str,
        data: bytes,
        given: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Job:
        """Take an upload in; see `JobLedger.add`."""
        job = self.ledger.add(store, source, data, given, idempotency_key)
        self._news.set()
        return job

    def retry(self, store: str, job_id: str) -> Job:
        """Try an upload again that failed; see `JobLedger.retry`."""
        job = self.ledger.retry(store, job_id)
        self._news.set()
        return job

    def delete_store(self, store: str) -> None:
        """Remove a store and the uploads to it. Raises NotFound."""
        with self._making:
            self.ledger.forget_store(store)
            self._system.delete_store(store)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._left:
                    self.ledger.put_back(self._left)
                    self._left = ""
                self._work_through()
            except (RagError, OSError) as error:  # the ledger can't be written: the disk is full
                log.error("uploads wait: %s", error)
                self._stopping.wait(_PAUSE_SECONDS)

    def _work_through(self) -> None:
        with self.ledger.working(_PAUSE_SECONDS) as ours:
            while ours and not self._stopping.is_set():
                self._news.clear()
                taken = self.ledger.take()
                if taken:
                    self._left = taken[0].id
                    self._run(*taken)
                    self._left = ""
                else:
                    self._news.wait(_PAUSE_SECONDS)

    def _run(self, job: Job, given: Mapping[str, str]) -> None:
        def progress(_source: str, done: int, total: int) -> None:
            if not self.ledger.progress(job.id, done, total) or self._stopping.is_set():
                raise _Stopped

        try:
            with self._making:  # a store that is deleted meanwhile must not come back
                progress(job.source, 0, 0)
                store = self._system.store(job.store, create=True)
            data = self.ledger.bytes_of(job.id)
            done = store.ingester.ingest(data, job.source, progress, given)
        except _Stopped:
            self.ledger.put_back(job.id)
        except RagError as error:
            self.ledger.fail(job.id, str(error))
        except OSError as error:
            self.ledger.fail(job.id, f"The disk refused: {error.strerror}. Try again.")
        except Exception:
            log.exception("ingesting failed")
            self.ledger.fail(job.id, "Something went wrong; it was logged.")
        else:
            self.ledger.finish(job.id, done.document_id, len(done.conflicts))
