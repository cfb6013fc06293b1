"""What a check of a store found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rag_cs.check import Findings
from rag_cs.contradictions import Statement

_KINDS = {"denial": "yes or no", "workdays": "duration"}


def as_text(found: Findings, store: str) -> str:
    """For a terminal: every finding with its quotes."""
    if not found.documents and not len(found):
        return f"Store {store!r} holds no documents in force."
    if not len(found):
        return f"Nothing to correct: {found.documents} documents in force agree with each other."
    return "\n".join(_lines(found))


def _lines(found: Findings) -> Iterator[str]:
    for conflict in found.conflicts:
        kind = _KINDS.get(conflict.kind, conflict.kind)
        yield f"These disagree ({kind}):"
        yield _quoted(conflict.one)
        yield _quoted(conflict.other)
    for one, other in found.duplicates:
        yield "These say the same twice:"
        yield _quoted(Statement(one, 0, len(one.text)))
        yield _quoted(Statement(other, 0, len(other.text)))
    for statement in found.past:
        yield "This names an end that has passed, in a document that is in force:"
        yield _quoted(statement)
    for record in found.lapsed:
        end = record.metadata.get("effective_until", "")
        yield f"This ended on {end}, and nothing holds in its place:\n  {record.source}"
    yield (
        f"{len(found.conflicts)} disagreements, {len(found.duplicates)} duplicates, "
        f"{len(found.past)} statements past their day, {len(found.lapsed)} documents without a "
        "successor."
    )


def _quoted(statement: Statement) -> str:
    chunk = statement.chunk
    page = f", page {chunk.page}" if chunk.page else ""
    return f"  {chunk.title}{page}: “{' '.join(statement.text.split())}”"


def as_rows(found: Findings) -> dict[str, Any]:
    """For JSON: each statement with its document and its place in it."""
    return {
        "documents": found.documents,
        "conflicts": [
            {"kind": each.kind, "statements": [_row(each.one), _row(each.other)]}
            for each in found.conflicts
        ],
        "duplicates": [
            [_row(Statement(chunk, 0, len(chunk.text))) for chunk in pair]
            for pair in found.duplicates
        ],
        "past": [_row(statement) for statement in found.past],
        "lapsed": [
            {"document_id": each.id, "source": each.source, "metadata": dict(each.metadata)}
            for each in found.lapsed
        ],
    }


def _row(statement: Statement) -> dict[str, Any]:
    chunk = statement.chunk
    return {
        "document_id": chunk.document_id,
        "title": chunk.title,
        "page": chunk.page,
        "start": chunk.start + statement.start,
        "end": chunk.start + statement.end,
        "quote": statement.text,
    }
