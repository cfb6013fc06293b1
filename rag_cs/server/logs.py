"""What the server writes down: one line an event, as JSON or for a person's eyes.

No line holds what anyone asked, was told or uploaded, a key, or a query string. Lines take only
the fields named here. Of an exception they show its kind and where it was raised, and of a library
that isn't known to be discreet only that it said something, and where: their messages may quote any
text.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
# What a line may say besides its event: nothing else that a library adds gets in.
FIELDS = ("method", "route", "status", "milliseconds", "store", "key", "job", "outcome", "trace_id")
# Whose lines below WARNING are wanted. Model clients, for one, would write prompts at DEBUG.
_OURS = ("rag_cs", "uvicorn")
# Whose messages are shown: they quote no text of users.
_DISCREET = (*_OURS, "opentelemetry", "alembic")
# Frames of an exception that are shown, the innermost.
_FRAMES = 20


def configure(style: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """Send every log of this process through one handler, to standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_common(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(style, colours=handler.stream.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())


def bound(**fields: str) -> AbstractContextManager[None]:
    """Within it, each line of this task and the threads that it asks says these fields too."""
    return structlog.contextvars.bound_contextvars(**{k: v for k, v in fields.items() if v})


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=FIELDS),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _discreet,
        _without_messages,
    ]


def _renderers(style: LogFormat, *, colours: bool) -> list[Processor]:
    if style == "json":
        return [structlog.processors.JSONRenderer(partial(json.dumps, ensure_ascii=False))]
    return [structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="time")]


def _discreet(_logger: Any, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    if record.name.split(".")[0] not in _DISCREET:
        event["event"] = f"a message at {_short(record.pathname)}:{record.lineno}"
    return event


def _without_messages(_logger: Any, _method: str, event: EventDict) -> EventDict:
    information = event.pop("exc_info", None)
    if information is True:
        information = sys.exc_info()
    error = information[1] if isinstance(information, tuple) else information
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_told(error))
    return event


def _told(error: BaseException) -> Iterator[str]:
    """The kinds of an exception and of what caused it, each with where it was raised."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each and id(each) not in seen:
        seen.add(id(each))
        yield f"{type(each).__module__}.{type(each).__qualname__}{_code(each)}"
        for frame in traceback.extract_tb(each.__traceback__)[-_FRAMES:]:
            yield f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}"
        each = each.__cause__ or each.__context__


def _code(error: BaseException) -> str:
    """What the system or SQLite calls the error: words of theirs alone."""
    if isinstance(error, OSError) and error.strerror:
        return f" ({error.strerror})"
    code = getattr(error, "sqlite_errorname", "")
    return f" ({code})" if code else ""


def _short(filename: str) -> str:
    """A file by the package that it lies in."""
    parts = Path(filename).parts
    for root in ("site-packages", "rag_cs"):
        if root in parts:
            at = len(parts) - 1 - parts[::-1].index(root)
            return "/".join(parts[at + (root == "site-packages") :])
    return parts[-1]
