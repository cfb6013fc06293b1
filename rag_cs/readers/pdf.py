"""PDF: which reader takes each page, and in which order its lines and tables are told.

Text comes from PDFium, ruled tables from pdfplumber, pages without a text layer (or with one
that is gibberish) go through OCR, and pypdf tells what glyphs named like `f_i` stand for.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rag_cs.errors import TooLarge
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.layout import Flow, TextLine, body_size, read_style
from rag_cs.readers.ocr import add_lines, recognise
from rag_cs.readers.pdf_tables import PageTable, find_tables
from rag_cs.readers.pdfium import LOCK, Drawing, PageText, PdfFile

# Fewer characters than this on a page with a picture: the page is a scan.
_MIN_PAGE_CHARACTERS = 20
# Above this share of characters that the file itself can't name, its text layer is no text. A
# sound file has under 0.01 (bullets of symbol fonts); one without a character map has 0.9.
_MAX_UNKNOWN_SHARE = 0.2
# A line among the two highest or lowest that stands at the same height on this share of the pages
# is a running head or foot; in a long document, whose parts have their own, on this many pages.
_RUNNING_SHARE = 0.1
_MIN_RUNNING_PAGES, _ENOUGH_RUNNING_PAGES = 3, 8
# So is one whose words differ but which has the page's number at one end, on that share of them.
_NUMBERED_SHARE = 0.3
_MAX_RUNNING_CHARACTERS = 120
_MAX_RUNNING_SIZE = 1.25  # of the body's
_AT_AN_END = "at an end"
# What the lines and the drawing of a page may take at the most: mostly 0.03.
_SECONDS_A_PAGE = 0.2
_NUMBER = re.compile(r"\d{1,4}|(?<=\s)[ivxlc]+$")
# Says itself that it is a page number, unlike a bare number, which must also be the page's.
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.)\s*\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?|[-–—]\s*\d{1,4}\s*[-–—]"
    r"|\d{1,4}\s*(?:/|of)\s*\d{1,4}|第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*共\s*\d{1,4}\s*页)?",
    re.IGNORECASE,
)
# A line of a table of contents. With this many, or if they make up that share of a page, they
# are left out, for the headings themselves follow.
_LEADERS = re.compile(r"(?:[.．·]\s?){4,}\s*\w{1,6}\s*$|…{2,}\s*\w{1,6}\s*$")
_MIN_LEADERS = 3
_CONTENTS_SHARE = 0.4
# What a running line has in common with those of other pages.
_Mark = tuple[str | int, ...]
_POOR_TITLE = re.compile(
    r"(?i)untitled|未命名|microsoft word|\.(docx?|indd|pdf|tex|qxd|pages|wps)\b|^\W*$"
    r"|^[\w-]*\d{4,}[\w-]*$"
)
_GLYPH_NAME = re.compile(r"/([A-Za-z](?:_[A-Za-z])+)")


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Pages in order, each block with the number of the page on which it begins.

    Raises UnreadableDocument for a file that is encrypted, cut off, or without any text.
    """
    with LOCK:
        file = PdfFile(data, name)
        try:
            count = len(file)
            if count > limits.max_pages:
                raise TooLarge(
                    f"{name} has {count:,} pages; {limits.max_pages:,} is the limit. Split it."
                )
            return _read(file, data, name, limits)
        finally:
            file.close()


def _read(file: PdfFile, data: bytes, name: str, limits: Limits) -> Draft:
    pages, drawings = [], []
    for number in range(len(file)):
        pages.append(file.page_text(number))
        drawings.append(file.drawing(number))
        limits.earn(_SECONDS_A_PAGE)
    scans = [number for number in range(len(file)) if _is_scan(pages[number], drawings[number])]
    if len(scans) > limits.max_scanned_pages:
        raise TooLarge(
            f"{name} has {len(scans)} scanned pages; {limits.max_scanned_pages} is the limit. "
            "Split it, or run OCR on it first."
        )
    gridded = [n for n, drawing in enumerate(drawings) if drawing.has_grid and n not in scans]
    tables = find_tables(data, gridded, limits.earn)
    lines = _told_lines(data, pages, scans)
    style = read_style([line for page in lines for line in page], file.outline())
    builder, titles = Builder(limits), []
    flow = Flow(builder, style)
    last: PageTable | None = None
    for number, page in enumerate(lines):
        if number in scans:
            flow.flush()
            builder.page = number + 1
            titles.append(add_lines(builder, recognise(file.render(number), limits.earn)))
            last = None
        else:
            last = _add_page(builder, flow, page, tables.get(number, []), last)
    flow.flush()
    stated = file.title()
    headings = (title for title in (flow.title, *titles) if title)
    return builder.draft(next(headings, "") if _POOR_TITLE.search(stated) else stated)


def _is_scan(page: PageText, drawing: Drawing) -> bool:
    if page.unknown_share > _MAX_UNKNOWN_SHARE:
        return True
    characters = sum(len(line.text.strip()) for line in page.lines)
    if not characters:
        return drawing.has_marks  # letters may be drawn as outlines
    return characters < _MIN_PAGE_CHARACTERS and drawing.has_picture


def _told_lines(
    data: bytes, pages: Sequence[PageText], scans: Sequence[int]
) -> list[list[TextLine]]:
    """The lines that say something, ligatures mended; none for a scan."""
    sound = [() if n in scans else page.lines for n, page in enumerate(pages)]
    body = body_size(line for lines in sound for line in lines)
    running = _running_marks(sound, body)
    mended = _ligatures(data, sound)
    told = []
    for number, lines in enumerate(sound):
        furniture = {
            id(line)
            for line in _edge_lines(lines)
            if _is_page_number(line) or running & set(_marks(line, body))
        }
        kept = _without_contents([line for line in lines if id(line) not in furniture])
        words = mended.get(number, {})
        told.append([_mend(line, words) for line in kept] if words else kept)
    return told


