"""A store that was renamed or deleted while somebody was at it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import ExceptionContext

from rag_cs.errors import NotFound

_MOVED = ("SQLITE_CANTOPEN", "SQLITE_READONLY_DBMOVED", "SQLITE_IOERR_FSTAT")


def tell_when_gone(engine: Engine, file: Path) -> None:
    """From here on, what fails because the database isn't at `file` any more raises NotFound."""

    @event.listens_for(engine, "handle_error")
    def gone(context: ExceptionContext) -> None:
        code = getattr(context.original_exception, "sqlite_errorname", "")
        if code in _MOVED and not file.exists():
            raise NotFound(
                f"Store {file.parent.name!r} was renamed or deleted meanwhile. "
                "See `rag-cs store list`."
            ) from None
