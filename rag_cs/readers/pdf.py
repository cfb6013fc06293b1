"""PDF: text by pypdf, tables by pdfplumber, pages without a text layer through OCR."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.builder import Builder, Draft, Limits, clean, one_line
from rag_cs.readers.ocr import add_lines, recognise
from rag_cs.readers.plain import add_text

if TYPE_CHECKING:
    from pypdf import PdfReader

# Fewer characters than this on a page with a picture: the page is a scan.
_MIN_PAGE_CHARACTERS = 20
_SCAN_DPI = 150
# A first or last line on this share of the pages is a running head or foot.
_RUNNING_SHARE = 0.5
_MIN_RUNNING_PAGES = 3
_PAGE_NUMBER = re.compile(
    r"(?:page\s*|第\s*)?[-–]?\s*\d{1,4}\s*[-–]?(?:\s*(?:/|of)\s*\d{1,4})?(?:\s*页)?", re.I
)
_DOT_LEADERS = re.compile(r"(?:\s*\.){4,}\s*\d*|…{2,}\s*\d*")
_POOR_TITLE = re.compile(r"(?i)untitled|microsoft word|\.(docx?|indd|pdf|tex|qxd|pages)$|^\W*$")

# Operators that draw a box or a line in a page's content; a table has at least six.
_RULE = re.compile(rb"\s(?:re|l)\s")
_MIN_RULES = 6

Table = list[list[str]]


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Pages in order, each block with its page's number.

    Raises UnreadableDocument for a file that is encrypted, cut off, or without any text.
    """
    for logger in ("pypdf", "pdfminer"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # each oddity of each file, otherwise
    reader = _open(data, name)
    count = _page_count(reader, name)
    if count > limits.max_pages:
        raise TooLarge(f"{name} has {count:,} pages; {limits.max_pages:,} is the limit. Split it.")
    pages = [_page_text(reader, number) for number in range(count)]
    running = _running_lines(pages)
    tables = _all_tables(data, reader, pages)
    builder, title, scanned = Builder(), "", 0
    for number, text in enumerate(pages):
        builder.page = number + 1
        if len(text.strip()) < _MIN_PAGE_CHARACTERS and _has_picture(reader, number):
            scanned += 1
            if scanned > limits.max_scanned_pages:
                raise TooLarge(
                    f"{name} has over {limits.max_scanned_pages} scanned pages. Split it, or run "
                    "OCR on it first."
                )
            heading = add_lines(builder, recognise(_render(data, number)))
        else:
            lines = [line for line in text.split("\n") if _key(line) not in running]
            heading = _add_page(builder, lines, tables.get(number, []))
        title = title or heading
    stated = str(reader.metadata.title or "") if reader.metadata else ""
    return builder.draft(title if _POOR_TITLE.search(stated) or not stated else stated)


def _open(data: bytes, name: str) -> PdfReader:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableDocument(
                f"{name} is protected by a password. Save a copy without one and upload that."
            )
    except (PyPdfError, ValueError, KeyError, NotImplementedError) as error:
        raise _damaged(name, error) from error
    return reader


def _page_count(reader: PdfReader, name: str) -> int:
    try:
        return len(reader.pages)
    except Exception as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} is damaged or cut off ({type(error).__name__}). Export the PDF again, or upload "
        "it again in full."
    )


def _page_text(reader: PdfReader, number: int) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = reader.pages[number].extract_text() or ""
    # 0x7F is a bullet in the encoding that most PDF writers use, and pypdf leaves it as it is.
    return clean(text.replace("\x7f", "•"))


def _has_picture(reader: PdfReader, number: int) -> bool:
    resources: Any = reader.pages[number].get("/Resources", {})
    return bool(resources and resources.get_object().get("/XObject"))


def _render(data: bytes, number: int) -> np.ndarray:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        bitmap = document[number].render(scale=_SCAN_DPI / 72)
        return np.array(bitmap.to_numpy()[:, :, :3])
    finally:
        document.close()


