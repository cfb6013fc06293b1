"""The few named facts of a store: what it was made with, and how many writes it has seen."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, update

from rag_cs.errors import IndexDamaged, InvalidInput
from rag_cs.index.schema import facts

log = logging.getLogger(__name__)
# How many documents were deleted or replaced since the store was compacted.
ERASED = "erased"
_REPAIR = "store %s holds no token vectors: `rag-cs store verify --repair` makes them"
_GENERATION = "SELECT value FROM facts WHERE name = 'generation'"


def claim(engine: Engine, folder: Path, embedder: str, dimensions: int) -> None:
    """Record what a store's folder was made with, or compare: raises InvalidInput when the program
    runs with something else."""
    wanted = {"embedder": embedder, "dimensions": str(dimensions)}
    with engine.begin() as connection:  # nearly always there is nothing to write
        if wanted.items() <= _facts(connection).items():
            return
    with engine.execution_options(writes=True).begin() as connection:
        held = _facts(connection)
        if not held:
            held = wanted
            for name, value in wanted.items():
                set_fact(connection, name, value)
        elif _lacks_token_codes(held.get("embedder", ""), embedder):
            log.warning(_REPAIR, folder.name)
            held["embedder"] = embedder
            set_fact(connection, "embedder", embedder)
    for name, value in wanted.items():
        if held.get(name) != value:
            raise InvalidInput(
                f"Store {folder.name!r} was built with {name} {held.get(name)!r}, and this "
                f"program runs with {value!r}. Use the former, or delete the store and ingest "
                "its documents again."
            )


def _facts(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(facts.c.name, facts.c.value)).all()
    return {row.name: row.value for row in rows}


def _lacks_token_codes(held: str, wanted: str) -> bool:
    """Whether a store has the same embedder's vectors, from before it shared its tokens'."""
    return "+" not in held and held == wanted.split("+")[0] != wanted


def set_fact(connection: Connection, name: str, value: object) -> None:
    """Put a fact down, or another value in its place."""
    changed = connection.execute(update(facts).where(facts.c.name == name).values(value=str(value)))
    if not changed.rowcount:
        connection.execute(insert(facts).values(name=name, value=str(value)))


def fact(connection: Connection, name: str) -> str | None:
    """A fact's value; None where there is none of that name."""
    return connection.scalar(select(facts.c.value).where(facts.c.name == name))


def count(connection: Connection, name: str) -> int:
    """A fact that is a number; 0 where there is none of that name. Raises IndexDamaged."""
    value = fact(connection, name)
    return _number(name, value) if value is not None else 0


def generation_of(connection: Connection) -> int:
    """How many writes the store has seen. Every search asks, so this is plain SQL."""
    row = connection.exec_driver_sql(_GENERATION).first()
    return _number("generation", row[0]) if row else 0


def _number(name: str, value: str) -> int:
    if not value.isdecimal():
        raise IndexDamaged(f"The store's {name!r} is no number. Restore the store from a backup.")
    return int(value)


def raise_generation(connection: Connection) -> int:
    """Count a write; the new generation."""
    generation = generation_of(connection) + 1
    set_fact(connection, "generation", generation)
    return generation
