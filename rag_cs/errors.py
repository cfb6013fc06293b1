"""Everything that can go wrong in words a user can act on.

Each message says what was wrong, where, and what to do. The CLI prints it and exits with
status 1; the server turns it into an RFC 9457 problem. Nothing else may reach a user.
"""


class RagError(Exception):
    """Base of every error meant for a user. `str(error)` is one plain sentence or two."""


class InvalidInput(RagError):
    """A value given by the caller is malformed or out of range."""


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


class Busy(RagError):
    """The program is at capacity; the same request may succeed later."""


class TooMany(RagError):
    """More requests than one caller may send."""


class Unauthorized(RagError):
    """A request without a key that works."""


class Forbidden(RagError):
    """Something that the key's role may not do."""
