"""The entries of the audit trail: their table, what chains them, and which are a store's."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    create_engine,
    event,
    func,
    insert,
    or_,
    select,
)

from rag_cs.errors import IndexDamaged, NotFound

Action = Literal[
    "store.create", "store.rename", "store.delete", "store.export", "store.restore",
    "store.repair", "store.calibrate", "store.origins", "document.upload", "document.replace",
    "document.delete", "document.correct", "document.uncorrect", "upload.cancel", "upload.retry",
    "key.create", "key.revoke", "key.rotate",
    "store.retention", "conversation.purge", "conversation.erase", "subject.erase",
]  # fmt: skip
# `unknown`: the program ended, or was left no time, between the change and its entry.
Outcome = Literal["done", "unchanged", "refused", "failed", "unknown"]
FIRST_HASH = "0" * 64
_VERSION = 1

_metadata = MetaData()
entries = Table(
    "entries",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("time", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("store", String, nullable=False, index=True),
    Column("target", String, nullable=False, index=True),
    Column("outcome", String, nullable=False),
    Column("sha256", String, nullable=False, unique=True),
    sqlite_autoincrement=True,
)
begun = Table(
    "begun",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("time", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("store", String, nullable=False),
    Column("target", String, nullable=False),
    sqlite_autoincrement=True,
)
_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS no_{verb.lower()} BEFORE {verb} ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
# With which a name ceases to be a store's, or becomes one's.
_ENDS = ("store.delete", "store.rename")
_TURNS = ("store.create", "store.restore", "store.delete", "store.rename")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `actor` is a key's id, "this machine" or "command line"; `target` a file's name,
    a key's id, a store's new name, or what else the action is about; `time` UTC, ISO 8601.
    `sha256` is that of the entry before it and of the other fields."""

    time: str
    actor: str
    action: str
    store: str
    target: str
    outcome: str
    sha256: str = ""

    @classmethod
    def of(cls, row: Any) -> Entry:
        """From a row of the table."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    def hash_after(self, last: str) -> str:
        """What its hash must be, after an entry of hash `last`."""
        told = [getattr(self, field.name) for field in fields(self) if field.name != "sha256"]
        text = json.dumps([last, *told], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def open_entries(file: Path) -> Engine:
    """An engine for the file, whose transactions all may write."""
    engine = create_engine(
        f"sqlite:///{file}", connect_args={"timeout": 30.0}, hide_parameters=True
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def claim(connection: Connection, file: Path) -> None:
    """Make the tables, or make sure that they are of this version. Raises IndexDamaged."""
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
    if version == _VERSION:
        return
    if version:
        raise IndexDamaged(
            f"The audit trail {file} was written by a later rag-cs (its version is {version}, "
            f"this program's {_VERSION}). Install that one."
        )
    _metadata.create_all(connection)
    for trigger in _TRIGGERS:
        connection.exec_driver_sql(trigger)
    connection.exec_driver_sql(f"PRAGMA user_version = {_VERSION}")


def append(connection: Connection, values: dict[str, str], outcome: Outcome) -> None:
    """One more entry at the end of the chain."""
    query = select(entries.c.sha256).order_by(entries.c.number.desc()).limit(1)
    last = connection.scalar(query) or FIRST_HASH
    entry = Entry(now(), outcome=outcome, **values)
    connection.execute(insert(entries), asdict(entry) | {"sha256": entry.hash_after(last)})


def number_of(connection: Connection, sha256: str) -> int:
    """Where the entry of a hash stands. Raises NotFound."""
    number = connection.scalar(select(entries.c.number).where(entries.c.sha256 == sha256))
    if number is None:
        raise NotFound("There is no such page of the audit trail. Begin without a cursor.")
    return int(number)


def life_of(connection: Connection, store: str) -> list[Any]:
    """Conditions that find a store's entries: a name is one store's from when it is made, restored
    or given to it until it is deleted or renamed."""
    conditions = []
    until = int(connection.scalar(select(func.max(entries.c.number))) or 0)
    while True:
        turn = connection.execute(_turn(store, until)).first()
        after = turn.number if turn else 0
        span = entries.c.number.between(after + 1, until)
        conditions.append(and_(entries.c.store == store, span))
        if turn is None or (turn.store == store and turn.action in _ENDS):
            return conditions
        conditions.append(entries.c.number == after)
        if turn.action != "store.rename":
            return conditions
        store, until = turn.store, after - 1


def _turn(store: str, until: int) -> Any:
    """The last entry up to `until` with which a name became a store's, or ceased to be one's."""
    here = and_(entries.c.store == store, entries.c.action.in_(_TURNS))
    given = and_(entries.c.target == store, entries.c.action == "store.rename")
    done = entries.c.outcome == "done"
    query = select(entries).where(or_(here, given), done, entries.c.number <= until)
    return query.order_by(entries.c.number.desc()).limit(1)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy says when a transaction begins
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
