"""A judged question -> the sentences that answer it, each checked before it is sent.

A generator that was trained on this task is asked about the likeliest sentences one at a time; any
other is shown the passages at once. What neither can word is quoted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from langchain_core.embeddings import Embeddings

from rag_cs.answerable import Judge, Judgement, extract
from rag_cs.candidates import Candidate, priors
from rag_cs.draft import Choice, Drafter
from rag_cs.extents import is_indivisible
from rag_cs.fields import fields_of
from rag_cs.ground import cite, ground
from rag_cs.guard import blocked
from rag_cs.prompt import SECRETS, ask_about, build_prompt
from rag_cs.replies import foreign
from rag_cs.shortening import leaves_out_condition, may_stand, stands_alone
from rag_cs.statements import repeats, says_nothing
from rag_cs.text import detect_language
from rag_cs.types import Citation, Hit, Language, Turn
from rag_cs.wanted import wants_fact

# Characters of a sentence that isn't worth shortening.
_SHORT = 24


@dataclass(frozen=True, slots=True)
class Sentence:
    """A supported sentence, on its way as soon as it was checked. It isn't taken back, unless its
    document is deleted before the answer is whole."""

    text: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a shopper, what was said before it, and all that they told of themselves."""

    question: str
    history: tuple[Turn, ...]
    language: Language
    told: tuple[str, ...]


class Writer:
    """Words answers, and withholds what `judge` doesn't believe; without one, what a generator
    says is as good as its grounding."""

    def __init__(self, drafter: Drafter, embeddings: Embeddings, judge: Judge | None) -> None:
        self._drafter = drafter
        self._embeddings = embeddings
        self._judge = judge
        self.needed = judge.needed if judge else 0.5

    async def write(
        self, asked: Asked, hits: Sequence[Hit], judgement: Judgement
    ) -> AsyncGenerator[Judgement | Sentence]:
        """What was judged at last, then the sentences; none when the hits don't answer. Raises
        ModelError and Busy."""
        trained = self._drafter.trained
        if not self._is_worth_asking(judgement) or (trained and not judgement.candidates):
            yield self._hear(judgement, None)
            return
        written = (
            self._of_sentences(asked, judgement)
            if trained
            else self._of_passages(asked, hits, judgement)
        )
        async with aclosing(written):
            async for each in written:
                yield each

    async def _of_sentences(
        self, asked: Asked, judgement: Judgement
    ) -> AsyncGenerator[Judgement | Sentence]:
        """The surest candidate decides: what the generator makes of it, else itself."""
        known = judgement.candidates
        history = asked.history if judgement.goes_on else ()
        prompts = [
            ask_about(each, asked.question, asked.language, history, asked.told) for each in known
        ]
        chosen, written = known[0], False
        drafts = self._drafter.best(prompts, priors(known))
        async with aclosing(drafts):
            async for draft in drafts:
                if isinstance(draft, Choice):
                    chosen = known[draft.number]
                    judgement = self._hear(judgement, draft.logit, draft.number)
                    yield judgement
                    if judgement.probability < self.needed:
                        return
                    if not _is_to_be_worded(chosen, asked):
                        break
                    continue
                sentence = await asyncio.to_thread(self._taken_from, chosen, draft, asked.question)
                if sentence and not _may_be_said(sentence.text, chosen.text, asked.question):
                    break
                if sentence:
                    written = True
                    yield sentence
        if not written and (quoted := _quoted(chosen, asked)):
            yield quoted

    async def _of_passages(
        self, asked: Asked, hits: Sequence[Hit], judgement: Judgement
    ) -> AsyncGenerator[Judgement | Sentence]:
        yield judgement
        written = False
        evidence = judgement.evidence
        prompt = build_prompt(asked.question, evidence, asked.language, asked.history, asked.told)
        drafts = self._drafter.draft(prompt)
        async with aclosing(drafts):
            async for draft in drafts:
                if isinstance(draft, str) and (
                    sentence := await asyncio.to_thread(
                        self._supported, draft, asked.question, hits
                    )
                ):
                    written = True
                    yield sentence
        if (
            not written
            and self._may_quote(judgement)
            and (quoted := _quoted(extract(asked.question, evidence), asked))
        ):
            yield quoted

    def _taken_from(self, candidate: Candidate, draft: str, question: str) -> Sentence | None:
        """A drafted sentence that the candidate supports, or a part of it, if it may be sent."""
        sentence = self._grounded(draft, question, [candidate.hit])
        if sentence and _overlaps(sentence.citation, candidate):
            return sentence
        part = draft.rstrip(".。 ")
        if not stands_alone(part, candidate.text) or repeats(part, question):
            return None
        if blocked(part, [candidate.text], SECRETS):
            return None
        return _cited(part, candidate)

    def _supported(self, draft: str, question: str, hits: Sequence[Hit]) -> Sentence | None:
        """A drafted sentence with its quote, if it may be sent; the quote itself where the draft
        leaves out a condition of it."""
        sentence = self._grounded(draft, question, hits)
        if sentence is None:
            return None
        quote = sentence.citation.quote
        if not leaves_out_condition(draft, quote, question):
            return sentence
        if blocked(quote, [quote]):
            return None
        return Sentence(quote, replace(sentence.citation, sentence=quote))

    def _grounded(self, draft: str, question: str, hits: Sequence[Hit]) -> Sentence | None:
        if repeats(draft, question):
            return None
        citation = ground(draft, hits, self._embeddings)
        if citation is None or says_nothing(citation.quote, question):
            return None
        if blocked(draft, [citation.quote], SECRETS):
            return None
        return Sentence(draft, citation)

    def _is_worth_asking(self, judgement: Judgement) -> bool:
        if self._judge:
            return self._judge.is_worth_asking(judgement)
        return judgement.probability >= self.needed

    def _hear(self, judgement: Judgement, verdict: float | None, chosen: int = 0) -> Judgement:
        """The judgement with what the generator said of the chosen candidate."""
        return self._judge.hear(judgement, verdict, chosen) if self._judge else judgement

    def _may_quote(self, judgement: Judgement) -> bool:
        """Whether the likeliest sentence may stand for an answer that the generator didn't find.
        Without a judge nobody says that the passages answer at all."""
        judge = self._judge
        return judge is not None and judgement.probability >= judge.needed_to_quote


