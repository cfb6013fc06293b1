"""Spine 1: load -> chunk -> embed -> index -> compare. One file at a time, each on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_cs.chunk import TokenCounter, chunk
from rag_cs.contradictions import Conflict, conflicts_of
from rag_cs.corrections import FILE_HASH, Correction, correct
from rag_cs.errors import InvalidInput, RagError, TooLarge
from rag_cs.index.base import ChunkIndex, DocumentRecord, Matrix, Vector
from rag_cs.load import load
from rag_cs.policies import dated
from rag_cs.rerank import TokenEncoder
from rag_cs.retrieve import today
from rag_cs.types import Chunk, Document

Outcome = Literal["added", "replaced", "unchanged", "failed"]
# Chunks embedded between two reports of progress; sorted by length within.
_EMBED_STEP = 64
# Statements of a document that are compared with the rest of the store at once; 5 ms each.
MOST_STATEMENTS = 1_000
# Of one document; embedding so many takes half an hour on two cores.
MAX_CHUNKS = 100_000


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file. `reason` is a sentence for people when it failed; `conflicts` is
    where it disagrees with what the store holds, `unfit` the corrections that it has no place for.
    """

    source: str
    outcome: Outcome
    document_id: str = ""
    chunks: int = 0
    reason: str = ""
    conflicts: tuple[Conflict, ...] = ()
    unfit: tuple[Correction, ...] = ()


Progress = Callable[[str, int, int], None]
"""Called with the source, the chunks embedded so far and the chunks in all; a last time when
nobody else can write to the store any more. What it raises leaves the store as it was."""


Loader = Callable[[bytes, str], Document]


