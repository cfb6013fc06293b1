"""Which schema a database has, and how an older one gets the newest: Alembic, inside the package.

To change a schema, change its tables (`index/schema.py`, say), and add the next file to its folder
of revisions, `r0005_what_it_does.py`, that does the same to a database that holds something:

    from alembic import op
    import sqlalchemy as sa

    revision, down_revision = "0005", "0004"

    def upgrade() -> None:
        op.create_table("audit", sa.Column("number", sa.Integer, primary_key=True), ...)

Nothing else names it: the last file's number is the newest revision. A revision states its columns
itself, since the tables of today aren't those of then. New databases are made from the tables and
take that number at once; `tests/index/test_migrate.py` holds both ways to the same result.

A database is brought up to date when it is opened, in one transaction under the write lock: when it
fails, or the process is killed, the database is what it was. No copy is made beside it, which would
keep what is deleted later. Revisions only lead forward: a newer database is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData

from rag_cs.errors import IndexDamaged, InvalidInput, RagError

_FILE = re.compile(r"r(\d{4})_\w+\.py")
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_NOTE = "alembic_version"


@dataclass(frozen=True)
class Schema:
    """What a kind of database holds today, and the folder of the revisions that led there.

    `also` are statements for what a MetaData can't say; `unnumbered` tells the revision of a
    database that was made before revisions were noted in it.
    """

    metadata: MetaData
    folder: Path
    also: Sequence[str] = ()
    unnumbered: Callable[[Connection], str] = lambda _connection: "0001"

    @cached_property
    def revisions(self) -> list[str]:
        """Every revision, the oldest first."""
        found = (_FILE.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(match[1] for match in found if match)


def bring_up_to_date(engine: Engine, schema: Schema, path: Path) -> None:
    """Make the tables of an empty database, or those of an older one what they are today.

    Raises InvalidInput for a newer database, and IndexDamaged when a revision fails.
    """
    newest = schema.revisions[-1]
    with engine.begin() as connection:  # without the write lock: nearly always there is nothing
        if revision_of(connection, schema) == newest:
            return
    with engine.execution_options(writes=True).begin() as connection:
        held = revision_of(connection, schema)
        if held is None:
            schema.metadata.create_all(connection)
            for statement in schema.also:
                connection.exec_driver_sql(statement)
            _stamp(connection, newest)
        elif held not in schema.revisions:
            raise InvalidInput(
                f"The database {path.parent.name}/{path.name} was made by a newer version of "
                f"rag-cs (it is at revision {held}, and this program ends at {newest}). Install "
                "that version, or restore a backup that this one made."
            )
        elif held != newest:
            _upgrade(connection, schema, held, path)


def revision_of(connection: Connection, schema: Schema) -> str | None:
    """The revision of a database; None when it has no table yet. Raises IndexDamaged."""
    tables = set(connection.exec_driver_sql(_TABLES).scalars())
    if _NOTE in tables:
        noted = connection.exec_driver_sql(f"SELECT version_num FROM {_NOTE}").scalars().all()  # noqa: S608
        if len(noted) != 1:
            raise IndexDamaged("The database doesn't say which revision it has. Restore a backup.")
        return str(noted[0])
    return schema.unnumbered(connection) if tables else None


def _stamp(connection: Connection, revision: str) -> None:
    """As Alembic does."""
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS {_NOTE} (version_num VARCHAR(32) NOT NULL, "
        f"CONSTRAINT {_NOTE}_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql(f"DELETE FROM {_NOTE}")  # noqa: S608
    connection.exec_driver_sql(f"INSERT INTO {_NOTE} VALUES (?)", (revision,))  # noqa: S608


def _upgrade(connection: Connection, schema: Schema, held: str, path: Path) -> None:
    _stamp(connection, held)
    try:
        run_revisions(connection, schema)
    except RagError:
        raise
    except Exception as error:
        raise IndexDamaged(
            f"The database {path.parent.name}/{path.name} can't be brought from revision {held} to "
            f"{schema.revisions[-1]} ({error}). It is as it was. Go back to the version that made "
            "it, or delete the store and ingest its documents again."
        ) from error


def run_revisions(connection: Connection, schema: Schema) -> None:
    """Every revision that a database lacks, in the transaction that `connection` is in."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(schema.folder, version_locations=[schema.folder])

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("heads", revision)  # noqa: SLF001 - as Alembic's own commands

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
