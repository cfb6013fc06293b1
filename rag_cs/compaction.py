"""A store rewritten, so that its files hold nothing of what was deleted from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag_cs.evaluation.regression import forget_the_deleted
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.facts import count, fact
from rag_cs.index.verify import erased, opened


@dataclass(frozen=True, slots=True)
class Compacted:
    """What came of it: `erased` documents were deleted or replaced since the last time, which had
    `questions` of the store's own suite."""

    erased: int
    questions: int
    bytes_before: int
    bytes_after: int


def compact_store(folder: Path) -> Compacted:
    """Compact the store in a folder; it may be in use. Needs no model.

    Raises what `EmbeddedIndex.compact` does, and InvalidInput for files of its suite that can't be
    read: delete or mend them.
    """
    before, gone, questions = _bytes(folder), erased(folder), 0
    with opened(folder) as engine, engine.begin() as connection:
        dimensions, embedder = count(connection, "dimensions"), fact(connection, "embedder") or ""
    index = EmbeddedIndex(folder, dimensions=dimensions, embedder=embedder)
    try:
        if gone:
            documents = [index.document(record.id) for record in index.documents()]
            questions = forget_the_deleted(folder, documents)
        index.compact()
    finally:
        index.close()
    return Compacted(gone, questions, before, _bytes(folder))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
