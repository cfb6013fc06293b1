"""API keys: who holds one, what it opens, when it was last used. The keys themselves aren't kept.

A key is 256 random bits behind an id, shown once; its SHA-256 is stored, which for random bits is
as good as a slow hash. The table lies beside the stores, so that it outlives each of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import (
    Column,
    Connection,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from rag_cs.errors import Busy, DiskFailed, Exists, InvalidInput, NotFound
from rag_cs.index.migrate import Schema
from rag_cs.index.sqlite import open_sqlite
from rag_cs.stores import origins
from rag_cs.stores.folders import check_store_name
from rag_cs.stores.origins import Origins

Role = Literal["shopper", "evaluator", "merchant", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
# A leading dot: no store can have this name.
_NAME = ".keys.sqlite"
_PREFIX = "rcs"
_MAX_LABEL = 100
_UNKNOWN = "There is no working key {!r}. See `rag-cs keys list`."

# The allow-lists of origins stand in the same file.
_metadata = origins.metadata
_keys = Table(
    "keys",
    _metadata,
    Column("id", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("role", String, nullable=False),
    # JSON: a list of names, or null for every store there is and will be.
    Column("stores", String, nullable=False),
    Column("label", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("used_at", String, nullable=False),
    Column("revoked_at", String, nullable=False),
)
# Apart, so that files made before there was this stay as they are.
_expiries = Table(
    "expiries",
    _metadata,
    Column("id", String, primary_key=True),
    Column("expires_on", String, nullable=False),
)
# Stores that are about to get another name.
_renames = Table(
    "renames",
    _metadata,
    Column("store", String, primary_key=True),
    Column("new", String, nullable=False),
)
SCHEMA = Schema(_metadata, Path(__file__).parent / "revisions" / "keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown. `stores` is None for all; times are UTC, ISO 8601, "" for never.

    From the day `expires_on` on it doesn't work any more."""

    id: str
    role: Role
    stores: tuple[str, ...] | None
    label: str
    created_at: str
    used_at: str = ""
    revoked_at: str = ""
    expires_on: str = ""

    def opens(self, store: str) -> bool:
        """Whether its scope holds a store; none is called "", not even for a key of all."""
        return bool(store) and (self.stores is None or store in self.stores)

    @property
    def works(self) -> bool:
        """Whether it was neither revoked nor expired."""
        return not self.revoked_at and not (self.expires_on and self.expires_on <= _now()[:10])


