"""Spine 2: talk -> rewrite -> retrieve -> FAQ -> judge -> generate -> ground. One question in, one
honest answer out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from rag_cs.answerable import Judge, Judgement, extract, unread
from rag_cs.contradictions import dispute, is_disputable
from rag_cs.faq import Match, match_faq
from rag_cs.ground import cite, ground, repeats
from rag_cs.guard import blocked
from rag_cs.index.base import Filters
from rag_cs.parts import is_unclear, split_question
from rag_cs.prompt import SECRETS, build_prompt
from rag_cs.replies import ABSTENTIONS, PERSON, conclude, disagree, not_yet, nothing_found
from rag_cs.retrieve import MAX_QUERY_CHARACTERS, Retriever, check_query
from rag_cs.rewrite import rewrite
from rag_cs.smalltalk import small_talk, wants_person
from rag_cs.text import detect_language, split_sentences
from rag_cs.types import Answer, Citation, Hit, Language, Turn

TOP_K = 5

__all__ = ["ABSTENTIONS", "TOP_K", "Assistant", "Sentence"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A supported sentence, on its way as soon as it was checked. It isn't taken back, unless its
    document is deleted before the answer is whole."""

    text: str
    citation: Citation


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
    ) -> None:
        self._retriever = retriever
        self._embeddings = embeddings
        self._chat = chat
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
        said: list[Sentence] = []
        unknown: list[int] = []
        confidence = 1.0
        for number, part in enumerate(split_question(question)):
            found = await asyncio.to_thread(self._look_up, part, history, scope)
            confidence = min(confidence, found.judgement.probability)
            before = len(said)
            async with aclosing(self._write(part, found, language)) as sentences:
                async for draft in sentences:
                    for sentence in await asyncio.to_thread(self._settle, draft, language, scope):
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
        if not self._retriever.search([question], 1, scope.filters, scope.as_of):
            return nothing_found(language, scope.as_of)
        if scope.as_of is None:
            return ""
        found = self._look_up(question, (), _Scope(scope.filters, None))
        evidence = found.judgement.evidence
        hit = found.match.hit if found.match else evidence[0].hit if evidence else None
        first = hit.chunk.metadata.get("effective_from", "") if hit else ""
        later = first > scope.as_of.isoformat() and found.judgement.probability >= self._needed
        return not_yet(language, scope.as_of, first) if later else ""

    @property
    def _needed(self) -> float:
        return self._judge.needed if self._judge else 0.5

    def _look_up(self, question: str, history: Sequence[Turn], scope: _Scope) -> _Findings:
        queries = rewrite(question, history)
        hits = self._retriever.search(queries, TOP_K, scope.filters, scope.as_of)
        if match := match_faq(question, hits, self._embeddings):
            return _Findings(hits, Judgement(match.cosine), match)
        if self._judge is None:
            return _Findings(hits, unread(queries[-1], hits))
        return _Findings(hits, self._judge.judge(queries[-1], hits))

    async def _write(
        self, question: str, found: _Findings, language: Language
    ) -> AsyncGenerator[Sentence]:
        """The sentences that answer one question; none when the passages don't."""
        if found.match:
            start, end = found.match.start, found.match.end
            yield Sentence(
                found.match.answer, cite(found.match.answer, found.match.hit, start, end)
            )
            return
        if found.judgement.probability < self._needed:
            return
        evidence = found.judgement.evidence
        written = False
        async with aclosing(self._draft(build_prompt(question, evidence, language))) as drafts:
            async for draft in drafts:
                if repeats(draft, question):
                    continue
                citation = await asyncio.to_thread(ground, draft, found.hits, self._embeddings)
                if citation and not blocked(draft, [citation.quote], SECRETS):
                    written = True
                    yield Sentence(draft, citation)
        if not written and self._may_quote(found) and (span := extract(evidence)):
            hit, start, end = span
            quote = hit.chunk.text[start:end]
            if not blocked(quote, [quote]):
                yield Sentence(quote, cite(quote, hit, start, end))

    def _settle(self, sentence: Sentence, language: Language, scope: _Scope) -> list[Sentence]:
        """The sentence or, where another passage disagrees with what it rests on, both quotes."""
        if not is_disputable(sentence.text):
            return [sentence]
        query = sentence.citation.quote[:MAX_QUERY_CHARACTERS]
        hits = self._retriever.search([query], TOP_K, scope.filters, scope.as_of)
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

    def _may_quote(self, found: _Findings) -> bool:
        """Whether the likeliest sentence may stand for an answer that the generator didn't find.
        Without a judge nobody says that the passages answer at all."""
        judge = self._judge
        return judge is not None and found.judgement.probability >= judge.needed_to_quote

    async def _draft(self, messages: list[BaseMessage]) -> AsyncGenerator[str]:
        """The generator's sentences, each as soon as the next one begins."""
        text = ""
        async with aclosing(cast("AsyncGenerator[Any]", self._chat.astream(messages))) as pieces:
            async for piece in pieces:
                text += piece.text
                *complete, rest = split_sentences(text) or [(0, 0)]
                for start, end in complete:
                    yield text[start:end]
                if complete:
                    text = text[rest[0] :]
        if text.strip():
            yield text.strip()
