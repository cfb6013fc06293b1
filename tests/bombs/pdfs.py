"""PDF files that loop, nest, or claim more than they hold, written by hand."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

MEGABYTE = 1_000_000
_FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_WORDS = b"BT /F1 12 Tf 72 700 Td (Some plain words.) Tj ET"


def pdf(objects: Mapping[int, str | bytes], trailer: str = "") -> bytes:
    """A file of numbered objects; number 1 is the catalogue."""
    data, places = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        places[number] = len(data)
        body = content.encode("latin-1") if isinstance(content, str) else content
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start, size = len(data), max(objects) + 1
    table = "".join(
        f"{places[number]:010d} 00000 n \n" if number in places else "0000000000 65535 f \n"
        for number in range(size)
    )
    data += f"xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer}>>\n".encode()
    return data + b"startxref\n%d\n%%%%EOF\n" % start


def stream(content: bytes, fields: str = "") -> bytes:
    """A stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), fields.encode(), content)


def page(contents: int, resources: str = "/Font << /F1 4 0 R >>", more: str = "") -> str:
    """A page object that draws stream `contents`."""
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R "
        f"/Resources << {resources} >> {more} >>"
    )


def one_page(content: bytes, resources: str = "", more: Mapping[int, str | bytes] | None = None,
             fields: str = "") -> bytes:  # fmt: skip
    """A file of one page that draws `content`, with further objects from number 6 on."""
    return pdf({
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: page(5, f"/Font << /F1 4 0 R >> {resources}"),
        4: _FONT,
        5: stream(content, fields),
        **(more or {}),
    })  # fmt: skip


def looping_tree() -> bytes:
    """A page tree whose children are itself."""
    return pdf({
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 1000 /Parent 2 0 R >>",
        3: page(5),
        4: _FONT,
        5: stream(_WORDS),
    })  # fmt: skip


def looping_outline() -> bytes:
    """Bookmarks each of which comes after itself, and contains itself."""
    return pdf({
        1: "<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: page(5),
        4: _FONT,
        5: stream(_WORDS),
        6: "<< /Type /Outlines /First 7 0 R /Last 8 0 R /Count 9 >>",
        7: "<< /Title (a) /Parent 6 0 R /Next 8 0 R /First 7 0 R /Last 8 0 R /Count 2 >>",
        8: "<< /Title (b) /Parent 6 0 R /Next 7 0 R /First 6 0 R /Last 7 0 R /Count 2 >>",
    })  # fmt: skip


def looping_xref() -> bytes:
    """A cross-reference table that goes on at itself."""
    sound = one_page(_WORDS)
    start = sound.rindex(b"startxref\n") + len(b"startxref\n")
    place = sound[start:].split(b"\n")[0]
    return sound.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %b" % place)


def looping_references() -> bytes:
    """A page whose contents, resources and length refer to themselves."""
    return pdf({
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: "<< /Type /Page /Parent 2 0 R /MediaBox 6 0 R /Contents [5 0 R 7 0 R] "
           "/Resources 6 0 R >>",
        4: _FONT,
        5: b"<< /Length 5 0 R >>\nstream\n" + _WORDS + b"\nendstream",
        6: "6 0 R",
        7: "[7 0 R 7 0 R]",
    })  # fmt: skip


def many_pages(count: int = 100_000) -> bytes:
    """A file of so many pages, each with words."""
    kids = " ".join(f"{number} 0 R" for number in range(6, 6 + count))
    objects: dict[int, str | bytes] = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        4: _FONT,
        5: stream(_WORDS),
    }
    data, places = [b"%PDF-1.7\n"], {}
    length = len(data[0])
    objects |= dict.fromkeys(range(6, 6 + count), page(5))
    for number, content in objects.items():
        places[number] = length
        body = content.encode("latin-1") if isinstance(content, str) else content
        data.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        length += len(data[-1])
    size = max(objects) + 1
    table = "".join(
        f"{places[number]:010d} 00000 n \n" if number in places else "0000000000 65535 f \n"
        for number in range(size)
    )
    data.append(f"xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n".encode())
    data.append(b"startxref\n%d\n%%%%EOF\n" % length)
    return b"".join(data)


def hidden_pages() -> bytes:
    """100,000 pages whose tree says that there are ten."""
    return many_pages().replace(b"/Count 100000", b"/Count 10")


def nested_flate(filters: int = 3, size: int = 1_500 * MEGABYTE) -> bytes:
    """A page whose contents unpack, through several filters, to gigabytes."""
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(size // MEGABYTE))
    content += packer.flush()
    for _ in range(filters - 1):
        content = zlib.compress(content, 9)
    names = " ".join(["/FlateDecode"] * filters)
    return one_page(content, fields=f"/Filter [{names}]")


def endless_operators() -> bytes:
    """A page that draws the same word 20 million times, packed."""
    packer = zlib.compressobj(9)
    step = b"BT /F1 12 Tf 72 700 Td (word) Tj ET\n" * 20_000
    content = b"".join(packer.compress(step) for _ in range(1_000)) + packer.flush()
    return one_page(content, fields="/Filter /FlateDecode")


def nested_forms(levels: int = 12) -> bytes:
    """Drawings each of which draws the next ten times: a million million in the end."""
    more: dict[int, str | bytes] = {}
    for level in range(levels):
        number = 6 + level
        names = f"/XObject << /F {number + 1} 0 R >> /Font << /F1 4 0 R >>"
        content = _WORDS if level == levels - 1 else b"/F Do\n" * 10
        fields = f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << {names} >>"
        more[number] = stream(content, fields)
    return one_page(b"/F Do", "/XObject << /F 6 0 R >>", more)


def ruled_page(lines: int = 20_000) -> bytes:
    """A page of so many rules across each other: a table of millions of cells, perhaps."""
    strokes = b"".join(
        b"%d.%d 10 m %d.%d 780 l S\n10 %d.%d m 600 %d.%d l S\n"
        % (*divmod(n, 40), *divmod(n, 40), *divmod(n, 40), *divmod(n, 40))
        for n in range(lines)
    )
    return one_page(zlib.compress(_WORDS + b"\n" + strokes, 9), fields="/Filter /FlateDecode")


def huge_picture(side: int = 60_000) -> bytes:
    """A scan that says it has thousands of millions of pixels, each white."""
    packer = zlib.compressobj(9)
    row = b"\xff" * (side // 8)
    content = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    fields = (
        f"/Type /XObject /Subtype /Image /Width {side} /Height {side} /BitsPerComponent 1 "
        "/ColorSpace /DeviceGray /Filter /FlateDecode"
    )
    return one_page(b"q 612 0 0 792 0 0 cm /I Do Q", "/XObject << /I 6 0 R >>",
                    {6: stream(content, fields)})  # fmt: skip


def huge_sheet() -> bytes:
    """A page a thousand million points wide, with a picture on it."""
    fields = (
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 "
        "/ColorSpace /DeviceGray"
    )
    return pdf({
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: page(5, "/XObject << /I 6 0 R >>").replace("612 792", "1000000000 1"),
        5: stream(b"q 900000000 0 0 1 0 0 cm /I Do Q"),
        6: stream(b"\0", fields),
    })  # fmt: skip
