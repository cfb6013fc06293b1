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
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import Column, MetaData, String, Table, insert, select, update

from rag_cs.errors import Busy, DiskFailed, InvalidInput, NotFound
from rag_cs.index.migrate import Schema
from rag_cs.index.sqlite import open_sqlite
from rag_cs.stores.folders import check_store_name

Role = Literal["shopper", "evaluator", "merchant", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
# A leading dot: no store can have this name.
_NAME = ".keys.sqlite"
_PREFIX = "rcs"
_MAX_LABEL = 100

_metadata = MetaData()
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
SCHEMA = Schema(_metadata, Path(__file__).parent / "revisions" / "keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown. `stores` is None for all; times are UTC, ISO 8601, "" for never."""

    id: str
    role: Role
    stores: tuple[str, ...] | None
    label: str
    created_at: str
    used_at: str = ""
    revoked_at: str = ""

    def opens(self, store: str) -> bool:
        """Whether its scope holds a store."""
        return self.stores is None or store in self.stores


class Keys:
    """The keys of one installation. Safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        self._file = root / _NAME
        root.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)  # before SQLite, which gives its log the mode of the file
        self._file.chmod(0o600)
        self._reader = open_sqlite(self._file, SCHEMA)
        self._engine = self._reader.execution_options(writes=True)

    def create(
        self, role: str, stores: Sequence[str] | None = None, label: str = ""
    ) -> tuple[str, Key]:
        """A new key, which can't be shown again, with what is known of it.

        `stores` None means all; an empty list is refused rather than taken for that. Raises
        InvalidInput for an unknown role, a name that no store can have, and an endless label.
        """
        if role not in ROLES:
            raise InvalidInput(f"{role[:40]!r} is no role. Choose one of {', '.join(ROLES)}.")
        if stores is not None and not stores:
            raise InvalidInput("Name the stores that the key opens, or say that it opens all.")
        if len(label) > _MAX_LABEL:
            raise InvalidInput(f"The label has more than {_MAX_LABEL} characters.")
        names = None if stores is None else tuple(check_store_name(name) for name in stores)
        key = Key(secrets.token_hex(4), role, names, label, _now())
        secret = f"{_PREFIX}_{key.id}_{secrets.token_urlsafe(32)}"
        row = {
            "id": key.id, "sha256": _hash(secret), "role": role, "stores": json.dumps(names),
            "label": label, "created_at": key.created_at, "used_at": "", "revoked_at": "",
        }  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(insert(_keys), row)
        return secret, key

    def list(self) -> list[Key]:
        """Every key that was ever made, the oldest first."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(_keys).order_by(_keys.c.created_at, _keys.c.id)).all()
        return [_key(row) for row in rows]

    def any(self) -> bool:
        """Whether there is a key that works."""
        return any(not key.revoked_at for key in self.list())

    def revoke(self, key_id: str) -> None:
        """Make a key worthless from now on. Raises NotFound for one that is unknown or revoked."""
        query = update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_at == "")
        with self._engine.begin() as connection:
            if not connection.execute(query.values(revoked_at=_now())).rowcount:
                raise NotFound(f"There is no working key {key_id[:40]!r}. See `rag-cs keys list`.")

    def find(self, secret: str) -> Key | None:
        """The key that was presented, if it works; notes that it was used."""
        parts = secret.split("_", 2)
        if len(parts) != 3 or parts[0] != _PREFIX:
            return None
        with self._reader.begin() as connection:
            row = connection.execute(select(_keys).where(_keys.c.id == parts[1])).first()
        if row is None or row.revoked_at or not hmac.compare_digest(row.sha256, _hash(secret)):
            return None
        now = _now()
        if row.used_at[:16] != now[:16]:  # once a minute is enough, and spares the disk
            used = update(_keys).where(_keys.c.id == row.id).values(used_at=now)
            # A full disk must not lock anybody out.
            with contextlib.suppress(DiskFailed, Busy), self._engine.begin() as connection:
                connection.execute(used)
        return _key(row)


def _key(row: object) -> Key:
    fields = {name: getattr(row, name) for name in Key.__slots__}
    stores = json.loads(fields.pop("stores"))
    return Key(**fields, stores=None if stores is None else tuple(stores))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
