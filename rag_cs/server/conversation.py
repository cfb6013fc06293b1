"""One question of a conversation: its history before it, its turns stored after it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio.to_thread

from rag_cs.assistant import Sentence
from rag_cs.bootstrap import Store, System
from rag_cs.retrieve import check_query
from rag_cs.server.schemas import AnswerBody, AskRequest
from rag_cs.types import Turn


class Exchange:
    """A question that was accepted. Made before a response begins, so that what is wrong with
    the question is a plain 4xx and not an event in a stream."""

    def __init__(self, store: Store, request: AskRequest) -> None:
        check_query(request.question)
        known = request.conversation_id
        self.history = store.conversations.history(known) if known else []
        self.conversation_id = known or store.conversations.new_id()
        self.question = request.question
        self.as_of = request.as_of
        self._store = store

    async def stream(self, system: System) -> AsyncGenerator[Sentence | AnswerBody]:
        """Supported sentences, then the answer. Closing it stops the generation."""
        assistant = system.assistant(self._store)
        events = assistant.stream(self.question, self.history, as_of=self.as_of)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Sentence):
                    yield event
                    continue
                turns = [Turn("user", self.question), Turn("assistant", event.text)]
                await anyio.to_thread.run_sync(
                    self._store.conversations.append, self.conversation_id, turns, event.citations
                )
                yield AnswerBody.of(event, self.conversation_id)

    async def answer(self, system: System) -> AnswerBody:
        """The whole answer."""
        async with aclosing(self.stream(system)) as events:
            async for event in events:
                if isinstance(event, AnswerBody):
                    return event
        raise AssertionError("a stream ends with an answer")
