"""The ledger of uploads: what was taken in, how far it is, and the bytes until it is done.

An upload is safe once `add` returns: its bytes and its entry are on disk. One worker at a time
works through the ledger (`working`); what a worker left unfinished when its process ended begins
again, and is given up after `MAX_ATTEMPTS`, so that a file that kills its worker blocks no other.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from rag_cs.errors import Busy, InvalidInput, NotFound
from rag_cs.index.migrate import Schema
from rag_cs.index.sqlite import open_sqlite

State = Literal["queued", "running", "done", "failed", "cancelled"]
MAX_WAITING = 1_000
# Ended jobs that are remembered; the oldest are forgotten first, with the bytes of failed ones.
MAX_REMEMBERED = 10_000
MAX_ATTEMPTS = 3
_MAX_KEY = 200
# Leading dots: no store can have these names.
_LEDGER, _UPLOADS, _LOCK = ".jobs.sqlite", ".uploads", ".jobs.lock"
_ENDED = ("done", "failed", "cancelled")

_metadata = MetaData()
_jobs = Table(
    "jobs",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("store", String, nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("given", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("idempotency_key", String, nullable=False, index=True),
    Column("state", String, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("chunks_done", Integer, nullable=False),
    Column("chunks_total", Integer, nullable=False),
    Column("document_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("conflicts", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("ended_at", String, nullable=False),
    sqlite_autoincrement=True,
)
SCHEMA = Schema(_metadata, Path(__file__).parent / "revisions" / "jobs")
_SHOWN = ("id", "store", "source", "state", "attempts", "chunks_done", "chunks_total",
          "document_id", "reason", "conflicts", "created_at", "ended_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One upload as it stands. `conflicts` is in how many places it disagrees with its store; times
    are UTC, ISO 8601, "" for not yet."""

    id: str
    store: str
    source: str
    state: State = "queued"
    attempts: int = 0
    chunks_done: int = 0
    chunks_total: int = 0
    document_id: str = ""
    reason: str = ""
    conflicts: int = 0
    created_at: str = ""
    ended_at: str = ""


