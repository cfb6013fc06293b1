"""Everything that can go wrong in words a user can act on.

Each message says what was wrong, where, and what to do. The CLI prints it and exits with
status 1; the server turns it into an RFC 9457 problem. Nothing else may reach a user.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

# Of a fault of ours, the calls nearest to where it was raised.
_SHOWN_CALLS = 8


class RagError(Exception):
    """Base of every error meant for a user. `str(error)` is one plain sentence or two."""


class InvalidInput(RagError):
    """A value given by the caller is malformed or out of range."""


class Exists(InvalidInput):
    """A name that something else has already."""


class NotFound(RagError):
    """A store, document, conversation or job that does not exist."""


class UnreadableDocument(RagError):
    """A file whose content can't be turned into text: empty, damaged, encrypted, unsupported."""


class TooLarge(RagError):
    """An input over a documented limit."""


class ModelError(RagError):
    """A model's weights can't be had, or an engine can't run them."""


class IndexDamaged(RagError):
    """A store's database is damaged. (A damaged FAISS snapshot is rebuilt and never raises.)"""


class DiskFailed(RagError):
    """The disk refused a write or a read: it is full, failing, or not the program's to write."""


class TryLater(RagError):
    """The same request may succeed in `retry_seconds`."""

    def __init__(self, message: str, retry_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Busy(TryLater):
    """The program is at capacity."""


class TooMany(TryLater):
    """More requests than one caller may send."""


class TooSlow(RagError):
    """An answer that took longer than it may."""


class SlowBody(RagError):
    """A request whose body doesn't arrive."""


class Unauthorized(RagError):
    """A request without a key that works."""


class Forbidden(RagError):
    """Something that the key's role may not do."""


def without_text(error: BaseException) -> str:
    """An exception for a log: of what kind it is and where it was raised, and the same of those
    that it came from. Its message is left out: it may repeat what a user wrote, or a key."""
    return " <- ".join(map(_place, _chain(error)))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _place(error: BaseException) -> str:
    calls = traceback.extract_tb(error.__traceback__)[-_SHOWN_CALLS:]
    places = [f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls]
    return (
        f"{type(error).__module__}.{type(error).__qualname__} at {', '.join(places) or 'unknown'}"
    )
