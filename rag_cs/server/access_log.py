"""uvicorn's access log without what it shouldn't tell: query strings, and ids in a path."""

from __future__ import annotations

import logging
import re
from urllib.parse import unquote

from rag_cs.privacy import Mask, find_personal

_MOST_CHARACTERS = 200
# A conversation's id lets its holder go on with it, and a subject may be anything that a shop made
# of its customer.
_NAMED = re.compile(r"(/(?:conversations|subjects))/.+")


def private_path(path: str) -> str:
    """A request's path as it may be logged."""
    shown = unquote(_NAMED.sub(r"\1/…", path.partition("?")[0]))[:_MOST_CHARACTERS]
    return Mask().hide(shown, find_personal(shown))


class WithoutText(logging.Filter):
    """Shortens the path in uvicorn's records: address, method, path, version, status."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, *rest = record.args
            record.args = (client, method, private_path(str(path)), *rest)
        return True


def install() -> None:
    """Make the access log private, once."""
    log = logging.getLogger("uvicorn.access")
    if not any(isinstance(each, WithoutText) for each in log.filters):
        log.addFilter(WithoutText())
