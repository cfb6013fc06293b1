"""Hashes of rows, by which `verify` notices a bit that the disk flipped.

SQLite notices damage to a page's structure, not to the text in it. A seal keeps no secret: whoever
can write the file can seal what they write. Changing what goes into a seal is a schema revision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

_DOCUMENT = (
    "id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at",
)  # fmt: skip
_CHUNK = (
    "number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind",
    "context", "question",
)  # fmt: skip

_TURN = ("conversation_id", "role", "text", "created_at")


def seal_of_document(row: Mapping[Any, Any]) -> bytes:
    """Of a row of `documents`."""
    return _seal(_json([row[name] for name in _DOCUMENT]))


def seal_of_chunk(row: Mapping[Any, Any]) -> bytes:
    """Of a row of `chunks`."""
    return _seal(_json([row[name] for name in _CHUNK]))


def seal_of_vector(vector: Any, codes: Any = b"") -> bytes:
    """Of a chunk's vector and its token codes, b"" for none; b"" for what isn't bytes."""
    if not isinstance(vector, bytes) or not isinstance(codes, bytes):
        return b""
    return _seal(len(vector).to_bytes(8, "little") + vector + codes)


def seal_of_turn(row: Mapping[Any, Any], sources: Iterable[str] = ()) -> bytes:
    """Of a row of `conversations` with the documents that it quotes."""
    return _seal(_json([*(row[name] for name in _TURN), *sorted(map(str, sources))]))


def _json(values: list[Any]) -> bytes:
    """A damaged row may hold values of any type."""
    return json.dumps(values, sort_keys=True, default=repr).encode()


def _seal(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()