class Ingester:
    """Puts files into one store's index."""

    def __init__(
        self,
        index: ChunkIndex,
        embeddings: Embeddings,
        count_tokens: TokenCounter,
        load: Loader = load,
        max_chunks: int = MAX_CHUNKS,
    ) -> None:
        self._load = load
        self._max_chunks = max_chunks
        self._index = index
        self._embeddings = embeddings
        self._count_tokens = count_tokens

    def ingest(
        self,
        data: bytes,
        source: str,
        progress: Progress | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Ingested:
        """Read one file and put it in the place of its earlier version, if there is one, corrected
        as the merchant corrected that.

        `given` is what `policies.stated` made of the dates and version that came with the file.
        The same file again, with nothing or the same given, changes nothing. Raises a RagError
        that says what is wrong with the file; the store is then unchanged.
        """
        document = dated(self._load(data, source), given or {})
        before = self._index.record(document.id)
        if before and _is_same(before, document, given or {}):
            return Ingested(source, "unchanged", document.id, before.chunks)
        held = self._index.corrections(document.id)
        corrected = correct(document, held)
        count = self.add([corrected.document], progress, (held, corrected.kept))
        conflicts = tuple(conflicts_of(document.id, self._index, today(), MOST_STATEMENTS))
        outcome: Outcome = "replaced" if before else "added"
        return Ingested(
            source, outcome, document.id, count, conflicts=conflicts, unfit=corrected.conflicts
        )

    def add(
        self,
        documents: Sequence[Document],
        progress: Progress | None = None,
        corrections: tuple[Sequence[Correction], Sequence[Correction]] | None = None,
    ) -> int:
        """Chunk, embed and index documents; the number of their chunks.

        They are embedded together, since one short document alone would fill no batch; what their
        earlier versions held isn't embedded again. `corrections` are those of one document, before
        and now. Raises TooLarge for a document of too many.
        """
        chunked = [self._chunked(document) for document in documents]
        rows, codes = self.embed(documents, chunked, progress)
        done = 0
        for document, chunks in zip(documents, chunked, strict=True):
            span = slice(done, done + len(chunks))
            permit = partial(progress, document.source, len(rows), len(rows)) if progress else None
            self._index.replace(document, chunks, rows[span], codes[span], permit, corrections)
            done += len(chunks)
        return len(rows)

    def embed(
        self,
        documents: Sequence[Document],
        chunked: Sequence[Sequence[Chunk]],
        progress: Progress | None = None,
    ) -> tuple[Matrix, list[bytes]]:
        """Vectors of all chunks, shape (chunks, dimensions), and their token codes."""
        texts = [part.embedded_text for chunks in chunked for part in chunks]
        made = self._held(documents)
        fresh = [text for text in dict.fromkeys(texts) if text not in made]
        held = len(texts) - len(fresh)
        for start in range(0, len(fresh), _EMBED_STEP):
            some = fresh[start : start + _EMBED_STEP]
            vectors, codes = embed_passages(self._embeddings, some)
            made |= zip(some, zip(vectors, codes or [b""] * len(some), strict=True), strict=True)
            if progress:
                progress(documents[0].source, held + start + len(some), len(texts))
        rows = np.array([made[text][0] for text in texts], np.float32).reshape(len(texts), -1)
        return rows, [code for text in texts if (code := made[text][1])]

    def _chunked(self, document: Document) -> list[Chunk]:
        chunks = chunk(document, self._count_tokens)
        if len(chunks) > self._max_chunks:
            raise TooLarge(
                f"{document.source} makes {len(chunks):,} passages; {self._max_chunks:,} is the "
                "limit. Split it into smaller files."
            )
        return chunks

    def _held(self, documents: Sequence[Document]) -> dict[str, tuple[Vector, bytes]]:
        """Vector and token codes of what the documents' earlier versions hold, by embedded text: a
        chunk that didn't change isn't embedded again."""
        known: dict[str, tuple[Vector, bytes]] = {}
        for document in documents:
            numbers = self._index.numbers(document.id)
            vectors, codes = self._index.vectors(numbers), self._index.token_codes(numbers)
            for number, part in self._index.chunks(numbers.tolist()).items():
                if number in vectors:
                    known[part.embedded_text] = (vectors[number], codes.get(number, b""))
        return known

    def ingest_files(
        self,
        files: Iterable[tuple[str, Path]],
        progress: Progress | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Iterator[Ingested]:
        """Ingest `(source, path)` pairs; a file that fails is reported and the rest go on."""
        for source, path in files:
            try:
                yield self.ingest(path.read_bytes(), source, progress, given)
            except RagError as error:
                yield Ingested(source, "failed", reason=str(error))
            except OSError as error:
                yield Ingested(
                    source, "failed", reason=f"{source} can't be read: {error.strerror}."
                )


def _is_same(before: DocumentRecord, document: Document, given: Mapping[str, str]) -> bool:
    """Whether a file that is uploaded again says nothing new."""
    metadata = {name: value for name, value in before.metadata.items() if name != FILE_HASH}
    same = before.metadata.get(FILE_HASH, before.sha256) == document.sha256
    return same and (not given or metadata == document.metadata)


def embed_passages(embeddings: Embeddings, texts: list[str]) -> tuple[Matrix, list[bytes]]:
    """Vectors of shape (len(texts), dimensions), and token codes from an embedder that has some."""
    if isinstance(embeddings, TokenEncoder):
        return embeddings.passages(texts)
    return np.array(embeddings.embed_documents(texts), np.float32), []


def find_files(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """`(source, path)` of every file under `paths`, in order, hidden ones left out.

    A file's source is its path relative to the folder that was named, or its name alone.
    Raises InvalidInput for a path that doesn't exist and for two files of one source.
    """
    found: dict[str, Path] = {}
    for given in paths:
        if not given.exists():
            raise InvalidInput(f"There is no file or folder {str(given)!r}.")
        files = [given] if given.is_file() else sorted(given.rglob("*"))
        for path in files:
            source = path.name if path == given else path.relative_to(given).as_posix()
            hidden = any(part.startswith(".") for part in Path(source).parts)
            if not path.is_file() or hidden:
                continue
            if source in found and found[source] != path:
                raise InvalidInput(
                    f"{str(found[source])!r} and {str(path)!r} would both be stored as "
                    f"{source!r}. Rename one, or ingest the folder above both."
                )
            found[source] = path
    return list(found.items())
