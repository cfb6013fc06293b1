from __future__ import annotations

import contextlib
import io
import struct
import zipfile

import pytest

from rag_cs.errors import RagError, TooLarge, UnreadableDocument
from rag_cs.readers import archive
from rag_cs.readers.archive import check_archive
from tests.bombs.archives import packed


def check(data: bytes) -> None:
    check_archive(data, "x.docx")


def test_a_sound_archive_passes() -> None:
    check(packed(("a.xml", b"<a/>" * 1_000), ("b.xml", b"")))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as stored:
        stored.writestr("a.xml", b"as it is")
    check(buffer.getvalue())


def test_what_unpacks_to_too_much_is_refused_whatever_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 3_000_000)
    with pytest.raises(TooLarge, match="unpacks to more than 3 MB"):
        check(packed(("a.xml", b" " * 2_000_000), ("b.xml", b" " * 2_000_000)))
    lying = bytearray(packed(("a.xml", b" " * 4_000_000)))
    for mark, place in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        at = lying.index(mark) + place
        lying[at : at + 4] = struct.pack("<I", 10)
    with pytest.raises(TooLarge):
        check(bytes(lying))


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(TooLarge, match="4 parts; 3 is the limit"):
        check(packed(*((f"{n}.xml", b"") for n in range(4))))


def test_members_that_share_their_bytes_are_refused() -> None:
    data = bytearray(packed(("a.xml", b"words"), ("b.xml", b"words")))
    second = data.rindex(b"PK\1\2") + 42
    data[second : second + 4] = struct.pack("<I", 0)
    with pytest.raises(UnreadableDocument, match="damaged"):
        check(bytes(data))


def test_other_ways_of_packing_and_damage_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as odd:
        odd.writestr("a.xml", b"words")
    for data in (buffer.getvalue(), b"PK\3\4 and then nothing"):
        with pytest.raises(UnreadableDocument, match="damaged"):
            check(data)


def test_a_byte_changed_anywhere_is_harmless_or_refused() -> None:
    data = packed(("a.xml", b"some words " * 20), ("b.xml", b"more"))
    for place in range(len(data)):
        for value in (0, 0x80, 0xFF):
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            with contextlib.suppress(RagError):
                check(changed)
