"""Uploads on their way into a store: one thread that works through the ledger."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from rag_cs.bootstrap import System
from rag_cs.errors import Busy, RagError, without_text
from rag_cs.ingest import Ingested
from rag_cs.server.logs import bound
from rag_cs.stores.audit import Change
from rag_cs.stores.jobs import Job, JobLedger
from rag_cs.stores.keys import Key

log = logging.getLogger(__name__)
# Between two looks at a ledger that another process may have added to.
_PAUSE_SECONDS = 1.0


class _Stopped(Exception):
    """The job in progress is to be left."""


class Jobs:
    """Takes uploads and ingests them one after the other, each on its own. `count` is called with
    the outcome of each."""

    def __init__(self, system: System, count: Callable[[str], None]) -> None:
        self._system = system
        self._count = count
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
        actor: str = "",
    ) -> Job:
        """Take an upload in; see `JobLedger.add`."""
        job = self.ledger.add(store, source, data, given, idempotency_key, actor)
        self._news.set()
        return job

    def retry(self, store: str, job_id: str) -> Job:
        """Try an upload again that failed; see `JobLedger.retry`."""
        job = self.ledger.retry(store, job_id)
        self._news.set()
        return job

    def delete_store(self, store: str) -> Sequence[Key]:
        """Remove a store and the uploads to it; the working keys that still name it. Raises
        NotFound."""
        with self._making:
            return self._system.delete_store(store)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._left:
                    self.ledger.put_back(self._left)
                    self._left = ""
                self._work_through()
            except Exception as error:  # noqa: BLE001 - a full disk, say: uploads wait
                log.error("the worker failed and begins again: %s", without_text(error))
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
        """The one place where what a worker changes goes into the audit trail: for who uploaded."""
        actor = self.ledger.uploader(job.id)
        noting = self._system.audit.change(actor, "document.upload", job.store, job.source)
        with bound(job=job.id, store=job.store, key=actor):
            done = None
            try:
                with noting as change:
                    done = self._ingest(job, given, change)
                outcome = done.outcome if done else "left" if change.outcome is None else "failed"
            except Busy as error:
                self.ledger.fail(job.id, str(error))
                outcome = "failed"
            if done:
                self.ledger.finish(job.id, done.document_id, len(done.conflicts))
            log.info("upload", extra={"outcome": outcome})
        self._count(outcome)

    def _ingest(self, job: Job, given: Mapping[str, str], change: Change) -> Ingested | None:
        """What became of a file that is in the store now; None for any other."""

        def progress(_source: str, done: int, total: int) -> None:
            if not self.ledger.progress(job.id, done, total) or self._stopping.is_set():
                raise _Stopped

        try:
            with self._making:  # a store that is deleted meanwhile must not come back
                progress(job.source, 0, 0)
                store = self._system.ensure_store(job.store, change.actor)
            data = self.ledger.bytes_of(job.id)
            done = store.ingester.ingest(data, job.source, progress, given)
        except _Stopped:
            self.ledger.put_back(job.id)
            change.outcome = None
            return None
        except RagError as error:
            self.ledger.fail(job.id, str(error))
        except OSError as error:
            self.ledger.fail(job.id, f"The disk refused: {error.strerror}. Try again.")
        except Exception as error:  # noqa: BLE001 - one file blocks no other
            log.error("ingesting failed: %s", without_text(error))
            self.ledger.fail(job.id, "Something went wrong; it was logged.")
        else:
            change.note_file(done.outcome)
            return done
        change.outcome = "failed"
        return None
