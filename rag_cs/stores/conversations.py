"""The turns of a store's conversations, kept in the store's own database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from rag_cs.errors import NotFound
from rag_cs.index.rows import holds
from rag_cs.index.schema import conversations, turn_sources
from rag_cs.index.seals import seal_of_turn
from rag_cs.types import Citation, Turn

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

    def append(
        self, conversation_id: str, turns: Sequence[Turn], citations: Sequence[Citation] = ()
    ) -> None:
        """Store turns at the end of a conversation, all or none. The last of them quotes what
        `citations` name: it is emptied with the first of their documents that is deleted or
        replaced, and comes in empty when one is already."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        quoted = {(each.document_id, each.document_sha256) for each in citations}
        with self._writer.begin() as connection:
            stands = holds(connection, quoted) == quoted
            for turn in turns:
                is_last = turn is turns[-1]
                sources = sorted({name for name, _ in quoted}) if is_last else []
                text = turn.text if stands or not is_last else ""
                row = {"conversation_id": conversation_id, "role": turn.role, "text": text,
                       "created_at": now}  # fmt: skip
                seal = seal_of_turn(row, sources) if text else b""
                made = connection.execute(insert(conversations).values(**row, seal=seal))
                if sources and text:
                    number = int(made.lastrowid)
                    notes = [{"turn": number, "document_id": source} for source in sources]
                    connection.execute(insert(turn_sources), notes)
