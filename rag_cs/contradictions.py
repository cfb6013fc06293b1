"""What passages of one store say differently of the same thing.

Two statements disagree when, their facts taken out, they say the same, in the same language, under
headings that don't speak of different things, and then state different facts of one kind, or the
one denies what the other affirms. Only words are compared: what was worded anew is missed rather
than a product's price being held against another's. See the log, "Contradictions".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice

from rag_cs.facts import Fact, contradicts, facts_in, is_negative, split_clauses, without_facts
from rag_cs.index.base import ChunkIndex
from rag_cs.statements import statements_of
from rag_cs.text import CJK, content_words, detect_language, search_terms, with_digits
from rag_cs.types import Chunk, Citation

# Statements say the same from this share of their words on, or of that where one holds all the
# other's.
MIN_LIKENESS = 0.85
MIN_HELD = 0.5
# Words that statements of unlike titles must share: "valid for 12 months" may speak of anything.
MIN_SHARED = 3
# Passages that a statement is compared with, the most similar ones.
NEIGHBOURS = 6
# The words of a heading, or of a FAQ question, that the other passage must know.
_SUBJECT_SHARE = 0.4
# A number before what it counts.
_COUNTED = re.compile(rf"(?<=[^\[#a-z\d_.:/-])(\d+) ?([a-z]{{3,}}|[{CJK}])")
# Durations in days and in working days are compared with each other.
_ONE_KIND = {"workdays": "duration"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a chunk: `chunk.text[start:end]`."""

    chunk: Chunk
    start: int
    end: int

    @property
    def text(self) -> str:
        """The sentence as the merchant wrote it."""
        return self.chunk.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements of which one must be wrong. `kind` is that of the facts that differ, such as
    `duration`, or `denial`."""

    one: Statement
    other: Statement
    kind: str


def dispute(citation: Citation, chunks: Sequence[Chunk]) -> Conflict | None:
    """Where one of `chunks` disagrees with what a citation quotes: the quote's own chunk must be
    among them."""
    for chunk in chunks:
        if chunk.id == citation.chunk_id:
            start, end = citation.start - chunk.start, citation.end - chunk.start
            for first, last in statements_of(chunk):
                if first < end and start < last:
                    for conflict in rivals(Statement(chunk, first, last), chunks):
                        return conflict
    return None


def conflicts_of(
    document_id: str, index: ChunkIndex, as_of: date, most: int | None = None
) -> Iterator[Conflict]:
    """Where a document's statements, or the first `most` that state a fact or a denial, disagree
    with what else holds on a day. A pair within the document comes once; a document that isn't in
    force has none."""
    numbers = index.numbers(document_id).tolist()
    chunks = index.chunks(numbers)
    disputable = (
        Statement(chunks[number], start, end)
        for number in numbers
        for start, end in statements_of(chunks[number])
        if is_disputable(chunks[number].text[start:end])
    )
    seen: set[frozenset[tuple[str, int]]] = set()
    for count, statement in enumerate(islice(disputable, most)):
        terms = search_terms(statement.text)
        if count == 0 and not _is_held(document_id, terms, index, as_of):
            return
        near = index.search_lexical(terms, NEIGHBOURS, as_of=as_of)
        found = index.chunks(near.numbers.tolist())
        for conflict in rivals(statement, list(found.values())):
            pair = frozenset((each.chunk.id, each.start) for each in (statement, conflict.other))
            if pair not in seen:
                seen.add(pair)
                yield conflict


def _is_held(document_id: str, terms: Sequence[str], index: ChunkIndex, as_of: date) -> bool:
    found = index.search_lexical(terms, 1, {"document_id": document_id}, as_of)
    return bool(len(found.numbers))


def is_disputable(text: str) -> bool:
    """Whether a sentence states anything that another could contradict: a fact, or a denial."""
    return bool(_amounts(text)) or is_negative(text)


def rivals(statement: Statement, chunks: Sequence[Chunk]) -> Iterator[Conflict]:
    """Where the chunks disagree with a statement."""
    for chunk in chunks:
        for start, end in statements_of(chunk):
            other = Statement(chunk, start, end)
            if not _overlap(statement, other) and (kind := disagreement(statement, other)):
                yield Conflict(statement, other, kind)


def disagreement(one: Statement, other: Statement) -> str:
    """The kind of fact in which two statements of the same thing differ; "" when they don't."""
    if detect_language(one.text) != detect_language(other.text) or not _same_subject(one, other):
        return ""
    whole = _are_one_case(one, other)
    if whole and contradicts(one.text, other.text):
        # Different amounts and a denial: two cases of one rule rather than two rules.
        return "" if _differing(one.text, other.text) else "denial"
    if whole or one.chunk.document_id != other.chunk.document_id:
        for part, rival in _alike(one.text, other.text):
            if kind := _differing(part, rival):
                return kind
    return ""


