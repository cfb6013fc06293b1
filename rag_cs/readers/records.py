"""JSON: a list of records is a sheet (so FAQ exports become pairs); anything else, its values
behind their names."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from rag_cs.errors import UnreadableDocument
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.plain import decode
from rag_cs.readers.sheet import MAX_COLUMNS, add_sheet


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Records row by row, other values one a line."""
    try:
        # Numbers as they are written: 12.50 stays so, and no number is too long.
        value = json.loads(decode(data, name), parse_int=str, parse_float=str)
    except ValueError as error:
        raise UnreadableDocument(f"{name} is no valid JSON: {error}. Mend it and retry.") from error
    builder = Builder(limits)
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        header = list(dict.fromkeys(key for entry in value for key in entry))
        if len(header) <= MAX_COLUMNS:
            rows = ([_shown(entry.get(key, "")) for key in header] for entry in value)
            add_sheet(builder, [header, *itertools.islice(rows, limits.max_rows)], name, limits)
            return builder.draft()
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
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
