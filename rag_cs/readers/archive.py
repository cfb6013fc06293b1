"""Zip archives, as DOCX and XLSX are, looked over before any library unpacks them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise

from rag_cs.errors import TooLarge, UnreadableDocument

# A document of text unpacks to some ten times its size; a bomb to thousands.
MAX_UNPACKED_BYTES = 200_000_000
# Hundreds of pictures make a few hundred members.
MAX_MEMBERS = 10_000
_LOCAL_HEADER = struct.Struct("<4s22xHH")
# Bytes unpacked at a time, and of how many.
_STEP, _PIECE = 1 << 20, 1 << 16


def members_of(data: bytes) -> list[zipfile.ZipInfo] | None:
    """What an archive says it holds; None when it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.infolist()
    # Names in no encoding, versions of the format that there never were.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error):
        return None


def check_archive(data: bytes, name: str) -> None:
    """Raise TooLarge for an archive that unpacks to far more than a document would, and
    UnreadableDocument for one that is damaged or whose members share their bytes.

    What a member says of its size isn't believed: it is unpacked, piece by piece, and counted.
    """
    members = members_of(data)
    if members is None:
        raise _damaged(name)
    if len(members) > MAX_MEMBERS:
        raise TooLarge(
            f"{name} has {len(members):,} parts; {MAX_MEMBERS:,} is the limit. Split it."
        )
    left = MAX_UNPACKED_BYTES
    for start, member in zip(_starts(data, members, name), members, strict=True):
        left -= _unpacked_bytes(data[start : start + member.compress_size], member, left, name)
        if left < 0:
            raise TooLarge(
                f"{name} unpacks to more than {MAX_UNPACKED_BYTES / 1e6:,.0f} MB. Split it into "
                "smaller files."
            )


def _starts(data: bytes, members: Sequence[zipfile.ZipInfo], name: str) -> list[int]:
    """Where each member's bytes begin. Raises UnreadableDocument when two share some."""
    starts = []
    for member in members:
        head = data[member.header_offset : member.header_offset + _LOCAL_HEADER.size]
        if len(head) < _LOCAL_HEADER.size:
            raise _damaged(name)
        mark, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
        start = member.header_offset + len(head) + name_bytes + extra_bytes
        if mark != b"PK\3\4" or start + member.compress_size > len(data):
            raise _damaged(name)
        starts.append(start)
    spans = sorted(
        (member.header_offset, start + member.compress_size)
        for member, start in zip(members, starts, strict=True)
    )
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise _damaged(name)
    return starts


def _unpacked_bytes(packed: bytes, member: zipfile.ZipInfo, most: int, name: str) -> int:
    """The size of a member unpacked, or something above `most`."""
    if member.compress_type == zipfile.ZIP_STORED:
        return len(packed)
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise _damaged(name)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    count = 0
    try:
        for at in range(0, len(packed), _PIECE):
            piece = packed[at : at + _PIECE]
            while piece and count <= most and not unpacker.eof:
                count += len(unpacker.decompress(piece, _STEP))
                piece = unpacker.unconsumed_tail
    except zlib.error as error:
        raise _damaged(name) from error
    return count


def _damaged(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} is damaged or cut off. Open it in the program that made it and save it again."
    )
