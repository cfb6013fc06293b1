"""DOCX: headings, paragraphs, lists and tables, in document order."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.builder import Builder, Draft, Limits

_HEADING = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)
# A document of text unpacks to some ten times its size; a bomb to thousands.
_MAX_UNPACKED_BYTES = 400_000_000


def read(data: bytes, name: str, limits: Limits) -> Draft:  # noqa: ARG001 - one signature for all
    """Word's own styles say what is a heading and what a list item."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

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
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            builder.table(_rows(part))
        else:
            heading = _paragraph(builder, part, numbers)
            title = title or heading
    return builder.draft(str(document.core_properties.title or "") or title)


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
    text = str(paragraph.text)
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
    """The cells' texts, a merged cell once."""
    rows: list[list[str]] = []
    for row in table.rows:
        cells: list[str] = []
        seen: list[Any] = []
        for cell in row.cells:
            merged = any(cell._tc is other for other in seen)  # noqa: SLF001 - its identity
            cells.append("" if merged else str(cell.text))
            seen.append(cell._tc)  # noqa: SLF001
        rows.append(cells)
    return rows
