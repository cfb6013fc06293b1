"""The few named facts of a store: what it was made with, and how many writes it has seen."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from rag_cs.errors import InvalidInput
from rag_cs.index.schema import SCHEMA_VERSION, facts

_GENERATION = "SELECT value FROM facts WHERE name = 'generation'"


def claim(connection: Connection, folder: Path, embedder: str, dimensions: int) -> None:
    """Record what a store's folder was made with, or compare: raises InvalidInput when the program
    runs with something else."""
    wanted = {"schema": SCHEMA_VERSION, "embedder": embedder, "dimensions": str(dimensions)}
    rows = connection.execute(select(facts.c.name, facts.c.value)).all()
    held: dict[str, str] = {row.name: row.value for row in rows}
    if not held:
        for name, value in wanted.items():
            set_fact(connection, name, value)
        return
    for name, value in wanted.items():
        if held.get(name) != value:
            raise InvalidInput(
                f"Store {folder.name!r} was built with {name} {held.get(name)!r}, and this "
                f"program runs with {value!r}. Use the former, or delete the store and ingest "
                "its documents again."
            )


def set_fact(connection: Connection, name: str, value: object) -> None:
    """Put a fact down, or another value in its place."""
    changed = connection.execute(update(facts).where(facts.c.name == name).values(value=str(value)))
    if not changed.rowcount:
        connection.execute(insert(facts).values(name=name, value=str(value)))


def fact(connection: Connection, name: str) -> str | None:
    """A fact's value; None where there is none of that name."""
    return connection.scalar(select(facts.c.value).where(facts.c.name == name))


def generation_of(connection: Connection) -> int:
    """How many writes the store has seen. Every search asks, so this is plain SQL."""
    row = connection.exec_driver_sql(_GENERATION).first()
    return int(row[0]) if row else 0


def raise_generation(connection: Connection) -> int:
    """Count a write; the new generation."""
    generation = generation_of(connection) + 1
    set_fact(connection, "generation", generation)
    return generation