def _is_to_be_worded(candidate: Candidate, asked: Asked) -> bool:
    """Whether the generator may make something of a sentence: the fact that is asked for. Rows and
    what takes several lines are left whole, since a small generator often doesn't know which field
    answers; so is a short sentence, which says it better, and one of another language, which it
    can't translate."""
    if is_indivisible(candidate.text) or _is_foreign(candidate, asked.language):
        return False
    return wants_fact(asked.question) and len(candidate.text) > _SHORT


def _may_be_said(text: str, candidate: str, question: str) -> bool:
    """Whether what was made of a candidate is better than the candidate: not a row in its bars."""
    return not text.startswith("|") and may_stand(text, candidate, question)


def _is_foreign(candidate: Candidate, language: Language) -> bool:
    """A row of codes alone doesn't tell: its passage must be in another language too."""
    texts = (candidate.text, candidate.hit.chunk.text)
    return all(detect_language(text) != language for text in texts)


def _overlaps(citation: Citation, candidate: Candidate) -> bool:
    start = candidate.hit.chunk.start
    return citation.start < start + candidate.end and start + candidate.start < citation.end


def _quoted(candidate: Candidate | None, asked: Asked) -> Sentence | None:
    """A sentence as it stands, or a row with the names of its fields, if there is one and it may be
    sent; with a word on its language, where that isn't the question's."""
    if candidate is None or says_nothing(candidate.text, asked.question):
        return None
    if blocked(candidate.text, [candidate.text]):
        return None
    text = fields_of(candidate.text, candidate.before)
    if _is_foreign(candidate, asked.language):
        text = foreign(asked.language, text)
    return _cited(text, candidate)


def _cited(text: str, candidate: Candidate) -> Sentence:
    return Sentence(text, cite(text, candidate.hit, candidate.start, candidate.end))
