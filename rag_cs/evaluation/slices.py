"""Which kinds of question a query is, so that an average can't hide a kind that fails. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rag_cs.evaluation.datasets import Passage, Query
from rag_cs.text import detect_language, tokenise

# Terms of a query: shoppers type two or three, tell a story in more than twelve.
SHORT_QUERY, LONG_QUERY = 5, 12
# Characters of a passage: an answer of a line or two.
SHORT_PASSAGE = 200


def slices_of(query: Query, relevant: Sequence[Passage]) -> tuple[str, ...]:
    """The slices that `query` belongs to, one of each sort: its language, its place in a
    conversation, its length, and what answers it."""
    terms = len(tokenise(query.text))
    length = "short" if terms <= SHORT_QUERY else "long" if terms > LONG_QUERY else "medium"
    return (
        f"language: {detect_language(query.text)}",
        f"conversation: {'follow-up' if query.history else 'first question'}",
        f"query: {length}",
        *sorted({f"answered by: {_kind(passage)}" for passage in relevant}),
    )


def _kind(passage: Passage) -> str:
    first = passage.title or passage.text.split("\n", 1)[0]
    if first.rstrip().endswith(("?", "？")):
        return "FAQ"
    return "short passage" if len(passage.text) < SHORT_PASSAGE else "section"