class Keys:
    """The keys of one installation. Safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        self._file = root / _NAME
        root.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)  # before SQLite, which gives its log the mode of the file
        self._file.chmod(0o600)
        self._reader = open_sqlite(self._file, SCHEMA)
        self._engine = self._reader.execution_options(writes=True)
        self.origins = Origins(self._reader)

    def create(
        self,
        role: str,
        stores: Sequence[str] | None = None,
        label: str = "",
        expires_on: date | None = None,
    ) -> tuple[str, Key]:
        """A new key, which can't be shown again, with what is known of it.

        `stores` None means all; an empty list is refused rather than taken for that. From the day
        `expires_on` on, UTC, it doesn't work. Raises InvalidInput for an unknown role, a name that
        no store can have, an endless label, and a day that isn't to come.
        """
        if role not in ROLES:
            raise InvalidInput(f"{role[:40]!r} is no role. Choose one of {', '.join(ROLES)}.")
        if stores is not None and not stores:
            raise InvalidInput("Name the stores that the key opens, or say that it opens all.")
        if len(label) > _MAX_LABEL:
            raise InvalidInput(f"The label has more than {_MAX_LABEL} characters.")
        names = None if stores is None else tuple(check_store_name(name) for name in stores)
        until = expires_on.isoformat() if expires_on else ""
        if until and until <= _now()[:10]:
            raise InvalidInput(f"A key that expires on {until} never works. Name a later day.")
        with self._engine.begin() as connection:
            return _insert(connection, role, names, label, until)

    def rotate(self, key_id: str) -> tuple[str, Key]:
        """A new key in the place of another, which is worthless from now on: of the same role,
        stores, label and expiry. Raises NotFound for one that doesn't work."""
        with self._engine.begin() as connection:
            row = connection.execute(_read().where(_keys.c.id == key_id)).first()
            if row is None or not (old := _key(row)).works:
                raise NotFound(_UNKNOWN.format(key_id[:40]))
            _revoke(connection, key_id)
            return _insert(connection, old.role, old.stores, old.label, old.expires_on)

    def list(self) -> list[Key]:
        """Every key that was ever made, the oldest first."""
        with self._reader.begin() as connection:
            rows = connection.execute(_read().order_by(_keys.c.created_at, _keys.c.id)).all()
        return [_key(row) for row in rows]

    def any(self) -> bool:
        """Whether there is a key that works."""
        return any(key.works for key in self.list())

    def revoke(self, key_id: str) -> None:
        """Make a key worthless from now on. Raises NotFound for one that is unknown or revoked."""
        with self._engine.begin() as connection:
            _revoke(connection, key_id)

    def rename_store(self, store: str, new: str) -> None:
        """What names a store follows it to its new name: scopes, and whose pages may use it.

        Doing it twice is doing it once.
        """
        with self._engine.begin() as connection:
            connection.execute(delete(_renames).where(_renames.c.store == store))
            origins.rename(connection, store, new)
            for key in map(_key, connection.execute(_read()).all()):
                if key.stores is not None and store in key.stores:
                    names = dict.fromkeys(new if name == store else name for name in key.stores)
                    values = {"stores": json.dumps(tuple(names))}
                    connection.execute(update(_keys).where(_keys.c.id == key.id).values(values))

    def begin_rename(self, store: str, new: str) -> None:
        """Note that a store is about to get another name. Raises Exists when a working key that
        doesn't open the store has the new name in its scope: it would open it from then on."""
        with self._engine.begin() as connection:
            connection.execute(delete(_renames).where(_renames.c.store == store))
            connection.execute(insert(_renames), {"store": store, "new": new})
            for key in map(_key, connection.execute(_read()).all()):
                names = key.stores or ()
                if key.works and new in names and store not in names:
                    raise Exists(f"A key was made for a store {new!r} already. Give another name.")

    def begun_renames(self) -> dict[str, str]:
        """The new name of each store that was about to get one when a program ended."""
        with self._reader.begin() as connection:
            return {row.store: row.new for row in connection.execute(select(_renames))}

    def drop_rename(self, store: str) -> None:
        """The store keeps its name."""
        with self._engine.begin() as connection:
            connection.execute(delete(_renames).where(_renames.c.store == store))

    def forget_store(self, store: str) -> Sequence[Key]:
        """A store is gone, and with it whose pages may use it. Keys keep its name, so that they
        open it when it is made again: the working ones that name it."""
        with self._engine.begin() as connection:
            origins.forget(connection, store)
        return [key for key in self.list() if key.works and key.stores and store in key.stores]

    def find(self, secret: str) -> Key | None:
        """The key that was presented, if it works; notes that it was used."""
        parts = secret.split("_", 2)
        if len(parts) != 3 or parts[0] != _PREFIX:
            return None
        with self._reader.begin() as connection:
            row = connection.execute(_read().where(_keys.c.id == parts[1])).first()
        if row is None or not hmac.compare_digest(row.sha256, _hash(secret)):
            return None
        if not _key(row).works:
            return None
        now = _now()
        if row.used_at[:16] != now[:16]:  # once a minute is enough, and spares the disk
            used = update(_keys).where(_keys.c.id == row.id).values(used_at=now)
            # A full disk must not lock anybody out.
            with contextlib.suppress(DiskFailed, Busy), self._engine.begin() as connection:
                connection.execute(used)
        return _key(row)


def _read() -> Select[Any]:
    expiry = func.coalesce(_expiries.c.expires_on, "").label("expires_on")
    return select(_keys, expiry).outerjoin(_expiries, _expiries.c.id == _keys.c.id)


def _insert(
    connection: Connection, role: Role, stores: tuple[str, ...] | None, label: str, expires_on: str
) -> tuple[str, Key]:
    key = Key(secrets.token_hex(4), role, stores, label, _now(), expires_on=expires_on)
    secret = f"{_PREFIX}_{key.id}_{secrets.token_urlsafe(32)}"
    row = {
        "id": key.id, "sha256": _hash(secret), "role": role, "stores": json.dumps(stores),
        "label": label, "created_at": key.created_at, "used_at": "", "revoked_at": "",
    }  # fmt: skip
    connection.execute(insert(_keys), row)
    if expires_on:
        connection.execute(insert(_expiries), {"id": key.id, "expires_on": expires_on})
    return secret, key


def _revoke(connection: Connection, key_id: str) -> None:
    query = update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_at == "")
    if not connection.execute(query.values(revoked_at=_now())).rowcount:
        raise NotFound(_UNKNOWN.format(key_id[:40]))


def _key(row: object) -> Key:
    fields = {name: getattr(row, name) for name in Key.__slots__}
    stores = json.loads(fields.pop("stores"))
    return Key(**fields, stores=None if stores is None else tuple(stores))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
