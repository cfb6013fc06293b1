"""Questions and an assistant -> what it said to each question, how long it took, what it was given.

Knows how questions are asked, and what of an answer can be seen from outside: the events of a
stream, and the hits of the retriever. Whether an answer is any good is for `answer_marks`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from rag_cs.assistant import Sentence
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.answer_questions import Question
from rag_cs.evaluation.runs import Progress
from rag_cs.index.base import Filters
from rag_cs.retrieve import Retriever
from rag_cs.types import Answer, Citation, Hit, Status, Turn


class Answerer(Protocol):
    """What is measured: `rag_cs.assistant.Assistant`, or something that answers like it."""

    def stream(
        self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> AsyncGenerator[Sentence | Answer]:
        """Sentences as they are ready, then the whole Answer."""
        ...


class DatedSearcher(Protocol):
    """What passages come from: `rag_cs.retrieve.Retriever`, or something that finds like it."""

    def search(
        self,
        queries: Sequence[str],
        top_k: int = 10,
        filters: Filters | None = None,
        as_of: date | None = None,
        *,
        across: bool = True,
    ) -> list[Hit]:
        """See `rag_cs.retrieve.Retriever.search`."""
        ...


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer as a shopper saw it, and what it was made from.

    `seconds_to_first_sentence` is the wait for the first words: of an answer that comes whole,
    or of an abstention, it is that for all of it. `retrieved` holds (chunk id, document id) of
    every hit. `support` are the texts that may back the answer: cited passages with their titles
    and the quotes or, where nothing is cited, all that was retrieved. `error` says why a question
    was turned away. `cites` is False for a system that never cites.
    """

    question: Question
    system: str
    status: Status
    answer: str
    citations: tuple[Citation, ...]
    retrieved: tuple[tuple[str, str], ...]
    seconds_to_first_sentence: float
    seconds: float
    confidence: float
    support: tuple[str, ...] = ()
    error: str = ""
    cites: bool = True

    @property
    def answered(self) -> bool:
        """Whether it says something of the store. An abstention, a hand-over, a greeting and a
        question back don't: from a system that cites, they come without a citation."""
        return self.status == "answered" and (bool(self.citations) or not self.cites)


class RecordingRetriever(Retriever):
    """A retriever that notes the hits it gave since `take` was called last."""

    def __init__(self, inner: DatedSearcher) -> None:
        self._inner = inner
        self._hits: list[Hit] = []

    def __getattr__(self, name: str) -> Any:
        """Whatever else the true retriever has."""
        if name == "_inner":
            raise AttributeError(name)
        return getattr(self._inner, name)

    def search(
        self,
        queries: Sequence[str],
        top_k: int = 10,
        filters: Filters | None = None,
        as_of: date | None = None,
        *,
        across: bool = True,
    ) -> list[Hit]:
        """What the true retriever finds."""
        hits = self._inner.search(queries, top_k, filters, as_of, across=across)
        self._hits += hits
        return hits

    def take(self) -> list[Hit]:
        """The hits since the last call, each chunk once."""
        taken, self._hits = self._hits, []
        return list({hit.chunk.id: hit for hit in taken}.values())


@dataclass(frozen=True, slots=True)
class Asker:
    """A system to be measured: what answers, the retriever that it was given, and whether what it
    says of the store comes with citations."""

    system: str
    answerer: Answerer
    retriever: RecordingRetriever
    cites: bool = True


async def ask_all(
    asker: Asker,
    questions: Sequence[Question],
    *,
    on_answer: Callable[[AnswerRecord], None] | None = None,
    progress: Progress | None = None,
) -> list[AnswerRecord]:
    """Ask one question after the other, as one shopper would, of a warm assistant.

    `on_answer` gets each record at once. A question that the assistant turns away as invalid
    counts as refused; other errors are raised.
    """
    if questions:
        await ask(asker, questions[0])  # the first answer warms models and caches up
    records = []
    for question in questions:
        records.append(await ask(asker, question))
        if on_answer:
            on_answer(records[-1])
        if progress:
            progress(len(records), len(questions))
    return records


@dataclass(slots=True)
class _Heard:
    """What came of a stream so far."""

    answer: Answer | None = None
    first_seconds: float | None = None
    error: str = ""


async def ask(asker: Asker, question: Question) -> AnswerRecord:
    """Ask one question and listen to the end."""
    asker.retriever.take()
    begun = time.perf_counter()
    heard = await _listen(asker.answerer, question, begun)
    seconds = time.perf_counter() - begun
    answer = heard.answer or Answer("abstained", "", question.language, confidence=0.0)
    hits = asker.retriever.take()
    return AnswerRecord(
        question=question,
        system=asker.system,
        status=answer.status,
        answer=answer.text,
        citations=answer.citations,
        retrieved=tuple((hit.chunk.id, hit.chunk.document_id) for hit in hits),
        seconds_to_first_sentence=seconds if heard.first_seconds is None else heard.first_seconds,
        seconds=seconds,
        confidence=answer.confidence,
        support=_support(answer, hits),
        error=heard.error,
        cites=asker.cites,
    )


async def _listen(answerer: Answerer, question: Question, begun: float) -> _Heard:
    heard = _Heard()
    try:
        stream = answerer.stream(question.text, question.history, question.filters)
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Answer):
                    heard.answer = event
                elif heard.first_seconds is None:
                    heard.first_seconds = time.perf_counter() - begun
    except InvalidInput as error:
        heard.error = str(error)
    return heard


def _support(answer: Answer, hits: Sequence[Hit]) -> tuple[str, ...]:
    cited = {citation.chunk_id for citation in answer.citations}
    chunks = [hit.chunk for hit in hits if not cited or hit.chunk.id in cited]
    quotes = [f"{citation.title}\n{citation.quote}" for citation in answer.citations]
    return (*quotes, *(f"{chunk.title}\n{chunk.embedded_text}" for chunk in chunks))
