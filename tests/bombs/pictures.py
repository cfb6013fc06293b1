"""Pictures that unpack to far more than their file."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, body: bytes = b"", extra: bytes = b"") -> bytes:
    """A grey picture that says it has so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", head) + extra + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def vast_png() -> bytes:
    """4,000 million pixels in 4 MB."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * 64_000
    return png(
        64_000, 62_500, b"".join(packer.compress(row) for _ in range(62_500)) + packer.flush()
    )


def large_png() -> bytes:
    """As many pixels as are let in."""
    return png(7_700, 7_700, zlib.compress((b"\0" + b"\xff" * 7_700) * 7_700, 9))


def thin_png() -> bytes:
    """A line a million pixels wide."""
    return png(1_000_000, 40, zlib.compress((b"\0" + b"\xff\0" * 500_000) * 40, 9))


def wordy_png() -> bytes:
    """A small picture with 40 remarks that unpack to 50 MB each."""
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 50_000_000, 9))
    return png(10, 10, zlib.compress(b"\0" * 110), text * 40)


def many_scans_jpeg() -> bytes:
    """A progressive picture of 25 million pixels that is drawn over and over."""
    buffer = io.BytesIO()
    Image.new("L", (5_000, 5_000), 128).save(buffer, "JPEG", progressive=True, quality=10)
    data = buffer.getvalue()
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * 2_000 + b"\xff\xd9"


def vast_jpeg() -> bytes:
    """A picture of 16 pixels whose head says 65,500 times 65,500."""
    buffer = io.BytesIO()
    Image.new("L", (16, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    return bytes(data)
