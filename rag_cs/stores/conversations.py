"""The turns of a store's conversations, kept in the store's own database.

What is handed in is stored as it is: whoever appends has masked it. Whose a conversation is stands
beside it as a salted hash.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, exists, insert, select

from rag_cs.errors import NotFound
from rag_cs.index.schema import conversation_subjects, conversations, privacy
from rag_cs.types import Turn

# Turns handed to the next question; older ones stay stored.
REMEMBERED_TURNS = 10
_SALT = "salt"


class Conversations:
    """Conversations of one store, by an id that can't be guessed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    @staticmethod
    def new_id() -> str:
        """The id of a conversation that begins."""
        return uuid.uuid4().hex

    def history(self, conversation_id: str) -> list[Turn]:
        """The last turns, oldest first. Raises NotFound for an id that this store didn't give."""
        query = (
            select(conversations.c.role, conversations.c.text)
            .where(conversations.c.conversation_id == conversation_id)
            .order_by(conversations.c.number.desc())
            .limit(REMEMBERED_TURNS)
        )
        with self._engine.begin() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise NotFound(
                f"There is no conversation {conversation_id[:64]!r} in this store. "
                "Leave conversation_id out to begin one."
            )
        return [Turn(row.role, row.text) for row in reversed(rows)]

    def text(self, conversation_id: str) -> str:
        """Everything that is stored of a conversation; "" for one that is unknown."""
        query = select(conversations.c.text).where(
            conversations.c.conversation_id == conversation_id
        )
        with self._engine.begin() as connection:
            return "\n".join(connection.scalars(query))

    def append(
        self,
        conversation_id: str,
        turns: Sequence[Turn],
        subject: str = "",
        *,
        continued: bool = False,
    ) -> bool:
        """Store turns at the end of a conversation, and whose it is, all or nothing.

        `continued` is for a conversation that had turns: False is returned, and nothing stored,
        when it was erased while the question was being answered.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [
            {"conversation_id": conversation_id, "role": t.role, "text": t.text, "created_at": now}
            for t in turns
        ]
        with self._writer.begin() as connection:
            if continued and not _is_there(connection, conversation_id):
                return False
            connection.execute(insert(conversations), rows)
            if subject:
                _note(connection, conversation_id, subject_hash(connection, subject))
        return True


def subject_hash(connection: Connection, subject: str) -> str:
    """What a store calls a subject; the connection must be one that writes, as the store's salt is
    drawn when it is first needed."""
    salt = connection.scalar(select(privacy.c.value).where(privacy.c.name == _SALT))
    if salt is None:
        salt = secrets.token_hex(32)
        connection.execute(insert(privacy).values(name=_SALT, value=salt))
    return hmac.new(
        bytes.fromhex(salt), subject.encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()


def _is_there(connection: Connection, conversation_id: str) -> bool:
    query = exists().where(conversations.c.conversation_id == conversation_id)
    return bool(connection.scalar(select(query)))


def _note(connection: Connection, conversation_id: str, hashed: str) -> None:
    table = conversation_subjects
    known = exists().where(table.c.conversation_id == conversation_id, table.c.subject == hashed)
    if not connection.scalar(select(known)):
        connection.execute(insert(table).values(conversation_id=conversation_id, subject=hashed))
