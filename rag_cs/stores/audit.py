"""The audit trail: who changed what in which store, when, and whether it worked.

Entries are only ever added: triggers refuse to change or remove one, and each entry's SHA-256
covers the one before it, so that whatever was done to the file by other means is found by `verify`.
The file lies beside the stores and outlives each of them. It holds names of stores, files and keys,
and never what a document says or anybody asks.

What is about to be done is written down first, and becomes an entry when it was: so a change has
its entry even when the program ended before it could make one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, insert, or_, select
from sqlalchemy.exc import DatabaseError, OperationalError

from rag_cs.errors import Busy, IndexDamaged
from rag_cs.stores.entries import (
    FIRST_HASH,
    Action,
    Entry,
    Outcome,
    append,
    begun,
    claim,
    entries,
    life_of,
    now,
    number_of,
    open_entries,
)
from rag_cs.stores.folders import check_store_name

log = logging.getLogger(__name__)
COMMAND_LINE = "command line"
MAX_PAGE = 1_000
# After so long, whoever began something doesn't live any more to say how it ended.
LEFT_OPEN = timedelta(hours=1)
# A leading dot: no store can have this name.
_NAME = ".audit.sqlite"
_MAX_TARGET = 300


@dataclass(slots=True)
class Change:
    """A change under way, of which more may be known by its end. With no `outcome` there was
    nothing to it after all, and no entry is made."""

    actor: str
    action: Action
    store: str
    target: str = ""
    outcome: Outcome | None = "done"

    def note_file(self, outcome: Literal["added", "replaced", "unchanged", "failed"]) -> None:
        """What became of the file that it is about."""
        if outcome == "replaced":
            self.action = "document.replace"
        elif outcome != "added":
            self.outcome = outcome

    @property
    def fields(self) -> dict[str, str]:
        """What an entry says of it, but for its outcome."""
        target = self.target[:_MAX_TARGET]
        named = {"actor": self.actor, "action": self.action, "store": self.store}
        return {**named, "target": target}


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` read: how many sound entries, the last one's hash, and what is wrong after it
    ("" if nothing)."""

    entries: int
    last: str
    fault: str = ""


class AuditTrail:
    """The trail of one installation. Safe to share between threads and processes.

    Everything raises Busy where the file can't be written, before anything was changed, and
    IndexDamaged where it is no audit trail of this version.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._file = root / _NAME
        self._engine = open_entries(self._file)
        with self._writing() as connection:
            claim(connection, self._file)
        self._file.chmod(0o600)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def change(self, actor: str, action: Action, store: str, target: str = "") -> Iterator[Change]:
        """Something that is changed within: noted before, an entry after. An exception makes it
        `failed` and goes on, unless the outcome was set to something else before."""
        change = Change(actor, action, store, target)
        with self._writing() as connection:
            noted = insert(begun).values(time=now(), **change.fields).returning(begun.c.number)
            number = connection.execute(noted).scalar_one()
        try:
            yield change
        except BaseException:
            if change.outcome == "done":
                change.outcome = "failed"
            raise
        finally:
            self._end(number, change)

    def _end(self, number: int, change: Change) -> None:
        try:
            with self._writing() as connection:
                connection.execute(delete(begun).where(begun.c.number == number))
                _close_left_open(connection)
                if change.outcome:
                    append(connection, change.fields, change.outcome)
        except Busy as error:  # it was done all the same, and what was noted before stays
            log.error("an entry of the audit trail can't be written", exc_info=error)

    def of_store(self, store: str, before: str = "", most: int = 100) -> list[Entry]:
        """What happened to a store, the latest first, since it was made or restored, under earlier
        names too; only before the entry whose hash is `before`. Raises NotFound for an unknown one.
        """
        check_store_name(store)
        with self._writing() as connection:
            lives = or_(*life_of(connection, store))
            query = select(entries).where(lives).order_by(entries.c.number.desc())
            if before:
                query = query.where(entries.c.number < number_of(connection, before))
            rows = connection.execute(query.limit(min(most, MAX_PAGE))).all()
        return [Entry.of(row) for row in rows]

    def export(self, stores: Sequence[str] | None) -> Iterator[Entry]:
        """Every entry, the oldest first, that ever named one of the stores; with None all there
        are. Read in pieces, so that a long trail needs no memory."""
        named = None
        if stores is not None:
            names = [check_store_name(name) for name in stores]
            renamed = and_(entries.c.action == "store.rename", entries.c.target.in_(names))
            named = or_(entries.c.store.in_(names), renamed)
        yield from (Entry.of(row) for row in self._rows(named))

    def verify(self, expected: str = "") -> Verified:
        """Read the trail whole: each entry's hash must be that of its fields and of the entry
        before it, and none may be missing. `expected` is the last hash that an earlier run told:
        what was cut off or written anew since then is found by it, and by nothing else."""
        last, count, known = FIRST_HASH, 0, not expected
        given = self._given_numbers()
        for row in self._rows(None):
            entry = Entry.of(row)
            if row.number != count + 1:
                return Verified(count, last, f"entry {count + 1} is missing")
            if entry.sha256 != entry.hash_after(last):
                return Verified(count, last, f"entry {count + 1}, of {entry.time}, was changed")
            last, count = entry.sha256, count + 1
            known = known or last == expected
        if count < given:
            return Verified(count, last, f"entry {count + 1} is missing")
        return Verified(count, last, "" if known else f"no entry has the hash {expected[:64]}")

    def _rows(self, condition: Any) -> Iterator[Any]:
        with self._writing() as connection:
            _close_left_open(connection)
        number = 0
        while True:
            query = select(entries).where(entries.c.number > number).order_by(entries.c.number)
            query = query if condition is None else query.where(condition)
            with self._writing() as connection:
                rows = connection.execute(query.limit(MAX_PAGE)).all()
            yield from rows
            if len(rows) < MAX_PAGE:
                return
            number = rows[-1].number

    def _given_numbers(self) -> int:
        """How many entries there ever were, by SQLite's own count."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"
        with self._writing() as connection:
            return int(connection.exec_driver_sql(query).scalar() or 0)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            code = getattr(error.orig, "sqlite_errorname", "")
            if code in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                raise IndexDamaged(
                    f"The audit trail {self._file} is damaged ({error.orig}). Put it aside, and "
                    "restore it from a backup if there is one: a new one is begun without it."
                ) from error
            if not isinstance(error, OperationalError):
                raise
            raise Busy(
                f"The audit trail {self._file.name} can't be written ({error.orig}), so nothing "
                "was changed. Make room or give the program leave to write, then try again."
            ) from error


def _close_left_open(connection: Connection) -> None:
    """What was begun long ago and never ended."""
    long_ago = (datetime.now(UTC) - LEFT_OPEN).isoformat(timespec="milliseconds")
    for row in connection.execute(select(begun).where(begun.c.time < long_ago)).all():
        connection.execute(delete(begun).where(begun.c.number == row.number))
        values = {name: getattr(row, name) for name in ("actor", "action", "store", "target")}
        append(connection, values, "unknown")
