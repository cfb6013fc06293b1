"""The turns of a store's conversations, kept in the store's own database.

What is handed in is stored as it is: whoever appends has masked it. Whose a conversation is stands
beside it as a salted hash.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, exists, insert, select

from rag_cs.errors import NotFound
from rag_cs.index.rows import holds
from rag_cs.index.schema import conversation_subjects, conversations, privacy, turn_sources
from rag_cs.index.seals import seal_of_turn
from rag_cs.types import Citation, Turn

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
        """The last turns, oldest first, less those that quoted what is gone since. Raises NotFound
        for an id that this store didn't give."""
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
        return [Turn(row.role, row.text) for row in reversed(rows) if row.text]

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
        citations: Sequence[Citation] = (),
        subject: str = "",
        *,
        continued: bool = False,
    ) -> bool:
        """Store turns at the end of a conversation, and whose it is, all or nothing. The last of
        them quotes what `citations` name: it is emptied with the first of their documents that is
        deleted or replaced, and comes in empty when one is already.

        `continued` is for a conversation that had turns: False is returned, and nothing stored,
        when it was erased while the question was being answered.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        quoted = {(each.document_id, each.document_sha256) for each in citations}
        with self._writer.begin() as connection:
            if continued and not _is_there(connection, conversation_id):
                return False
            stands = holds(connection, quoted) == quoted
            for turn in turns:
                is_last = turn is turns[-1]
                sources = sorted({name for name, _ in quoted}) if is_last else []
                text = turn.text if stands or not is_last else ""
                row = {"conversation_id": conversation_id, "role": turn.role, "text": text,
                       "created_at": now}  # fmt: skip
                _insert(connection, row, sources)
            if subject:
                _note(connection, conversation_id, subject_hash(connection, subject))
        return True


def _insert(connection: Connection, row: Mapping[str, str], sources: Sequence[str]) -> None:
    """A turn with the documents that it quotes."""
    seal = seal_of_turn(row, sources) if row["text"] else b""
    made = connection.execute(insert(conversations).values(**row, seal=seal))
    if sources and row["text"]:
        number = int(made.lastrowid)
        notes = [{"turn": number, "document_id": source} for source in sources]
        connection.execute(insert(turn_sources), notes)


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
