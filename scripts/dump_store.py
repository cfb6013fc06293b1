"""Write a store's database as SQL: the fixture of its schema, for the revisions that will follow.

    python scripts/dump_store.py indexes/demo > tests/data/stores/r0004.sql

Run it with the program that made the store, before a schema changes; `tests/index/test_migrate.py`
brings every file in that folder up to date. Unlike sqlite3's own dump it knows full-text tables.
"""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

# What FTS5 keeps its index in: it makes these tables, and fills them, itself.
_SHADOWS = ("_data", "_idx", "_content", "_docsize", "_config")


def main() -> None:
    """Parse arguments, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path, help="a store's folder")
    path: Path = parser.parse_args().store / "store.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for statement in statements(connection):
            print(f"{statement};")


def statements(connection: sqlite3.Connection) -> Iterator[str]:
    """Whatever makes the database again, tables first."""
    kept = "SELECT name, sql FROM sqlite_master WHERE type = ? AND sql IS NOT NULL ORDER BY rowid"
    made = connection.execute(kept, ("table",)).fetchall()
    whole = [name for name, sql in made if "fts5(" in sql]
    shadows = {name + ending for name in whole for ending in _SHADOWS}
    tables = [each for each in made if each[0] not in shadows and each[0] != "sqlite_sequence"]
    for _, sql in tables:
        yield sql
    for name, sql in tables:
        if "fts5vocab" not in sql:
            yield from _rows(connection, name, "rowid, " if name in whole else "")
    yield "DELETE FROM sqlite_sequence"
    yield from _rows(connection, "sqlite_sequence", "")
    for _, sql in connection.execute(kept, ("index",)):
        yield sql


def _rows(connection: sqlite3.Connection, table: str, key: str) -> Iterator[str]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    named = key + ", ".join(f'"{column}"' for column in columns)
    for row in connection.execute(f"SELECT {named} FROM {table}"):
        marks = ", ".join("?" * len(row))
        values = connection.execute(
            f"SELECT {', '.join(f'quote({m})' for m in marks.split(', '))}", row
        )
        yield f"INSERT INTO {table} ({named}) VALUES ({', '.join(values.fetchone())})"


if __name__ == "__main__":
    main()
