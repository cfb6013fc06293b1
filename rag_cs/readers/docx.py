"""DOCX: headings, paragraphs, lists and tables, in document order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rag_cs.readers.archive import check_archive
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.damage import damage_means

_SPAN = re.compile(r"[1-9]\d{0,9}", re.ASCII)
_HEADING = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TABLE, _ROW, _CELL = f"{_W}p", f"{_W}tbl", f"{_W}tr", f"{_W}tc"
_TEXT, _TAB, _BREAK, _RETURN = f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr"
_VALUE = f"{_W}val"
_CONTROL, _CONTROL_CONTENT = f"{_W}sdt", f"{_W}sdtContent"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# A cell that spans more columns than any page holds spans these.
_MAX_SPAN = 100


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Word's own styles say what is a heading and what a list item."""
    from docx import Document

    check_archive(data, name)
    with damage_means(
        f"{name} is damaged or no Word document. Open it in Word and save it again as DOCX."
    ):
        document = Document(io.BytesIO(data))
        body = document.element.body
        stated = str(document.core_properties.title or "")
        styles = _style_names(document.styles.element)
    builder = Builder(limits)
    title = ""
    numbers: dict[str, int] = {}
    for element in _body(body):
        if element.tag == _TABLE:
            builder.table(_rows(element))
        else:
            heading = _paragraph(builder, element, _style(element, styles), numbers)
            title = title or heading
    return builder.draft(stated or title)


def _style_names(styles: Any) -> dict[str, str]:
    """The names of the paragraphs' styles by their ids; that of the default one under ""."""
    names = {}
    for style in styles.iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        if style.get(f"{_W}type") == "paragraph" and name is not None:
            names[style.get(f"{_W}styleId", "")] = name.get(_VALUE, "")
            if style.get(f"{_W}default") in ("1", "true", "on"):
                names[""] = name.get(_VALUE, "")
    return names


def _style(paragraph: Any, names: Mapping[str, str]) -> str:
    chosen = paragraph.find(f"{_W}pPr/{_W}pStyle")
    default = names.get("", "")
    return default if chosen is None else names.get(chosen.get(_VALUE, ""), default)


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


def _paragraph(builder: Builder, element: Any, style: str, numbers: dict[str, int]) -> str:
    """Append a paragraph; its text if it is the document's title."""
    text = _words(element)
    heading = _HEADING.match(style)
    if style in ("Title", "标题", "標題"):
        builder.heading(text, 1)
        return text
    if heading:
        builder.heading(text, int(heading[1]))
        return text if heading[1] == "1" else ""
    if "List" in style or "列表" in style or element.find(f"{_W}pPr/{_W}numPr") is not None:
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
                merged = cell.find(f"{_W}tcPr/{_W}vMerge")
                if merged is not None and merged.get(_VALUE) != "restart" and rows:
                    text = rows[-1][len(cells)] if len(cells) < len(rows[-1]) else ""
                cells += [text, *[""] * (_span(cell) - 1)]
        rows.append(cells)
    return rows


def _span(cell: Any) -> int:
    stated = cell.find(f"{_W}tcPr/{_W}gridSpan")
    columns = "" if stated is None else stated.get(_VALUE, "")
    return min(int(columns), _MAX_SPAN) if _SPAN.fullmatch(columns) else 1
