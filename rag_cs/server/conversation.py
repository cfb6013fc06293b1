"""One question of a conversation: its history before it, its turns stored after it, masked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio.to_thread

from rag_cs.assistant import Sentence
from rag_cs.bootstrap import Store, System
from rag_cs.privacy import Vault, find_personal, without_placeholders
from rag_cs.retrieve import check_query
from rag_cs.server.deadline import within
from rag_cs.server.schemas import AnswerBody, AskRequest
from rag_cs.types import Answer, Turn


class Exchange:
    """A question that was accepted. Made before a response begins, so that what is wrong with
    the question is a plain 4xx and not an event in a stream.

    A store that keeps nothing has no conversations: their ids are "", and one that is sent is
    ignored.
    """

    def __init__(self, store: Store, request: AskRequest, vault: Vault) -> None:
        check_query(request.question)
        self._store = store
        self._vault = vault
        self._keeps = store.personal.retention_days() > 0
        known = request.conversation_id if self._keeps else None
        stored = store.conversations.history(known) if known else []
        self._continued = bool(known)
        self.conversation_id = known or (store.conversations.new_id() if self._keeps else "")
        self.history = [Turn(turn.role, self._restored(turn.text)) for turn in stored]
        self.question = request.question
        self.as_of = request.as_of
        self._subject = request.subject or ""

    async def stream(self, system: System) -> AsyncGenerator[Sentence | AnswerBody]:
        """Supported sentences, then the answer. Closing it stops the generation. Raises TooSlow."""
        assistant = system.assistant(self._store)
        answering = assistant.stream(self.question, self.history, as_of=self.as_of)
        events = within(system.settings.server.answer_seconds, answering)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Sentence):
                    yield event
                    continue
                if self._keeps:
                    await anyio.to_thread.run_sync(self._keep, event)
                yield AnswerBody.of(event, self.conversation_id)

    async def answer(self, system: System) -> AnswerBody:
        """The whole answer."""
        async with aclosing(self.stream(system)) as events:
            async for event in events:
                if isinstance(event, AnswerBody):
                    return event
        raise AssertionError("a stream ends with an answer")

    def _restored(self, text: str) -> str:
        """What was said, as long as it is known; what isn't any more only disturbs a search."""
        place = (self._store.name, self.conversation_id)
        return without_placeholders(self._vault.restore(*place, text))

    def _keep(self, answer: Answer) -> None:
        """Store both turns. Of the answer only values are hidden that the shopper told: what it
        quotes is the store's own."""
        place = (self._store.name, self.conversation_id)
        found = find_personal(self.question)
        telling = found or "[" in self.question + answer.text
        earlier = self._store.conversations.text(place[1]) if self._continued and telling else ""
        asked = self._vault.hide(*place, self.question, found, earlier=earlier)
        quoted = "\n".join(citation.quote for citation in answer.citations)
        said = self._vault.hide(*place, answer.text, public=quoted, earlier=earlier)
        turns = [Turn("user", asked), Turn("assistant", said)]
        kept = self._store.conversations.append(
            place[1], turns, answer.citations, self._subject, continued=self._continued
        )
        if not kept:  # it was erased meanwhile
            self._vault.forget(*place)