def _alike(one: str, other: str) -> Iterator[tuple[str, str]]:
    """The parts of two sentences that say the same, where most of the sentences does."""
    words, others = _words(one), _words(other)
    if len(words & others) < MIN_HELD * min(len(words), len(others)):
        return
    for part in _parts(one):
        for rival in _parts(other):
            if _say_the_same(part, rival):
                yield part, rival


def _are_one_case(one: Statement, other: Statement) -> bool:
    """Whether two whole sentences say the same. One document tells its cases apart by a word."""
    if one.chunk.document_id == other.chunk.document_id:
        return _words(one.text) == _words(other.text)
    return _say_the_same(one.text, other.text)


def _parts(text: str) -> list[str]:
    """A sentence and, where it has several, its clauses."""
    pieces = split_clauses(text)
    return [text, *pieces] if len(pieces) > 1 else [text]


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    return content_words(without_facts(text))


def _say_the_same(one: str, other: str) -> bool:
    words, others = _words(one), _words(other)
    shared, all_words = len(words & others), len(words | others)
    if shared < 2:
        return False
    holds = shared == min(len(words), len(others)) and shared >= MIN_HELD * all_words
    return holds or shared >= MIN_LIKENESS * all_words


def _same_subject(one: Statement, other: Statement) -> bool:
    codes, others = _codes(one), _codes(other)
    if codes and others and not codes & others:
        return False
    known, others_known = _all_words(one), _all_words(other)
    if not (_knows(_topic(one), others_known) and _knows(_topic(other), known)):
        return False
    if len(_words(one.text) & _words(other.text)) >= MIN_SHARED:
        return True
    return content_words(one.chunk.title) == content_words(other.chunk.title)


def _topic(statement: Statement) -> frozenset[str]:
    """The words of what a passage is about: of its FAQ question, or of its innermost heading below
    the title, which names what the whole document is about."""
    chunk = statement.chunk
    inner = chunk.heading_path[-1] if chunk.heading_path else ""
    return _words(chunk.question or (inner if inner != chunk.title else ""))


def _all_words(statement: Statement) -> frozenset[str]:
    chunk = statement.chunk
    about = "\n".join([chunk.title, *chunk.heading_path, chunk.context, chunk.question])
    return _words(statement.text) | _words(about)


def _knows(topic: frozenset[str], words: Collection[str]) -> bool:
    return not topic or len(topic & frozenset(words)) >= _SUBJECT_SHARE * len(topic)


def _codes(statement: Statement) -> frozenset[str]:
    facts = facts_in(f"{statement.chunk.context}\n{statement.text}")
    return frozenset(fact.value for fact in facts if fact.kind == "code")


def _differing(one: str, other: str) -> str:
    """A kind, in one unit, of which each side states a fact that the other doesn't."""
    facts, others = _amounts(one), _amounts(other)
    mine = {(kind, unit) for kind, unit, _ in facts - others}
    theirs = {(kind, unit) for kind, unit, _ in others - facts}
    return min((kind for kind, _ in mine & theirs), default="")


def _amounts(text: str) -> frozenset[tuple[str, str, str]]:
    """(kind, unit, value) of the facts that can be held against each other. A bare number can when
    it counts something: the number of a step, a footnote or a telephone tells nothing."""
    facts = facts_in(text)
    bare = {fact.value for fact in facts if fact.kind == "number"}
    counted = {
        ("number", unit, number)
        for number, unit in _COUNTED.findall(with_digits(text))
        if number in bare
    }
    return frozenset(counted) | {
        (_ONE_KIND.get(fact.kind, fact.kind), _unit(fact), fact.value)
        for fact in facts
        if fact.kind not in ("code", "number")
    }


def _unit(fact: Fact) -> str:
    lasts = fact.kind in ("duration", "workdays", "date", "time")
    return "" if lasts else fact.value.partition(" ")[2]


def _overlap(one: Statement, other: Statement) -> bool:
    """Whether both are the same place of a document."""
    if one.chunk.document_id != other.chunk.document_id:
        return False
    starts = (one.chunk.start + one.start, other.chunk.start + other.start)
    ends = (one.chunk.start + one.end, other.chunk.start + other.end)
    return max(starts) < min(ends)
