"""The turns of a store's conversations, kept in the store's own database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from rag_cs.errors import NotFound
from rag_cs.index.schema import conversations
from rag_cs.types import Turn

# Turns handed to the next question; older ones stay stored.
REMEMBERED_TURNS = 10


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

    def append(self, conversation_id: str, turns: Sequence[Turn]) -> None:
        """Store turns at the end of a conversation, all or none."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [
            {"conversation_id": conversation_id, "role": t.role, "text": t.text, "created_at": now}
            for t in turns
        ]
        with self._writer.begin() as connection:
            connection.execute(insert(conversations), rows)
