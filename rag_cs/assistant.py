"""Spine 2: talk -> rewrite -> retrieve -> FAQ -> judge -> generate -> ground. One question in, one
honest answer out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel

from rag_cs.answerable import Judge, Judgement, unread
from rag_cs.contradictions import dispute, is_disputable
from rag_cs.draft import Drafter
from rag_cs.faq import Match, match_faq
from rag_cs.ground import cite
from rag_cs.guard import blocked
from rag_cs.index.base import Filters
from rag_cs.parts import is_unclear, split_question
from rag_cs.replies import ABSTENTIONS, PERSON, conclude, disagree, not_yet, nothing_found
from rag_cs.retrieve import MAX_QUERY_CHARACTERS, Retriever, check_query
from rag_cs.rewrite import rewrite
from rag_cs.smalltalk import small_talk, wants_person
from rag_cs.text import detect_language
from rag_cs.types import Answer, Hit, Language, Turn
from rag_cs.write import Asked, Sentence, Writer

TOP_K = 5

__all__ = ["ABSTENTIONS", "TOP_K", "Assistant", "Sentence"]


@dataclass(frozen=True, slots=True)
class _Scope:
    """What counts: documents with this metadata, in force on this day."""

    filters: Filters | None
    as_of: date | None


@dataclass(frozen=True, slots=True)
class _Findings:
    """What a question finds before anything is written. `match` is a FAQ pair that answers it."""

    hits: Sequence[Hit]
    judgement: Judgement
    match: Match | None = None


class Assistant:
    """Answers questions from one store's documents."""

    def __init__(
        self,
        retriever: Retriever,
        embeddings: Embeddings,
        chat: BaseChatModel,
        judge: Judge | None = None,
        *,
        trained: bool = False,
    ) -> None:
        """`trained`: the chat model gives a verdict first; see `draft`."""
        self._retriever = retriever
        self._embeddings = embeddings
        self._writer = Writer(Drafter(chat, trained=trained), embeddings, judge)
        self._judge = judge

    async def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        as_of: date | None = None,
    ) -> Answer:
        """The whole answer at once; see `stream`."""
        async with aclosing(self.stream(question, history, filters, as_of)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise AssertionError("a stream ends with an Answer")

    async def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        as_of: date | None = None,
    ) -> AsyncGenerator[Sentence | Answer]:
        """Each supported sentence when it is ready, then the Answer they make, or an abstention.

        Only documents in force on `as_of`, by default today, count. Closing the stream stops the
        generation. Raises InvalidInput for an empty or endless question, ModelError and Busy from
        the chat model.
        """
        check_query(question)
        language = detect_language(question)
        if wants_person(question):
            yield Answer("handed_off", PERSON[language], language)
            return
        if reply := small_talk(question, history) or is_unclear(question, history):
            yield Answer("answered", reply, language)
            return
        scope = _Scope(filters, as_of)
        told = [*(turn.text for turn in history if turn.role == "user"), question]
        said: list[Sentence] = []
        unknown: list[int] = []
        confidence = 1.0
        for number, part in enumerate(split_question(question)):
            found = await asyncio.to_thread(self._look_up, part, history, scope)
            before = len(said)
            asked = Asked(part, tuple(history), language, tuple(told))
            async with aclosing(self._write(asked, found)) as written:
                async for event in written:
                    if isinstance(event, Judgement):
                        confidence = min(confidence, event.probability)
                        continue
                    for sentence in await asyncio.to_thread(self._settle, event, language, scope):
                        known = sentence.text in {each.text for each in said}
                        if not known and self._retriever.still_there(sentence.citation):
                            said.append(sentence)
                            yield sentence
            if len(said) == before:
                unknown.append(number)
        said = [each for each in said if self._retriever.still_there(each.citation)]
        citations = tuple(sentence.citation for sentence in said)
        texts = [each.text for each in said]
        why = "" if said else await asyncio.to_thread(self._why_not, question, language, scope)
        yield conclude(texts, citations, unknown, language, confidence, why)

    def _why_not(self, question: str, language: Language, scope: _Scope) -> str:
        """What an abstention says when the day or an empty store explains it; "" otherwise."""
        if not self._retriever.search([question], 1, scope.filters, scope.as_of, across=False):
            return nothing_found(language, scope.as_of)
        if scope.as_of is None:
            return ""
        found = self._look_up(question, (), _Scope(scope.filters, None))
        evidence = found.judgement.evidence
        hit = found.match.hit if found.match else evidence[0].hit if evidence else None
        first = hit.chunk.metadata.get("effective_from", "") if hit else ""
        answers = found.judgement.probability >= self._writer.needed
        later = answers and first > scope.as_of.isoformat()
        return not_yet(language, scope.as_of, first) if later else ""

    def _look_up(self, question: str, history: Sequence[Turn], scope: _Scope) -> _Findings:
        queries = rewrite(question, history)
        hits = self._retriever.search(queries, TOP_K, scope.filters, scope.as_of)
        if match := match_faq(question, hits, self._embeddings):
            return _Findings(hits, Judgement(match.cosine), match)
        if self._judge is None:
            return _Findings(hits, unread(queries[-1], hits, question))
        return _Findings(hits, self._judge.judge(question, hits, queries[-1] if history else ""))

    async def _write(self, asked: Asked, found: _Findings) -> AsyncGenerator[Judgement | Sentence]:
        """What was judged at last, then the sentences that answer one question; none when the
        passages don't."""
        if found.match:
            yield found.judgement
            start, end = found.match.start, found.match.end
            yield Sentence(
                found.match.answer, cite(found.match.answer, found.match.hit, start, end)
            )
            return
        written = self._writer.write(asked, found.hits, found.judgement)
        async with aclosing(written):
            async for each in written:
                yield each

    def _settle(self, sentence: Sentence, language: Language, scope: _Scope) -> list[Sentence]:
        """The sentence or, where another passage disagrees with what it rests on, both quotes."""
        if not is_disputable(sentence.text):
            return [sentence]
        query = sentence.citation.quote[:MAX_QUERY_CHARACTERS]
        # Only what is said in one language can be compared.
        hits = self._retriever.search([query], TOP_K, scope.filters, scope.as_of, across=False)
        conflict = dispute(sentence.citation, [hit.chunk for hit in hits])
        if conflict is None or blocked(conflict.other.text, [conflict.other.text]):
            return [sentence]
        # In the same order whichever was found first, so that it is said once.
        sides = sorted([conflict.one, conflict.other], key=lambda each: each.chunk.id)
        first, second = ((each.chunk.title, each.text) for each in sides)
        hit_of = {hit.chunk.id: hit for hit in hits}
        return [
            Sentence(text, cite(text, hit_of[side.chunk.id], side.start, side.end))
            for text, side in zip(disagree(language, first, second), sides, strict=True)
        ]
