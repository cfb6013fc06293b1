"""A stored document's text -> its parts: headings, FAQ pairs, tables, sheet rows, prose.

A store keeps a document's text, not its blocks, so they are read back from the text as
`readers/builder.py` wrote it: a blank line between blocks, bars around table cells, `name: value`
in rows. Only headings have no mark of their own; `_is_heading` says what is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rag_cs.text import CJK, detect_language, trim

PartKind = Literal["heading", "faq", "table", "rows", "list", "prose"]
QuestionKind = Literal["faq", "heading", "code", "term", "article", "number"]

_BLOCK = re.compile(r"\S(?:(?!\n[ \t]*\n).)*", re.DOTALL)
_FAQ = re.compile(r"(?:问：|Q: )(?P<question>[^\n]+)\n(?:答：|A: )(?P<answer>.+)", re.DOTALL)
# Columns of a FAQ sheet that `readers/sheet.py` tells after the answer.
_EXTRA_COLUMN = re.compile(r"\n[^\n：:]{1,20}(?:：|: )[^\n]{1,40}(?=\n|\Z)")
_LIST = re.compile(r"(?:[-•*·]|\d{1,3}[.)、]|[（(]?[a-z\d]{1,2}[)）])\s*\S")
_PAIRS = re.compile(r"[^：:;；|]{1,40}(?:：[^；]+；|: [^;]+; )[^：:;；|]{1,40}(?:：|: )\S")
_HEADING_END = re.compile(r"[.。!！;；:：,，…、]$")
_NO_HEADING = re.compile(r"[|@{}<>=\\]|://|!\[|\d{4}年\d|^[^\w“\"「《(（【]")
_MAX_HEADING = {"zh": 30, "en": 70}


@dataclass(frozen=True, slots=True)
class Part:
    """One block of a document's text, `text[start:end]`."""

    kind: PartKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """The parts between one heading and the next; the first may have no heading."""

    heading: str
    parts: tuple[Part, ...]

    @property
    def span(self) -> tuple[int, int]:
        """Where its text is, without the heading; it has parts."""
        return self.parts[0].start, self.parts[-1].end


@dataclass(frozen=True, slots=True)
class Pair:
    """A FAQ pair: the question, without its other wordings, and where the answer is."""

    question: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a row, the name of its column (maybe empty), and where the cell is."""

    name: str
    value: str
    start: int
    end: int


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that `text[start:end]` of its document answers."""

    question: str
    kind: QuestionKind
    start: int
    end: int


def read_sections(text: str) -> list[Section]:
    """The sections of `text` in order; those without any text are left out."""
    sections: list[Section] = []
    heading, run = "", list[Part]()
    for part in _parts(text):
        if part.kind == "heading":
            if run:
                sections.append(Section(heading, tuple(run)))
            heading, run = text[part.start : part.end], []
        else:
            run.append(part)
    if run:
        sections.append(Section(heading, tuple(run)))
    return sections


def _parts(text: str) -> Iterator[Part]:
    spans = [trim(text, *match.span()) for match in _BLOCK.finditer(text)]
    for place, (start, end) in enumerate(spans):
        kind = _kind(text[start:end])
        if kind == "prose" and place + 1 < len(spans) and _is_heading(text[start:end]):
            kind = "heading"
        yield Part(kind, start, end)


def _kind(block: str) -> PartKind:
    lines = block.split("\n")
    if all(line.startswith("|") for line in lines):
        return "table"
    if _FAQ.fullmatch(block):
        return "faq"
    if all(_PAIRS.match(line) for line in lines):
        return "rows"
    if len(lines) > 1 and _LIST.match(block):
        return "list"
    return "list" if block[0] in "-•*·" else "prose"


def _is_heading(block: str) -> bool:
    """A short line of words that doesn't end as a sentence or a list's introduction does."""
    if "\n" in block or len(block) > _MAX_HEADING[detect_language(block)]:
        return False
    if _HEADING_END.search(block) or _NO_HEADING.search(block):
        return False
    return len(re.findall(rf"[A-Za-z{CJK}]", block)) >= 2


def read_pair(text: str, part: Part) -> Pair | None:
    """The FAQ pair that a `faq` part is. The answer is without the other columns of its sheet."""
    match = _FAQ.fullmatch(text, part.start, part.end)
    if match is None:
        return None
    extra = _EXTRA_COLUMN.search(text, match.start("answer"), part.end)
    end = extra.start() if extra else part.end
    return Pair(match["question"].split(" / ")[0], match.start("answer"), end)


def read_rows(text: str, part: Part) -> list[Row]:
    """The rows of a `table` or `rows` part, each cell behind its column's name."""
    lines = list(_lines(text, part))
    if part.kind == "rows":
        return [_sheet_row(text, *line) for line in lines]
    cells = [_table_cells(text, *line) for line in lines]
    names = [text[start:end] for start, end in cells[0]]
    return [_named(text, names, row) for row in cells[1:]]


def _lines(text: str, part: Part) -> Iterator[tuple[int, int]]:
    start = part.start
    for line in text[part.start : part.end].split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _table_cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans between the bars of one line, empty ones too: they keep the columns apart."""
    bars = [place for place in range(start, end) if text[place] == "|"]
    return [trim(text, left + 1, right) for left, right in pairwise(bars)]


def _named(text: str, names: Sequence[str], spans: Sequence[tuple[int, int]]) -> Row:
    return tuple(
        Cell(name, text[start:end], start, end)
        for name, (start, end) in zip(names, spans, strict=False)
    )


def _sheet_row(text: str, start: int, end: int) -> Row:
    """`name: value; name: value`. A cell's span begins at its column's name."""
    cells: list[Cell] = []
    for match in re.finditer(
        r"(?P<name>[^：:;；]{1,40})(?:：|: )(?P<value>[^;；]+)", text[start:end]
    ):
        left, right = trim(text, start + match.start(), start + match.end())
        cells.append(Cell(match["name"].strip(), match["value"].strip(), left, right))
    return tuple(cells)