def _without_contents(lines: list[TextLine]) -> list[TextLine]:
    kept = [line for line in lines if not _LEADERS.search(line.text)]
    dropped = len(lines) - len(kept)
    if dropped < _MIN_LEADERS:
        return lines
    return [] if dropped >= _CONTENTS_SHARE * len(lines) else kept


def _edge_lines(lines: Sequence[TextLine]) -> list[TextLine]:
    """The two highest and the two lowest lines of a page."""
    by_height = sorted(lines, key=lambda line: line.top)
    return [*by_height[:2], *by_height[2:][-2:]]


def _is_page_number(line: TextLine) -> bool:
    text = line.text.strip()
    return text == str(line.page) or bool(_PAGE_NUMBER.fullmatch(text))


def _marks(line: TextLine, body: float) -> Iterator[_Mark]:
    """What would tell that a line is a running one, if other pages have the same.

    Its words at its height; these around a number that goes up by one a page; or such a number
    at either end alone. A heading in larger type ("Step 3" on page 3) isn't told by numbers.
    """
    text, height = line.text.strip(), round(line.top / 8)
    if len(text) > _MAX_RUNNING_CHARACTERS:
        return
    yield text, height
    if line.size > _MAX_RUNNING_SIZE * body:
        return
    for match in _NUMBER.finditer(text):
        if not match[0].isdecimal():
            yield text[: match.start()], height
            continue
        offset = int(match[0]) - line.page
        yield text[: match.start()], offset, text[match.end() :], height
        if match.start() == 0 or match.end() == len(text):
            yield offset, int(match.start() == 0), height, _AT_AN_END


def _running_marks(pages: Sequence[Sequence[TextLine]], body: float) -> set[_Mark]:
    counts: Counter[_Mark] = Counter()
    for lines in pages:
        counts.update({mark for line in _edge_lines(lines) for mark in _marks(line, body)})
    share = _RUNNING_SHARE * len(pages)
    enough = min(_ENOUGH_RUNNING_PAGES, max(_MIN_RUNNING_PAGES, share))
    numbered = max(_MIN_RUNNING_PAGES, _NUMBERED_SHARE * len(pages))
    return {
        mark for mark, count in counts.items()
        if count >= (numbered if mark[-1] == _AT_AN_END else enough)
    }  # fmt: skip


def _add_page(
    builder: Builder,
    flow: Flow,
    lines: Sequence[TextLine],
    tables: Sequence[PageTable],
    before: PageTable | None,
) -> PageTable | None:
    """The page's lines, each table in the place of the first line within it.

    `before` is the table with which the page before ended; so does the returned one end this.
    """
    waiting = list(tables)
    for line in lines:
        owner = next((table for table in tables if _is_within(line, table)), None)
        if owner is None:
            flow.add(line)
            before = None
        elif owner in waiting:
            waiting.remove(owner)
            flow.flush()
            builder.page = line.page
            builder.table(owner.rows, _continued(before, owner))
            before = owner
    return before


def _continued(before: PageTable | None, table: PageTable) -> str:
    """The header of the table that goes on from the page before, if this one repeats none."""
    if before is None or before.page == table.page or before.rows[0] == table.rows[0]:
        return ""
    same = len(before.rows[0]) == len(table.rows[0]) and abs(before.left - table.left) < 5
    return f"| {' | '.join(before.rows[0])} |" if same else ""


def _is_within(line: TextLine, table: PageTable) -> bool:
    middle = (line.top + line.bottom) / 2
    inner = min(line.right, table.right) - max(line.left, table.left)
    return table.top - 1 <= middle <= table.bottom + 1 and inner > 0.5 * (line.right - line.left)


def _ligatures(data: bytes, pages: Sequence[Sequence[TextLine]]) -> dict[int, Mapping[str, str]]:
    """By page, words that PDFium reads without their ligature, and what they are.

    Some programs name the glyph of "fi" `f_i` and give it no character. PDFium drops it ("rst"
    for "first"); pypdf leaves its name in the text ("/f_irst"), from which the word is made.
    """
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader = PdfReader(io.BytesIO(data), strict=False)
            if reader.is_encrypted:
                reader.decrypt("")
            return {
                number: dict(_mended_words(reader.pages[number].extract_text() or ""))
                for number, lines in enumerate(pages)
                if lines and _names_ligatures(reader.pages[number])
            }
        except Exception:  # noqa: BLE001
            return {}  # PDFium has read the file; without pypdf only the ligatures are missing


def _names_ligatures(page: Any) -> bool:
    fonts = page.get("/Resources", {}).get_object().get("/Font", {}).get_object()
    for font in fonts.values():
        encoding = font.get_object().get("/Encoding", "")
        names = encoding.get_object() if hasattr(encoding, "get_object") else encoding
        listed = names.get("/Differences", ()) if isinstance(names, dict) else ()
        if any(_GLYPH_NAME.fullmatch(str(glyph)) for glyph in listed):
            return True
    return False


def _mended_words(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        if _GLYPH_NAME.search(word):
            yield (
                _GLYPH_NAME.sub("", word),
                _GLYPH_NAME.sub(lambda match: match[1].replace("_", ""), word),
            )


def _mend(line: TextLine, words: Mapping[str, str]) -> TextLine:
    return replace(line, text=" ".join(words.get(word, word) for word in line.text.split(" ")))
