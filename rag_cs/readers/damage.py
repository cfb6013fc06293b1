"""What the libraries that parse files say about bytes that nobody vouches for, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rag_cs.errors import RagError, UnreadableDocument


@contextmanager
def damage_means(sentence: str, kind: type[Exception] = Exception) -> Iterator[None]:
    """Whatever a library raises within becomes UnreadableDocument with that sentence, if it is of
    that kind; too little memory and too deep nesting stay what they are. Keep code of ours out of
    it, or name the library's own kind."""
    try:
        yield
    except (RagError, MemoryError, RecursionError):
        raise
    except kind as error:
        raise UnreadableDocument(sentence) from error
