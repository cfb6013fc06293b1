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
    except BaseException as error:
        # A library in Rust panics with an exception that isn't an Exception, and has no module.
        if isinstance(error, kind) or type(error).__name__ == "PanicException":
            raise UnreadableDocument(sentence) from error
        raise
