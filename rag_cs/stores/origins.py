"""Whose pages may use a store from a browser: origins as https://shop.example, none by default."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    delete,
    exists,
    insert,
    select,
    update,
)

from rag_cs.errors import InvalidInput
from rag_cs.stores.folders import check_store_name

MAX_ORIGINS = 50
_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?")

metadata = MetaData()
_origins = Table(
    "origins",
    metadata,
    Column("store", String, primary_key=True),
    Column("origin", String, primary_key=True),
)


class Origins:
    """The lists of every store. They lie with the keys: both say who may use what."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    def of(self, store: str) -> tuple[str, ...]:
        """Those of a store, in order."""
        query = select(_origins.c.origin).where(_origins.c.store == store)
        with self._engine.begin() as connection:
            return tuple(connection.scalars(query.order_by(_origins.c.origin)))

    def is_known(self, origin: str) -> bool:
        """Whether any store has it."""
        with self._engine.begin() as connection:
            return bool(connection.scalar(select(exists().where(_origins.c.origin == origin))))

    def set(self, store: str, origins: Sequence[str]) -> tuple[str, ...]:
        """Put others in the place of a store's; what they are now. Raises InvalidInput for what is
        no origin, and for too many."""
        chosen = sorted({check_origin(origin) for origin in origins})
        if len(chosen) > MAX_ORIGINS:
            raise InvalidInput(f"A store can have {MAX_ORIGINS} origins, and these are more.")
        check_store_name(store)
        with self._writer.begin() as connection:
            forget(connection, store)
            if chosen:
                rows = [{"store": store, "origin": origin} for origin in chosen]
                connection.execute(insert(_origins), rows)
        return tuple(chosen)


def check_origin(origin: str) -> str:
    """`origin` as browsers send it. Raises InvalidInput for anything else, "*" and "null" too."""
    usual = origin.strip().rstrip("/").lower()
    scheme, _, rest = usual.partition("://")
    usual = usual.removesuffix(":443" if scheme == "https" else ":80")
    if not _ORIGIN.fullmatch(usual):
        raise InvalidInput(
            f"{origin[:60]!r} is no origin. Write a scheme and a host alone, as in "
            f"https://shop.example or http://localhost:3000{_punycode(rest)}."
        )
    return usual


def _punycode(host: str) -> str:
    return "" if host.isascii() else " (a host in other letters as its xn-- form)"


def forget(connection: Connection, store: str) -> None:
    """Drop a store's list."""
    connection.execute(delete(_origins).where(_origins.c.store == store))


def rename(connection: Connection, store: str, new: str) -> None:
    """A store's list follows it."""
    forget(connection, new)
    connection.execute(update(_origins).where(_origins.c.store == store).values(store=new))
