"""Zip archives that unpack without end, and XML within them that grows: DOCX and XLSX."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

MEGABYTE = 1_000_000
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="{types}/{kind}" Target="{target}"/>'
    "</Relationships>"
)
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def docx(body: str, prologue: str = "", members: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """A Word document of that XML between `<w:body>` and its end."""
    document = (
        f'<?xml version="1.0"?>{prologue}<w:document xmlns:w="{_W}"><w:body>{body}</w:body>'
        "</w:document>"
    )
    rels = _RELS.format(types=_RELATIONSHIPS, kind="officeDocument", target="word/document.xml")
    return packed(
        ("[Content_Types].xml", _TYPES.encode()),
        ("_rels/.rels", rels.encode()),
        ("word/document.xml", document.encode()),
        *members,
    )


def xlsx(rows: str, prologue: str = "", strings: str = "", dimension: str = "A1") -> bytes:
    """A workbook of one sheet of that XML between `<sheetData>` and its end."""
    rels = _RELS.format(types=_RELATIONSHIPS, kind="worksheet", target="worksheets/sheet1.xml")
    kind = f"{_RELATIONSHIPS}/sharedStrings"
    shared = f'<Relationship Id="rId2" Type="{kind}" Target="sharedStrings.xml"/>'
    rels = rels.replace("</Relationships>", f"{shared}</Relationships>")
    root = _RELS.format(types=_RELATIONSHIPS, kind="officeDocument", target="xl/workbook.xml")
    book = (
        f'<workbook xmlns="{_S}" xmlns:r="{_RELATIONSHIPS}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    sheet = (
        f'<?xml version="1.0"?>{prologue}<worksheet xmlns="{_S}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    return packed(
        ("[Content_Types].xml", _TYPES.encode()),
        ("_rels/.rels", root.encode()),
        ("xl/workbook.xml", book.encode()),
        ("xl/_rels/workbook.xml.rels", rels.encode()),
        ("xl/sharedStrings.xml", f'{prologue}<sst xmlns="{_S}">{strings}</sst>'.encode()),
        ("xl/worksheets/sheet1.xml", sheet.encode()),
    )


def packed(*members: tuple[str, bytes]) -> bytes:
    """A zip archive of named members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def plain_docx(megabytes: int = 390) -> bytes:
    """Empty paragraphs that pack to a thousandth of their size."""
    return docx("<w:p/>" * (megabytes * MEGABYTE // 6))


def one_long_text_docx() -> bytes:
    """One paragraph of 300 MB."""
    return docx(f"<w:p><w:r><w:t>{'a ' * 150_000_000}</w:t></w:r></w:p>")


def plain_xlsx(rows: int = 10_000_000) -> bytes:
    """A sheet of so many rows of one cell."""
    return xlsx('<row><c t="n"><v>1</v></c></row>' * rows)


def wide_span_docx() -> bytes:
    """A cell that says it spans a thousand million columns."""
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="1000000000"/></w:tcPr><w:p/></w:tc>'
    return docx(f"<w:tbl><w:tr>{cell}</w:tr></w:tbl>")


def merged_docx() -> bytes:
    """A cell of a megabyte, merged with the 20,000 below it."""
    words = f"<w:p><w:r><w:t>{'many words ' * 90_000}</w:t></w:r></w:p>"
    first = f'<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>{words}</w:tc></w:tr>'
    more = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr>"
    return docx(f"<w:tbl>{first}{more * 20_000}</w:tbl>")


def far_corner_xlsx() -> bytes:
    """Two cells, at the two ends of the largest sheet there can be."""
    return xlsx(
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        dimension="A1:XFD1048576",
    )


def shared_string_xlsx() -> bytes:
    """A string of 10 MB that 50,000 cells share."""
    cells = '<row><c t="s"><v>0</v></c></row>' * 50_000
    return xlsx(cells, strings=f"<si><t>{'x' * 10 * MEGABYTE}</t></si>")


def laughs(levels: int = 12) -> str:
    """A document type whose last entity stands for 10 to the power of `levels` words."""
    entities = ['<!ENTITY l0 "laugh ">']
    entities += [f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, levels + 1)]
    return f"<!DOCTYPE lolz [{''.join(entities)}]>"


def quadratic() -> str:
    """A document type with one entity of 100,000 characters, to be told again and again."""
    return f'<!DOCTYPE q [<!ENTITY q "{"q" * 100_000}">]>'


def external(target: str = "file:///etc/passwd") -> str:
    """A document type with an entity that lies elsewhere."""
    return f'<!DOCTYPE e [<!ENTITY e SYSTEM "{target}">]>'


def entity_docx(prologue: str, reference: str) -> bytes:
    """A paragraph that refers to entities."""
    return docx(f"<w:p><w:r><w:t>Words {reference}</w:t></w:r></w:p>", prologue)


def entity_xlsx(prologue: str, reference: str) -> bytes:
    """A cell, and a shared string, that refer to entities."""
    inline = (
        f'<row><c t="inlineStr"><is><t>Words {reference}</t></is></c><c t="s"><v>0</v></c></row>'
    )
    return xlsx(inline, prologue, f"<si><t>{reference}</t></si>")


def nested_docx() -> bytes:
    """Documents within documents, ten in each, five deep."""
    inner = plain_docx()
    for _ in range(5):
        inner = docx("<w:p/>", members=[(f"word/embeddings/{n}.docx", inner) for n in range(10)])
    return inner


def lying_xlsx() -> bytes:
    """A sheet of 900 MB whose entry says that it has 100 bytes."""
    data = bytearray(xlsx("<row><c><v>1</v></c></row>" * 35_000_000))
    at = data.rindex(b"PK\x01\x02")  # the last entry of the directory is the sheet's
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    local = struct.unpack("<I", data[at + 42 : at + 46])[0]
    data[local + 22 : local + 26] = struct.pack("<I", 100)
    return bytes(data)


def overlapping(name: str, count: int = 3_000) -> bytes:
    """An archive whose entries all unpack the same 300 MB, under a Word document's name or a
    workbook's."""
    kernel = b" " * 300 * MEGABYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(kernel) + packer.flush()
    checksum = zlib.crc32(kernel)
    names = [name, "[Content_Types].xml", *(f"xl/worksheets/{n}.xml" for n in range(count))]
    local = struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, checksum, len(body), len(kernel), 0, 0
    )
    directory = b"".join(
        struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, checksum, len(body),
            len(kernel) if number < 1 else 10, len(each), 0, 0, 0, 0, 0, 0,
        ) + each.encode()
        for number, each in enumerate(names)
    )  # fmt: skip
    start = len(local) + len(body)
    end = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(names), len(names), len(directory), start, 0
    )
    return local + body + directory + end


def many_entries_docx() -> bytes:
    """A document with 200,000 empty members."""
    return docx("<w:p/>", members=((f"word/{number}.xml", b"<x/>") for number in range(60_000)))


def hostile_names_docx() -> bytes:
    """A sound document whose other members would lie outside, were they unpacked."""
    names = (
        "../../../../tmp/escaped.txt", "/etc/cron.d/escaped", "C:\\Windows\\escaped.txt",
        "word/\u202egpj.exe", "CON", "a" * 60_000, "word/../../escaped",
    )  # fmt: skip
    members = [(name, b"escaped") for name in names]
    return docx("<w:p><w:r><w:t>Plain words.</w:t></w:r></w:p>", members=members)
