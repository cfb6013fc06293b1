"""The seam between the search engines: what every chunk index must do.

`tests/contracts/test_chunk_index.py` holds every implementation to it. An index belongs to
one store; no call takes a store's name, so no call can reach two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag_cs.corrections import Correction
from rag_cs.types import Chunk, Document, Language

Vector = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Filters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A stored document without its text. `created_at` is UTC, ISO 8601."""

    id: str
    source: str
    title: str
    media_type: str
    sha256: str
    language: Language
    metadata: Mapping[str, str]
    chunks: int
    characters: int
    created_at: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Chunk numbers, shape (n,), with their scores, best first; ties by number."""

    numbers: Numbers
    scores: Vector


class ChunkIndex(Protocol):
    """Documents, their chunks and vectors, and the two halves of search over them.

    A chunk's number is an integer the index gives it and never gives again. `filters` name
    document metadata fields (and `document_id`, `language`) with the value each must have;
    `as_of` leaves out what `policies.Timeline` says isn't in force on that day. Both restrict
    the search before ranking.
    """

    def __len__(self) -> int:
        """The number of chunks."""
        ...

    def replace(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: Matrix,
        token_codes: Sequence[bytes] = (),
        permit: Callable[[], None] | None = None,
        corrections: tuple[Sequence[Correction], Sequence[Correction]] | None = None,
    ) -> None:
        """Add a document, or put it in the place of the one with its id, in one transaction.

        `vectors` has shape (len(chunks), dimensions), rows of length 1; `token_codes` are kept
        as they are, one a chunk or none at all. `permit` is called when nobody else can write any
        more: what it raises leaves everything as it was. Turns of conversations that quote the
        document's earlier version are emptied. `corrections` are those that the document had, and
        those that it has from now on; Busy is raised when it had others. Without, it keeps its own.
        """
        ...

    def delete(self, document_id: str) -> bool:
        """Remove a document with its chunks and vectors, and what turns of conversations quote of
        it; False when there was none."""
        ...

    def corrections(self, document_id: str = "") -> list[Correction]:
        """What the merchant changed in a document, or in all, in the order in which they did."""
        ...

    def documents(self) -> list[DocumentRecord]:
        """Every document, by source."""
        ...

    def record(self, document_id: str) -> DocumentRecord | None:
        """What `documents` says of one document; None when there is none."""
        ...

    def document(self, document_id: str) -> Document:
        """A stored document with its text (its blocks are not kept). Raises NotFound, and
        IndexDamaged for one that the disk damaged."""
        ...

    def holds(self, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of the documents, each with the hash of its file, are there in that version."""
        ...

    def languages(self) -> frozenset[Language]:
        """The languages that documents are in. Fast: to be asked before each search."""
        ...

    def search_dense(
        self, query: Vector, limit: int, filters: Filters | None = None, as_of: date | None = None
    ) -> Scores:
        """The `limit` chunks of greatest cosine with `query`, shape (dimensions,)."""
        ...

    def search_lexical(
        self,
        terms: Sequence[str],
        limit: int,
        filters: Filters | None = None,
        as_of: date | None = None,
    ) -> Scores:
        """The `limit` chunks of greatest BM25 score for terms as `text.search_terms` cuts them."""
        ...

    def cosines(self, query: Vector, numbers: Numbers) -> Vector:
        """The product of each numbered chunk's vector with `query`, shape (len(numbers),): their
        cosine where that is of length 1; 0 for a chunk that is gone."""
        ...

    def vectors(self, numbers: Numbers) -> dict[int, Vector]:
        """The vectors of the numbered chunks as `replace` was given them, less those deleted."""
        ...

    def token_codes(self, numbers: Numbers) -> dict[int, bytes]:
        """What `replace` was given for the numbered chunks, less those that have none."""
        ...

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """The chunks by number, less those deleted since and those that the disk damaged."""
        ...

    def numbers(self, document_id: str) -> Numbers:
        """The numbers of a document's chunks, in text order; none for one that isn't there."""
        ...

    def close(self) -> None:
        """Save what saves time at the next opening, and let go of the files."""
        ...