def _key(line: str) -> str:
    """A line without what differs from page to page."""
    return re.sub(r"\d+", "#", " ".join(line.split()))


def _running_lines(pages: Sequence[str]) -> set[str]:
    counts: Counter[str] = Counter()
    for text in pages:
        lines = [line for line in text.split("\n") if line.strip()]
        counts.update({_key(line) for line in (*lines[:2], *lines[-2:])})
    enough = max(_MIN_RUNNING_PAGES, _RUNNING_SHARE * len(pages))
    return {line for line, count in counts.items() if count >= enough and len(line) < 120}


def _all_tables(data: bytes, reader: PdfReader, pages: Sequence[str]) -> dict[int, list[Table]]:
    """Tables by page, looked for only where lines are drawn: it is slow."""
    ruled = [number for number in range(len(pages)) if pages[number] and _is_ruled(reader, number)]
    if not ruled:
        return {}
    import pdfplumber

    found: dict[int, list[Table]] = {}
    with pdfplumber.open(io.BytesIO(data)) as document:
        for number in ruled:
            page = document.pages[number]
            tables = [_cells(table) for table in page.extract_tables()]
            found[number] = [table for table in tables if _is_table(table)]
            page.close()
    return found


def _is_ruled(reader: PdfReader, number: int) -> bool:
    """Whether the page's drawing has enough rules or boxes to hold a table."""
    contents = reader.pages[number].get_contents()
    data = contents.get_data() if contents is not None else b""
    return len(_RULE.findall(data)) >= _MIN_RULES


def _cells(table: Sequence[Sequence[str | None]]) -> Table:
    return [[one_line(cell or "") for cell in row] for row in table]


def _is_table(table: Table) -> bool:
    filled = sum(bool(cell) for row in table for cell in row)
    return len(table) > 1 and len(table[0]) > 1 and filled > 0.4 * len(table) * len(table[0])


def _add_page(builder: Builder, lines: Sequence[str], tables: Sequence[Table]) -> str:
    """The page's text, each table in the place of the lines that hold its words."""
    kept: list[str] = []
    waiting = list(tables)
    titles: list[str] = []
    for line in lines:
        owner = next((table for table in tables if _is_in(line, table)), None)
        if owner is None:
            kept.append(line)
        elif owner in waiting:
            waiting.remove(owner)
            titles.append(_add_lines(builder, kept))
            kept = []
            builder.table(owner)
    titles.append(_add_lines(builder, kept))
    for table in waiting:
        builder.table(table)
    return next(filter(None, titles), "")


def _is_in(line: str, table: Table) -> bool:
    """Whether a line of the page's text is (a part of) one of the table's rows or cells."""
    words = "".join(line.split())
    if len(words) < 2:
        return False
    rows = ("".join("".join(row).split()) for row in table)
    return any(words in row for row in rows) or any(
        len(words) > 3 and words in "".join(cell.split()) for row in table for cell in row
    )


def _add_lines(builder: Builder, lines: Sequence[str]) -> str:
    return add_text(builder, "\n".join(_reflowed(lines)))


def _reflowed(lines: Sequence[str]) -> Iterator[str]:
    """The page's lines with a blank one where a paragraph seems to end.

    A PDF has no paragraphs: a line ends one when it is clearly shorter than the page's usual
    line and ends a sentence, or when what follows looks like a heading or an item.
    """
    shown = [
        _DOT_LEADERS.sub("", line).rstrip()
        for line in lines
        if not _PAGE_NUMBER.fullmatch(line.strip() or "x")
    ]
    widths = sorted(len(line) for line in shown if line.strip())
    usual = widths[int(0.8 * len(widths))] if widths else 0
    for line in shown:
        yield line
        text = line.strip()
        if text and len(text) < 0.8 * usual and text[-1] in '.。！？!?:：”"':
            yield ""
