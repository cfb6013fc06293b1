"""What a recogniser finds, as the words themselves; of findings within each other, the longest."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rag_cs.privacy.findings import Finding, fold


def words(find: Callable[[str], Iterable[Finding]], text: str) -> set[str]:
    spans = {(found.start, found.end) for found in find(fold(text))}
    inner = {(a, b) for a, b in spans for c, d in spans if (a, b) != (c, d) and c <= a and b <= d}
    return {text[start:end] for start, end in spans - inner}