class JobLedger:
    """The uploads of one installation. Safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._uploads = root / _UPLOADS
        self._uploads.mkdir(exist_ok=True)
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
    ) -> Job:
        """Take an upload in. The same key with the same upload gives the job that there is.

        Raises InvalidInput for an endless key or one that came with another upload, and Busy when
        too many wait.
        """
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
        self._keep(identifier, data)
        try:
            with self._engine.begin() as connection:
                if known := _known(connection, store, idempotency_key, digest):
                    self._drop(identifier)
                    return known
                if _waiting(connection) >= MAX_WAITING:
                    raise Busy(f"{MAX_WAITING:,} uploads are waiting already. Try again soon.")
                connection.execute(insert(_jobs), row)
        except BaseException:
            self._drop(identifier)
            raise
        self._forget()
        return Job(identifier, store, source, created_at=str(row["created_at"]))

    def get(self, store: str, job_id: str) -> Job:
        """A job of a store. Raises NotFound."""
        with self._engine.begin() as connection:
            query = select(_jobs).where(_jobs.c.id == job_id, _jobs.c.store == store)
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"There is no job {job_id[:64]!r} in store {store!r}.")
        return _job(row)

    def of_store(self, store: str, most: int = 100) -> list[Job]:
        """The last jobs of a store, the latest first."""
        query = select(_jobs).where(_jobs.c.store == store).order_by(_jobs.c.number.desc())
        with self._engine.begin() as connection:
            return [_job(row) for row in connection.execute(query.limit(most))]

    def cancel(self, store: str, job_id: str) -> Job:
        """Take back an upload that waits or is being read: one whose document is in the store by
        then is done after all. Raises NotFound, and InvalidInput once it has ended."""
        job = self.get(store, job_id)
        ended = _now()
        if self._move(job_id, "queued", "cancelled", ended_at=ended):
            self._drop(job_id)
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
        running = _jobs.c.state == "running"
        given_up = "It ended the program that read it, more than once. Convert or split the file."
        with self._engine.begin() as connection:
            connection.execute(
                update(_jobs)
                .where(running, _jobs.c.attempts >= MAX_ATTEMPTS)
                .values(state="failed", reason=given_up, ended_at=_now())
            )
            connection.execute(update(_jobs).where(running).values(state="queued"))

    def take(self) -> tuple[Job, dict[str, str]] | None:
        """The job that waited longest, now running, with what was given beside its bytes."""
        with self._engine.begin() as connection:
            query = select(_jobs).where(_jobs.c.state == "queued").order_by(_jobs.c.number)
            row = connection.execute(query.limit(1)).first()
            if row is None:
                return None
            connection.execute(
                update(_jobs)
                .where(_jobs.c.id == row.id)
                .values(state="running", attempts=row.attempts + 1)
            )
        return _job(row), json.loads(row.given)

    def bytes_of(self, job_id: str) -> bytes:
        """What was uploaded. Raises OSError."""
        return (self._uploads / job_id).read_bytes()

    def progress(self, job_id: str, done: int, total: int) -> bool:
        """Note how many chunks are embedded; False when the job was cancelled."""
        return self._move(job_id, "running", "running", chunks_done=done, chunks_total=total)

    def finish(self, job_id: str, document_id: str, conflicts: int = 0) -> None:
        """The document is in the store; its bytes aren't needed any more."""
        ended = {"document_id": document_id, "conflicts": conflicts, "ended_at": _now()}
        if not self._move(job_id, "running", "done", **ended):
            self._move(job_id, "cancelled", "done", **ended)
        self._drop(job_id)

    def fail(self, job_id: str, reason: str) -> None:
        """It can't be read; the bytes stay for another try."""
        self._move(job_id, "running", "failed", reason=reason, ended_at=_now())

    def put_back(self, job_id: str) -> None:
        """A worker that was told to stop leaves a job to the next one, as if it had not begun; the
        bytes of a cancelled one are dropped."""
        if not self._move(job_id, "running", "queued", attempts=0, chunks_done=0):
            self._drop(job_id)

    def forget_store(self, store: str) -> None:
        """Drop a deleted store's jobs and bytes."""
        with self._engine.begin() as connection:
            query = select(_jobs.c.id).where(_jobs.c.store == store)
            gone = list(connection.execute(query).scalars())
            connection.execute(delete(_jobs).where(_jobs.c.store == store))
        for job_id in gone:
            self._drop(job_id)

    def _move(self, job_id: str, before: State, after: State, **values: object) -> bool:
        query = update(_jobs).where(_jobs.c.id == job_id, _jobs.c.state == before)
        with self._engine.begin() as connection:
            return bool(connection.execute(query.values(state=after, **values)).rowcount)

    def _forget(self) -> None:
        ended = select(_jobs.c.id).where(_jobs.c.state.in_(_ENDED)).order_by(_jobs.c.number.desc())
        with self._engine.begin() as connection:
            old = list(connection.execute(ended.offset(MAX_REMEMBERED)).scalars())
            if old:
                connection.execute(delete(_jobs).where(_jobs.c.id.in_(old)))
        for job_id in old:
            self._drop(job_id)

    def _keep(self, job_id: str, data: bytes) -> None:
        with (self._uploads / job_id).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "O_DIRECTORY"):  # the name too must survive a power cut
            folder = os.open(self._uploads, os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)

    def _drop(self, job_id: str) -> None:
        (self._uploads / job_id).unlink(missing_ok=True)


def _known(connection: Connection, store: str, key: str, digest: str) -> Job | None:
    if not key:
        return None
    query = select(_jobs).where(_jobs.c.store == store, _jobs.c.idempotency_key == key)
    row = connection.execute(query).first()
    if row is None:
        return None
    if row.sha256 != digest:
        raise InvalidInput("This Idempotency-Key came with another upload before. Use a new one.")
    return _job(row)


def _waiting(connection: Connection) -> int:
    count = select(func.count()).where(_jobs.c.state == "queued")
    return int(connection.scalar(count) or 0)


def _job(row: Any) -> Job:
    return Job(**{name: getattr(row, name) for name in _SHOWN})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
