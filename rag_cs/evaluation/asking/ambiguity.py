"""Questions that several passages of a store would answer -> put precisely, or left out.

Whether a search is right can be told only of a question with one right answer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from rag_cs.evaluation.asking import chinese
from rag_cs.evaluation.asking.candidates import same_words
from rag_cs.evaluation.asking.english import small_first
from rag_cs.evaluation.asking.parts import Candidate
from rag_cs.evaluation.asking.words import words
from rag_cs.text import detect_language, search_terms
from rag_cs.types import Document

# What stands word for word in this many documents is boilerplate.
_BOILERPLATE = 3
# Characters of all documents in which terms are looked for; of a larger store none is asked about.
_MAX_SEARCHED = 20_000_000
_TERM = re.compile(r"“(.+)”|(.+)是什么意思")


@dataclass(frozen=True, slots=True)
class Asked:
    """A candidate of one document, with its quote and the product code in the title, if any."""

    candidate: Candidate
    document: Document
    product: str

    @property
    def question(self) -> str:
        """The question as it stands now."""
        return self.candidate.question

    @property
    def quote(self) -> str:
        """The text that answers it."""
        return self.document.text[self.candidate.start : self.candidate.end]


def unmistakable(asked: Sequence[Asked], documents: Sequence[Document]) -> list[Asked]:
    """Those with one right answer in all `documents`; where their document's name makes the
    difference, it is named."""
    copies = Counter(quote for quote, _ in {(one.quote, one.document.source) for one in asked})
    asked = [one for one in asked if copies[one.quote] < _BOILERPLATE]
    asked = list(_unique_terms(asked, documents))
    titles = _by_title_term(documents)
    count = Counter(_meant(one.question) for one in asked)
    asked = [
        one
        if count[_meant(one.question)] == 1 and not _is_title_elsewhere(one, titles)
        else precisely(one)
        for one in asked
    ]
    count = Counter(_meant(one.question) for one in asked)
    return [
        one
        for one in asked
        if count[_meant(one.question)] == 1 and not _is_title_elsewhere(one, titles)
    ]


def precisely(one: Asked) -> Asked:
    """The same question with the product's or the document's name, if there is one to say."""
    named = _precise(one.candidate, one.product, one.document.title)
    return replace(one, candidate=replace(one.candidate, question=named)) if named else one


def _precise(candidate: Candidate, product: str, title: str) -> str:
    asked = candidate.question
    name = product or (title if " " in title.strip() or detect_language(title) == "zh" else "")
    said = name and same_words(name) in same_words(asked)
    if candidate.kind in ("faq", "term") or not name or said or "_" in name:
        return ""
    if detect_language(asked) == "zh":
        name = name if product else chinese.act_name(name)
        return f"关于{name}{'的' if asked.startswith('关于') else '，'}{asked.removeprefix('关于')}"
    named = f"the {name}" if product else f"“{name}”"
    if re.match("(?:Can you tell me|What should I know) about ", asked):
        return f"{asked[:-1]} {'of' if product else 'in'} {named}?"
    return f"About {named}: {small_first(asked)}"


def _meant(question: str) -> frozenset[str]:
    """What tells a question from others: its terms without those that every question has."""
    return frozenset(search_terms(question)) - _empty_terms() or frozenset([question])


@cache
def _empty_terms() -> frozenset[str]:
    lists = [words("en", name) | words("zh", name) for name in ("function_words", "question_words")]
    return frozenset(term for word in lists[0] | lists[1] for term in search_terms(word))


def _by_title_term(documents: Sequence[Document]) -> dict[str, set[str]]:
    """The sources of the documents whose title holds a term, by term."""
    found: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        for term in search_terms(document.title):
            found[term].add(document.source)
    return found


def _is_title_elsewhere(one: Asked, titles: dict[str, set[str]]) -> bool:
    """Whether another document's title says all that a heading says: it will answer as well."""
    if one.candidate.kind != "heading":
        return False
    meant = _meant(one.question)
    if meant == _meant(one.document.title):
        return False
    holding = [titles.get(term, set()) for term in meant]
    return bool(set.intersection(*holding) - {one.document.source})


def _unique_terms(asked: Sequence[Asked], documents: Sequence[Document]) -> Iterator[Asked]:
    """Without the terms that stand in the store more than once, besides in a definition's own
    words: "Order Status" may be told in many places, and better."""
    whole = "\n".join(document.text for document in documents).lower()
    for one in asked:
        if one.candidate.kind == "term":
            match = _TERM.search(one.question)
            term = ((match[1] or match[2]) if match else one.question).lower()
            known = len(whole) <= _MAX_SEARCHED and whole.count(term) <= one.quote.lower().count(
                term
            )
            if not known:
                continue
        yield one
