"""The ledger of uploads: what was taken in, how far it is, and the bytes until it is done.

An upload is safe once `add` returns: its bytes and its entry are on disk. One worker at a time
works through the ledger (`working`); what a worker left unfinished when its process ended begins
again, and is given up after `MAX_ATTEMPTS`, so that a file that kills its worker blocks no other.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import (
    ColumnElement,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from rag_cs.errors import Busy, InvalidInput, NotFound
from rag_cs.index.sqlite import open_sqlite
from rag_cs.stores.folders import check_store_name
from rag_cs.stores.job_rows import SCHEMA, Job, State, job_of, jobs, known, uploaders, waiting
from rag_cs.stores.uploads import Uploads

__all__ = ["MAX_ATTEMPTS", "MAX_REMEMBERED", "MAX_WAITING", "Job", "JobLedger", "State"]

MAX_WAITING = 1_000
# Ended jobs that are remembered; the oldest are forgotten first, with the bytes of failed ones.
MAX_REMEMBERED = 10_000
MAX_ATTEMPTS = 3
_MAX_KEY = 200
# Leading dots: no store can have these names.
_LEDGER, _UPLOADS, _LOCK = ".jobs.sqlite", ".uploads", ".jobs.lock"
_ENDED = ("done", "failed", "cancelled")


class JobLedger:
    """The uploads of one installation. Safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._uploads = Uploads(root / _UPLOADS)
        self._lock = FileLock(root / _LOCK)
        self._opened = open_sqlite(root / _LEDGER, SCHEMA)
        self._engine = self._opened.execution_options(writes=True)

    def close(self) -> None:
        """Let go of the file."""
        self._opened.dispose()

    def add(
        self,
        store: str,
        source: str,
        data: bytes,
        given: Mapping[str, str] | None = None,
        idempotency_key: str = "",
        actor: str = "",
    ) -> Job:
        """Take an upload in. The same key with the same upload gives the job that there is.

        `actor` is who uploads, for the audit trail. Raises InvalidInput for a name that no store
        can have, for an endless key or one that came with another upload, and Busy when too many
        wait.
        """
        check_store_name(store)
        if len(idempotency_key) > _MAX_KEY:
            raise InvalidInput(f"The Idempotency-Key has more than {_MAX_KEY} characters.")
        stated = json.dumps(dict(given or {}), sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(f"{source}\n{stated}\n".encode() + data).hexdigest()
        identifier = uuid.uuid4().hex
        row = {
            "id": identifier, "store": store, "source": source, "given": stated,
            "sha256": digest, "idempotency_key": idempotency_key, "state": "queued",
            "attempts": 0, "chunks_done": 0, "chunks_total": 0, "document_id": "", "reason": "",
            "conflicts": 0, "created_at": _now(), "ended_at": "",
        }  # fmt: skip
        self._uploads.keep(identifier, data)
        try:
            with self._engine.begin() as connection:
                if earlier := known(connection, store, idempotency_key, digest):
                    self._uploads.drop(identifier)
                    return earlier
                if waiting(connection) >= MAX_WAITING:
                    raise Busy(f"{MAX_WAITING:,} uploads are waiting already. Try again soon.")
                connection.execute(insert(jobs), row)
                connection.execute(insert(uploaders), {"job_id": identifier, "actor": actor})
        except BaseException:
            self._uploads.drop(identifier)
            raise
        self._forget()
        return Job(identifier, store, source, created_at=str(row["created_at"]))

    def get(self, store: str, job_id: str) -> Job:
        """A job of a store. Raises NotFound."""
        with self._engine.begin() as connection:
            query = select(jobs).where(jobs.c.id == job_id, jobs.c.store == store)
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"There is no job {job_id[:64]!r} in store {store!r}.")
        return job_of(row)

    def of_store(self, store: str, most: int = 100) -> list[Job]:
        """The last jobs of a store, the latest first."""
        query = select(jobs).where(jobs.c.store == store).order_by(jobs.c.number.desc())
        with self._engine.begin() as connection:
            return [job_of(row) for row in connection.execute(query.limit(most))]

    def cancel(self, store: str, job_id: str) -> Job:
        """Take back an upload that waits or is being read: one whose document is in the store by
        then is done after all. Raises NotFound, and InvalidInput once it has ended."""
        job = self.get(store, job_id)
        ended = _now()
        if self._move(job_id, "queued", "cancelled", ended_at=ended):
            self._uploads.drop(job_id)
        elif not self._move(job_id, "running", "cancelled", ended_at=ended):
            raise InvalidInput(f"This upload is {job.state} already. Delete the document instead.")
        return self.get(store, job_id)

    def retry(self, store: str, job_id: str) -> Job:
        """Queue an upload again that failed. Raises NotFound, and InvalidInput for any other."""
        job = self.get(store, job_id)
        again = {"attempts": 0, "reason": "", "ended_at": "", "chunks_done": 0}
        if not self._move(job_id, "failed", "queued", **again):
            raise InvalidInput(f"This upload is {job.state}; only one that failed is tried again.")
        return self.get(store, job_id)

    # The worker's side

    @contextmanager
    def working(self, wait_seconds: float) -> Iterator[bool]:
        """Whether this process is the one that works, for as long as it does. What another left
        unfinished is queued again first."""
        try:
            with self._lock.acquire(timeout=wait_seconds):
                self._recover()
                yield True
        except Timeout:
            yield False

    def _recover(self) -> None:
        running = jobs.c.state == "running"
        given_up = "It ended the program that read it, more than once. Convert or split the file."
        with self._engine.begin() as connection:
            connection.execute(
                update(jobs)
                .where(running, jobs.c.attempts >= MAX_ATTEMPTS)
                .values(state="failed", reason=given_up, ended_at=_now())
            )
            connection.execute(update(jobs).where(running).values(state="queued"))
            found = self._uploads.names()
            query = select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(found))
            states = {row.id: row.state for row in connection.execute(query)}
        for job_id in found:
            if states.get(job_id) in ("done", "cancelled"):  # killed before it was dropped
                self._uploads.drop(job_id)
            elif job_id not in states:
                self._uploads.drop_if_forgotten(job_id)

    def take(self) -> tuple[Job, dict[str, str]] | None:
        """The job that waited longest, now running, with what was given beside its bytes."""
        with self._engine.begin() as connection:
            query = select(jobs).where(jobs.c.state == "queued").order_by(jobs.c.number)
            row = connection.execute(query.limit(1)).first()
            if row is None:
                return None
            connection.execute(
                update(jobs)
                .where(jobs.c.id == row.id)
                .values(state="running", attempts=row.attempts + 1)
            )
        return job_of(row), json.loads(row.given)

    def bytes_of(self, job_id: str) -> bytes:
        """What was uploaded. Raises OSError."""
        return self._uploads.read(job_id)

    def progress(self, job_id: str, done: int, total: int) -> bool:
        """Note how many chunks are embedded; False when the job was cancelled."""
        return self._move(job_id, "running", "running", chunks_done=done, chunks_total=total)

    def finish(self, job_id: str, document_id: str, conflicts: int = 0) -> None:
        """The document is in the store; its bytes aren't needed any more."""
        ended = {"document_id": document_id, "conflicts": conflicts, "ended_at": _now()}
        if not self._move(job_id, "running", "done", **ended):
            self._move(job_id, "cancelled", "done", **ended)
        self._uploads.drop(job_id)
        with self._engine.begin() as connection:
            job = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        if job:  # an earlier version that failed must not come back by another try
            earlier = (jobs.c.number < job.number, jobs.c.state == "failed")
            self._take_back(job.store, job.source, *earlier)

    def fail(self, job_id: str, reason: str) -> None:
        """It can't be read; the bytes stay for another try."""
        self._move(job_id, "running", "failed", reason=reason, ended_at=_now())

    def put_back(self, job_id: str) -> None:
        """A worker that was told to stop leaves a job to the next one, as if it had not begun; the
        bytes of a cancelled one are dropped."""
        if not self._move(job_id, "running", "queued", attempts=0, chunks_done=0):
            self._uploads.drop(job_id)

    def withdraw(self, store: str, source: str) -> None:
        """Take back every upload of a document that has not ended, or that failed and could be
        tried again, with its bytes: the document is about to be deleted."""
        self._take_back(store, source, jobs.c.state.in_(("queued", "running", "failed")))

    def _take_back(self, store: str, source: str, *which: ColumnElement[bool]) -> None:
        of_it = and_(jobs.c.store == store, jobs.c.source == source, *which)
        with self._engine.begin() as connection:
            gone = list(connection.execute(select(jobs.c.id).where(of_it)).scalars())
            connection.execute(
                update(jobs).where(jobs.c.id.in_(gone)).values(state="cancelled", ended_at=_now())
            )
        for job_id in gone:
            self._uploads.drop(job_id)

    def forget_store(self, store: str) -> None:
        """Drop a deleted store's jobs and bytes."""
        with self._engine.begin() as connection:
            query = select(jobs.c.id).where(jobs.c.store == store)
            gone = list(connection.execute(query).scalars())
            connection.execute(delete(uploaders).where(uploaders.c.job_id.in_(gone)))
            connection.execute(delete(jobs).where(jobs.c.store == store))
        for job_id in gone:
            self._uploads.drop(job_id)

    @contextmanager
    def renaming(self, store: str, new: str) -> Iterator[None]:
        """A store gets another name within, and its jobs with it; nobody takes one meanwhile.
        Raises Busy while one of them is being read."""
        with self._engine.begin() as connection:
            running = jobs.c.store == store, jobs.c.state == "running"
            if connection.execute(select(jobs.c.id).where(*running)).first():
                raise Busy(f"A file is being read into store {store!r}. Try again when it is in.")
            connection.execute(update(jobs).where(jobs.c.store == store).values(store=new))
            yield

    def count_waiting(self) -> int:
        """How many uploads wait or are being read."""
        count = select(func.count()).where(jobs.c.state.not_in(_ENDED))
        with self._engine.begin() as connection:
            return int(connection.scalar(count) or 0)

    def uploader(self, job_id: str) -> str:
        """Who uploaded it, as `add` was told; "" when it wasn't."""
        query = select(uploaders.c.actor).where(uploaders.c.job_id == job_id)
        with self._engine.begin() as connection:
            return str(connection.scalar(query) or "")

    def _move(self, job_id: str, before: State, after: State, **values: object) -> bool:
        query = update(jobs).where(jobs.c.id == job_id, jobs.c.state == before)
        with self._engine.begin() as connection:
            return bool(connection.execute(query.values(state=after, **values)).rowcount)

    def _forget(self) -> None:
        ended = select(jobs.c.id).where(jobs.c.state.in_(_ENDED)).order_by(jobs.c.number.desc())
        with self._engine.begin() as connection:
            old = list(connection.execute(ended.offset(MAX_REMEMBERED)).scalars())
            if old:
                connection.execute(delete(jobs).where(jobs.c.id.in_(old)))
                connection.execute(delete(uploaders).where(uploaders.c.job_id.in_(old)))
        for job_id in old:
            self._uploads.drop(job_id)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
