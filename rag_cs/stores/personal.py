"""What a store keeps of its shoppers: for how long, and how it is shown or erased on request.

What is deleted here is overwritten in the database's pages, not just unlinked, and the write-ahead
log is emptied, as soon as no reader holds it. Backups keep what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, select

from rag_cs.errors import InvalidInput, NotFound
from rag_cs.index.schema import (
    DATABASE_NAME,
    conversation_subjects,
    conversations,
    open_database,
    privacy,
)
from rag_cs.stores.conversations import subject_hash

MAX_RETENTION_DAYS = 36_500
_RETENTION = "retention_days"
# For which emptying the write-ahead log waits for readers; it is emptied the next time otherwise.
_PATIENCE_MILLISECONDS = 1_000
# SQLite leaves copies of rows that it moved from page to page, one in some thousand, in the space
# between others. Whole pages that become free are overwritten: so every page is made free once.
_REWRITE = (
    "CREATE TABLE conversations_kept AS SELECT * FROM conversations",
    "CREATE TABLE sources_kept AS SELECT * FROM turn_sources",
    "DELETE FROM conversations",  # and with them what says which documents they quote
    "INSERT INTO conversations SELECT * FROM conversations_kept ORDER BY number",
    "INSERT INTO turn_sources SELECT * FROM sources_kept",
    "DROP TABLE conversations_kept",
    "DROP TABLE sources_kept",
)


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """One message as it is stored; the time is UTC, ISO 8601."""

    role: str
    text: str
    created_at: str


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation whole, oldest turn first."""

    conversation_id: str
    turns: tuple[StoredTurn, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """A conversation that is gone, or its oldest part, and how many turns that were."""

    conversation_id: str
    turns: int


class PersonalData:
    """What one store keeps of its shoppers. `default_days` is for a store that states nothing."""

    def __init__(self, engine: Engine, default_days: int) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._default_days = default_days

    def retention_days(self) -> int:
        """For how many days a turn is kept; 0 when nothing is stored at all."""
        with self._engine.begin() as connection:
            value = connection.scalar(select(privacy.c.value).where(privacy.c.name == _RETENTION))
        return self._default_days if value is None else int(value)

    def set_retention(self, days: int | None) -> None:
        """Keep turns for so many days, or as the settings say (None). Raises InvalidInput."""
        if days is not None and not 0 <= days <= MAX_RETENTION_DAYS:
            raise InvalidInput(f"Retention is 0 to {MAX_RETENTION_DAYS:,} days, not {days}.")
        with self._writer.begin() as connection:
            connection.execute(delete(privacy).where(privacy.c.name == _RETENTION))
            if days is not None:
                connection.execute(insert(privacy).values(name=_RETENTION, value=str(days)))

    def conversation(self, conversation_id: str) -> StoredConversation:
        """All that is stored of a conversation. Raises NotFound."""
        with self._engine.begin() as connection:
            turns = _turns(connection, conversation_id)
        if not turns:
            raise NotFound(f"There is no conversation {conversation_id[:64]!r} in this store.")
        return StoredConversation(conversation_id, turns)

    def of_subject(self, subject: str) -> list[StoredConversation]:
        """All that is stored of a subject, by conversation. Raises NotFound."""
        with self._writer.begin() as connection:
            names = _conversations_of(connection, subject)
            return [StoredConversation(name, _turns(connection, name)) for name in names]

    def erase_conversation(self, conversation_id: str) -> list[Erased]:
        """Delete a conversation. Raises NotFound."""
        with self._erasing() as connection:
            if not _turns(connection, conversation_id):
                raise NotFound(f"There is no conversation {conversation_id[:64]!r} in this store.")
            return _erase(connection, [conversation_id])

    def erase_subject(self, subject: str) -> list[Erased]:
        """Delete every conversation of a subject, and that there was one. Raises NotFound."""
        with self._erasing() as connection:
            return _erase(connection, _conversations_of(connection, subject))

    def purge(self, now: datetime | None = None) -> list[Erased]:
        """Delete the turns that were kept long enough at `now`."""
        oldest = (now or datetime.now(UTC)) - timedelta(days=self.retention_days())
        if self.retention_days() == 0:
            oldest = datetime.max.replace(tzinfo=UTC)
        old = conversations.c.created_at < oldest.isoformat(timespec="seconds")
        count = select(conversations.c.conversation_id, func.count().label("turns"))
        query = count.where(old).group_by(conversations.c.conversation_id)
        with self._engine.begin() as connection:
            due = [Erased(row.conversation_id, row.turns) for row in connection.execute(query)]
        if due:
            with self._erasing() as connection:
                connection.execute(delete(conversations).where(old))
                rest = select(conversations.c.conversation_id)
                without = conversation_subjects.c.conversation_id.not_in(rest)
                connection.execute(delete(conversation_subjects).where(without))
        return due

    @contextmanager
    def _erasing(self) -> Iterator[Connection]:
        """A transaction whose deletions leave nothing behind in the file or in its log."""
        with self._writer.begin() as connection:
            yield connection
            for statement in _REWRITE:
                connection.exec_driver_sql(statement)
        with closing(self._engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_PATIENCE_MILLISECONDS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            cursor.execute("PRAGMA busy_timeout=30000")


@contextmanager
def open_personal(folder: Path, default_days: int) -> Iterator[PersonalData]:
    """What the store in a folder keeps of its shoppers, without opening its index. Raises
    IndexDamaged."""
    engine = open_database(folder / DATABASE_NAME)
    try:
        yield PersonalData(engine, default_days)
    finally:
        engine.dispose()


def _turns(connection: Connection, conversation_id: str) -> tuple[StoredTurn, ...]:
    table = conversations.c
    query = select(table.role, table.text, table.created_at).where(
        table.conversation_id == conversation_id
    )
    rows = connection.execute(query.order_by(table.number))
    return tuple(StoredTurn(row.role, row.text, row.created_at) for row in rows)


def _conversations_of(connection: Connection, subject: str) -> list[str]:
    hashed = subject_hash(connection, subject)
    query = select(conversation_subjects.c.conversation_id).where(
        conversation_subjects.c.subject == hashed
    )
    names = sorted(connection.scalars(query))
    if not names:
        raise NotFound("Nothing is stored of this subject in this store.")
    return names


def _erase(connection: Connection, names: Sequence[str]) -> list[Erased]:
    erased = []
    for name in names:
        turns = connection.execute(
            delete(conversations).where(conversations.c.conversation_id == name)
        )
        connection.execute(
            delete(conversation_subjects).where(conversation_subjects.c.conversation_id == name)
        )
        erased.append(Erased(name, turns.rowcount))
    return erased
