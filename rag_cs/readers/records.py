"""JSON: a list of records is a sheet (so FAQ exports become pairs); anything else, its values
behind their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rag_cs.errors import UnreadableDocument
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.plain import decode
from rag_cs.readers.sheet import add_sheet


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Records row by row, other values one a line."""
    try:
        value = json.loads(decode(data, name))
    except ValueError as error:
        raise UnreadableDocument(f"{name} is no valid JSON: {error}. Mend it and retry.") from error
    builder = Builder()
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        header = list(dict.fromkeys(key for entry in value for key in entry))
        rows = [[_shown(entry.get(key, "")) for key in header] for entry in value]
        add_sheet(builder, [header, *rows], name, limits)
    else:
        for path, leaf in _leaves(value):
            builder.list_item(f"{path}: {leaf}" if path else leaf)
    return builder.draft()


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path} > {key}" if path else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif value not in (None, ""):
        yield path, _shown(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
