"""A store's documents -> what their merchant should look at: statements that disagree, passages
that stand twice, and what is past its day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rag_cs.contradictions import Conflict, Statement, conflicts_of
from rag_cs.dates import end_stated
from rag_cs.facts import facts_in
from rag_cs.index.base import ChunkIndex, DocumentRecord
from rag_cs.policies import in_force, lapsed
from rag_cs.statements import statements_of
from rag_cs.text import content_words, search_terms
from rag_cs.types import Chunk

# A passage of fewer words says nothing twice.
_MIN_WORDS = 5
# Passages that one is compared with for standing twice.
_NEIGHBOURS = 4

Progress = Callable[[int, int], None]
"""Called with the documents that were looked at and the documents in all."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, on a day. `duplicates` are passages of two documents that say the same;
    `past` statements of documents in force that name an end before that day; `lapsed` documents
    that ended without a later version, so that nothing holds in their place."""

    documents: int
    conflicts: tuple[Conflict, ...]
    duplicates: tuple[tuple[Chunk, Chunk], ...]
    past: tuple[Statement, ...]
    lapsed: tuple[DocumentRecord, ...]

    def __len__(self) -> int:
        """How many there are of all kinds together."""
        return sum(map(len, (self.conflicts, self.duplicates, self.past, self.lapsed)))


def check_documents(index: ChunkIndex, as_of: date, progress: Progress | None = None) -> Findings:
    """Look through every document that is in force on a day."""
    records = index.documents()
    held, ended = in_force(records, as_of), lapsed(records, as_of)
    conflicts: list[Conflict] = []
    duplicates: list[tuple[Chunk, Chunk]] = []
    past: list[Statement] = []
    pairs: set[frozenset[tuple[str, int]]] = set()
    for number, record in enumerate(records, start=1):
        if record.id in held:
            for conflict in conflicts_of(record.id, index, as_of):
                sides = (conflict.one, conflict.other)
                pair = frozenset((each.chunk.id, each.start) for each in sides)
                if pair not in pairs:
                    pairs.add(pair)
                    conflicts.append(conflict)
            duplicates += _duplicates(record.id, index, as_of)
            past += _past(record.id, index, as_of)
        if progress:
            progress(number, len(records))
    return Findings(
        len(held),
        tuple(conflicts),
        tuple(duplicates),
        tuple(past),
        tuple(record for record in records if record.id in ended),
    )


def _chunks(document_id: str, index: ChunkIndex) -> Sequence[Chunk]:
    numbers = index.numbers(document_id).tolist()
    found = index.chunks(numbers)
    return [found[number] for number in numbers if number in found]


def _duplicates(document_id: str, index: ChunkIndex, as_of: date) -> Iterator[tuple[Chunk, Chunk]]:
    """Pairs with a document of a greater id, so that each comes once."""
    for chunk in _chunks(document_id, index):
        words = content_words(chunk.text)
        if len(words) < _MIN_WORDS:
            continue
        near = index.search_lexical(search_terms(chunk.text), _NEIGHBOURS, as_of=as_of)
        for other in index.chunks(near.numbers.tolist()).values():
            if other.document_id > document_id and _says_no_more(chunk, other):
                yield chunk, other


def _says_no_more(chunk: Chunk, other: Chunk) -> bool:
    same = content_words(chunk.text) == content_words(other.text)
    return same and facts_in(chunk.text) == facts_in(other.text)


def _past(document_id: str, index: ChunkIndex, as_of: date) -> Iterator[Statement]:
    for chunk in _chunks(document_id, index):
        for start, end in statements_of(chunk):
            last = end_stated(chunk.text[start:end])
            if last and last < as_of:
                yield Statement(chunk, start, end)
