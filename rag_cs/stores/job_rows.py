"""The rows of the ledger of uploads: their tables, and what is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, select

from rag_cs.errors import InvalidInput
from rag_cs.index.migrate import Schema

State = Literal["queued", "running", "done", "failed", "cancelled"]

metadata = MetaData()
jobs = Table(
    "jobs",
    metadata,
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
# Apart, so that ledgers made before there was this stay as they are.
uploaders = Table(
    "uploaders",
    metadata,
    Column("job_id", String, primary_key=True),
    Column("actor", String, nullable=False),
)
SCHEMA = Schema(metadata, Path(__file__).parent / "revisions" / "jobs")
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


def known(connection: Connection, store: str, key: str, digest: str) -> Job | None:
    """The job of an idempotency key, if there is one. Raises InvalidInput when its upload was
    another."""
    if not key:
        return None
    query = select(jobs).where(jobs.c.store == store, jobs.c.idempotency_key == key)
    row = connection.execute(query).first()
    if row is None:
        return None
    if row.sha256 != digest:
        raise InvalidInput("This Idempotency-Key came with another upload before. Use a new one.")
    return job_of(row)


def waiting(connection: Connection) -> int:
    """How many wait."""
    count = select(func.count()).where(jobs.c.state == "queued")
    return int(connection.scalar(count) or 0)


def job_of(row: Any) -> Job:
    """The job of a row."""
    return Job(**{name: getattr(row, name) for name in _SHOWN})
