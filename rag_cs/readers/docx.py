"""DOCX: headings, paragraphs, lists and tables, in document order."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.builder import Builder, Draft, Limits

_HEADING = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TABLE, _ROW, _CELL = f"{_W}p", f"{_W}tbl", f"{_W}tr", f"{_W}tc"
_TEXT, _TAB, _BREAK, _RETURN = f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr"
_CONTROL, _CONTROL_CONTENT = f"{_W}sdt", f"{_W}sdtContent"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# A document of text unpacks to some ten times its size; a bomb to thousands.
_MAX_UNPACKED_BYTES = 400_000_000


def read(data: bytes, name: str, limits: Limits) -> Draft:  # noqa: ARG001 - one signature for all
    """Word's own styles say what is a heading and what a list item."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError
    from docx.text.paragraph import Paragraph

    check_unpacked_size(data, name)
    try:
        document = Document(io.BytesIO(data))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UnreadableDocument(
            f"{name} is damaged or no Word document. Open it in Word and save it again as DOCX."
        ) from error
    builder = Builder()
    title = ""
    numbers: dict[str, int] = {}
    for element in _body(document.element.body):
        if element.tag == _TABLE:
            builder.table(_rows(element))
        else:
            heading = _paragraph(builder, Paragraph(element, document), numbers)
            title = title or heading
    return builder.draft(str(document.core_properties.title or "") or title)


def _body(container: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, those within content controls (of templates) too."""
    for element in container:
        if element.tag in (_PARAGRAPH, _TABLE):
            yield element
        elif element.tag in (_CONTROL, _CONTROL_CONTENT):
            yield from _body(element)


def _words(element: Any) -> str:
    """All text below an element as Word shows it: with insertions and links, without deletions
    and without the instructions of fields. What text boxes hold comes after."""
    parts: list[str] = []
    for node in element.iter(_TEXT, _TAB, _BREAK, _RETURN, _PARAGRAPH):
        if node.tag == _TEXT:
            # Word writes a text box twice, the second time for programs older than 2010.
            if next(node.iterancestors(_FALLBACK), None) is None:
                parts.append(node.text or "")
        elif node is not element:
            parts.append("\t" if node.tag == _TAB else "\n")
    return "".join(parts)


def check_unpacked_size(data: bytes, name: str) -> None:
    """Raise TooLarge for a zip archive that unpacks to far more than a document would."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableDocument(f"{name} is damaged or cut off. Save it again.") from error
    if unpacked > _MAX_UNPACKED_BYTES:
        raise TooLarge(f"{name} unpacks to {unpacked / 1e6:,.0f} MB. Split it into smaller files.")


def _paragraph(builder: Builder, paragraph: Any, numbers: dict[str, int]) -> str:
    """Append a paragraph; its text if it is the document's title."""
    style = str(paragraph.style.name or "") if paragraph.style is not None else ""
    text = _words(paragraph._p)  # noqa: SLF001 - python-docx leaves out insertions
    heading = _HEADING.match(style)
    if style in ("Title", "标题", "標題"):
        builder.heading(text, 1)
        return text
    if heading:
        builder.heading(text, int(heading[1]))
        return text if heading[1] == "1" else ""
    if "List" in style or "列表" in style or paragraph._p.xpath("./w:pPr/w:numPr"):  # noqa: SLF001
        numbered = "Number" in style or "编号" in style
        numbers[style] = numbers.get(style, 0) + 1 if numbered else 0
        builder.list_item(text, f"{numbers[style]}." if numbered else "-")
        return ""
    numbers.clear()
    builder.paragraph(text)
    return ""


def _rows(table: Any) -> list[list[str]]:
    """The cells' texts. One that spans rows is told in each; one that spans columns, once."""
    rows: list[list[str]] = []
    for row in table.iter(_ROW):
        if next(row.iterancestors(_TABLE)) is not table:
            continue  # a row of a table within a cell, whose words the cell has
        cells: list[str] = []
        for cell in row.iter(_CELL):
            if next(cell.iterancestors(_ROW)) is row:
                text = _words(cell).strip()
                if cell.xpath("./w:tcPr/w:vMerge[not(@w:val='restart')]") and rows:
                    text = rows[-1][len(cells)] if len(cells) < len(rows[-1]) else ""
                span = cell.xpath("./w:tcPr/w:gridSpan/@w:val")
                cells += [text, *[""] * (int(span[0]) - 1 if span else 0)]
        rows.append(cells)
    return rows
