"""How a SQLite file is opened: durable, at the newest schema, and with failures in words.

WAL with synchronous=FULL: what was committed survives a power cut. What is deleted is overwritten
with zeros as far as SQLite can (`secure_delete`); `compact` does the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import ExceptionContext

from rag_cs.errors import Busy, DiskFailed, IndexDamaged, NotFound, RagError
from rag_cs.index.migrate import Schema, bring_up_to_date

# How long a writer waits for another.
TIMEOUT_SECONDS = 30.0
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-32000",
    "secure_delete=ON",
)
# What is said of damage with no code of its own: of a text that is no UTF-8 or no JSON, of tables
# that can't be made out.
_SAID = ("Could not decode to UTF-8", "malformed JSON", "no such ", "vtable constructor failed")
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REFUSED = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
}  # fmt: skip
_MOVED = {"SQLITE_CANTOPEN", "SQLITE_READONLY_DBMOVED", "SQLITE_IOERR_FSTAT"}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def open_sqlite(path: Path, schema: Schema) -> Engine:
    """An engine for the file at `path`, made with its tables when it isn't there, brought to the
    newest revision when it is older.

    Transactions that will write are opened with `execution_options(writes=True)` and take the
    write lock at once. Whatever goes wrong with the file, then or later, is a RagError:
    IndexDamaged, DiskFailed or Busy. Raises InvalidInput for a file of a newer program.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": TIMEOUT_SECONDS},
        json_serializer=partial(json.dumps, ensure_ascii=False),
        json_deserializer=_from_json,
        hide_parameters=True,  # an error would tell what was written
        max_overflow=-1,  # a request that waited for another's connection would stall the rest
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", partial(_in_words, path))
    try:
        bring_up_to_date(engine, schema, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def failure(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> RagError | None:
    """What an error of SQLite means to a user; None for one that is the program's own fault. When
    the message itself is made of damaged bytes, Python's sqlite3 fails to decode it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    name = f"{path.parent.name}/{path.name}"
    undecodable = isinstance(error, UnicodeDecodeError)
    if code in _DAMAGED or undecodable or str(error).startswith(_SAID):
        return IndexDamaged(
            f"The database {name} is damaged ({error}). Restore it from a backup, or delete the "
            "store and ingest its documents again."
        )
    if getattr(error, "sqlite_errorname", "") in _MOVED and not path.exists():
        return NotFound(
            f"Store {path.parent.name!r} was renamed or deleted meanwhile. See `rag-cs store list`."
        )
    if code in _REFUSED:
        return DiskFailed(
            f"The disk refused the database {name} ({error}). Nothing was changed: make room, or "
            "look whether the disk fails, and try again."
        )
    return Busy(f"The database {name} is busy. Try again in a moment.") if code in _BUSY else None


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Errors of plain `sqlite3` on the file at `path`, as `failure` has them."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise failure(error, path) or error from error


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise IndexDamaged("A row of the database is damaged. Restore a backup.") from None


def run_alone(engine: Engine, path: Path, statement: str) -> Sequence[int]:
    """A statement that knows no transaction; its first row, (0,) for none. Raises as any other."""
    with in_words(path), closing(engine.raw_connection()) as raw:
        row: Sequence[int] | None = raw.cursor().execute(statement).fetchone()
    return row or (0,)


def _in_words(path: Path, context: ExceptionContext) -> None:
    original = context.original_exception
    if isinstance(original, sqlite3.Error | UnicodeDecodeError) and (
        meant := failure(original, path)
    ):
        raise meant from original


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLAlchemy says when a transaction begins (see `_begin`), not Python's sqlite3.
    connection.isolation_level = None
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except UnicodeDecodeError as error:  # of these SQLAlchemy tells no listener while it connects
        raise sqlite3.DatabaseError(f"{_SAID[0]}: {error}") from error


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
