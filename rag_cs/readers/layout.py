"""Lines with their place and type -> headings, paragraphs, items of lists, code.

Pure: it knows neither files nor libraries. A page has no paragraphs, only lines; what begins a
new one is told by gaps, indents, type sizes and how the line before ended.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rag_cs.readers.builder import Builder
from rag_cs.readers.plain import begins_label, is_numbered_heading, split_item

# Type this much larger than the body's is a heading's. Word's smallest step is 11 to 12 points.
_LARGER = 1.08
_MAX_HEADING_CHARACTERS = 120
_MAX_BOLD_HEADING_CHARACTERS = 80
_DEEPEST = 6
_ENDED = re.compile(r"[.。!！?？;；:：…][\"'”’」』）)\]]*$")
_NO_HEADING_END = re.compile(r"[.。;；,，、:：\-]$")
_CLAUSE = re.compile(r"\d+(?:\.\d+)+\.?\s|第[一二三四五六七八九十百零\d]+条")
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_BROKEN = re.compile(r"([A-Za-z]*[a-z])-\s*\n\s*([a-z]+)")
_BROKEN_ADDRESS = re.compile(r"(?<=[\w/])/-\n(?=\w)")
_NUMBERING = re.compile(
    r"^(?:(?:chapter|appendix)\s+)?(?:\d+|[A-Z])(?:\.\d+)*\.?\s+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a page. Places are in points from the page's upper left corner."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False
    fixed_width: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """What a document's type means.

    `body` is the size of its running text, `gap` the usual space between two lines of a
    paragraph, in points; `levels` the heading level of each larger size, and of bold type at
    size 0; `outline` that of each bookmark; `words` all words of the document.
    """

    body: float
    gap: float
    levels: Mapping[float, int]
    outline: Mapping[str, int]
    words: Collection[str]


def read_style(lines: Sequence[TextLine], outline: Iterable[tuple[int, str]] = ()) -> Style:
    """The style of a document, from all its lines and its bookmarks `(level, title)`."""
    body = body_size(lines)
    gaps = [
        line.top - before.bottom
        for before, line in pairwise(lines)
        if before.size == line.size == body and 0 < line.top - before.top < 3 * body
    ]
    marks = {key: level for level, title in outline if (key := _bookmark_key(title))}
    return Style(
        body,
        median(gaps) if gaps else 0.2 * body,
        _levels(lines, body, marks),
        marks,
        whole_words([line.text for line in lines]),
    )


def body_size(lines: Iterable[TextLine]) -> float:
    """The size in which most characters are set, in points."""
    characters: Counter[float] = Counter()
    for line in lines:
        characters[line.size] += len(line.text)
    return characters.most_common(1)[0][0] if characters else 10.0


def whole_words(lines: Sequence[str]) -> frozenset[str]:
    """The words of a document, without the halves of those broken at a line's end."""
    words: set[str] = set()
    broken = False
    for line in "\n".join(lines).split("\n"):
        found = _WORD.findall(line.lower())
        ends_broken = line.rstrip().endswith("-")
        words.update(found[1 if broken else 0 : -1 if ends_broken else None])
        broken = ends_broken
    return frozenset(words)


def _levels(lines: Sequence[TextLine], body: float, marks: Mapping[str, int]) -> dict[float, int]:
    """A size has the level that the bookmarks set in it have, else its rank."""
    larger = [line for line in lines if _is_larger(line, body)]
    sizes = sorted({line.size for line in larger}, reverse=True)
    levels = {size: min(rank, _DEEPEST) for rank, size in enumerate(sizes, 1)}
    for size in sizes:
        marked = [
            marks[key] for line in larger
            if line.size == size and (key := _bookmark_key(line.text)) in marks
        ]  # fmt: skip
        if marked:
            levels[size] = Counter(marked).most_common(1)[0][0]
    levels[0.0] = min(_DEEPEST, max(levels.values(), default=0) + 1)
    return levels


def _is_larger(line: TextLine, body: float) -> bool:
    return line.size >= _LARGER * body and len(line.text) <= _MAX_HEADING_CHARACTERS


def _bookmark_key(text: str) -> str:
    """A heading without its number and spaces: the bookmark may lack either."""
    return re.sub(r"\s+", "", _NUMBERING.sub("", text.strip())).lower()


class Flow:
    """Takes the lines of a document in reading order and appends blocks to a builder.

    `title` is the first heading on the first page that has one.
    """

    def __init__(self, builder: Builder, style: Style) -> None:
        self._builder = builder
        self._style = style
        self._run: list[TextLine] = []
        self._item: tuple[str, str] | None = None
        self.title = ""

    def add(self, line: TextLine) -> None:
        """Go on with a paragraph, or begin one."""
        item = None if line.fixed_width else split_item(line.text)
        if self._run and (item or self._begins(line)):
            self.flush()
        if not self._run:
            self._item = item
        self._run.append(line)

    def flush(self) -> None:
        """End the running paragraph: call it before anything else is appended, and at the end."""
        run, self._run = self._run, []
        if not run:
            return
        self._builder.page = run[0].page
        lines = [line.text for line in run]
        if all(line.fixed_width for line in run):
            self._builder.code("\n".join(line.rstrip() for line in lines))
            return
        text = joined(lines, self._style.words)
        level = self._heading_level(run, text)
        if level:
            self.title = self.title or (text if run[0].page == 1 else "")
            self._builder.heading(text, level)
        elif self._item:
            marker = self._item[0]
            self._builder.list_item(joined([self._item[1], *lines[1:]], self._style.words), marker)
        else:
            self._builder.paragraph(text)

    def _heading_level(self, run: Sequence[TextLine], text: str) -> int:
        """0 for text that is no heading."""
        first, style = run[0], self._style
        if len(text) > _MAX_HEADING_CHARACTERS or len(run) > 3 or not re.search(r"[^\W_]", text):
            return 0
        key = _bookmark_key(text)
        if key in style.outline and (first.bold or first.size >= style.body):
            return style.outline[key]
        if _NO_HEADING_END.search(text):
            return 0
        if first.size in style.levels and first.size >= _LARGER * style.body:
            return style.levels[first.size]
        bold = all(line.bold for line in run) and len(text) <= _MAX_BOLD_HEADING_CHARACTERS
        if bold and first.size >= style.body and len(run) < 3:
            return style.levels[0.0]
        plain = len(style.levels) == 1 and not style.outline and len(run) == 1
        return style.levels[0.0] + 1 if plain and is_numbered_heading(text) else 0

    def _begins(self, line: TextLine) -> bool:
        """Whether `line` begins a new block rather than going on with the running one."""
        before, first = self._run[-1], self._run[0]
        size = before.size
        if before.fixed_width != line.fixed_width and _alone(before, line):
            return True
        if line.page != before.page or line.top < before.top - size:
            return not _goes_on(before, line)
        if abs(line.top - before.top) < 0.5 * size:
            return False
        if abs(line.size - size) > 0.07 * size or (before.bold != line.bold and first.bold):
            return True
        if (
            line.top - before.bottom
            > self._style.gap * max(1.0, size / self._style.body) + 0.3 * size
        ):
            return True
        if _CLAUSE.match(line.text.lstrip()) or begins_label(before.text, line.text):
            return True
        return not line.fixed_width and self._is_set_off(before, line)

    def _is_set_off(self, before: TextLine, line: TextLine) -> bool:
        """By an indent, or by the early end of the line before."""
        ended = bool(_ENDED.search(before.text.rstrip()))
        indent = line.left - before.left
        if abs(indent) > 1.2 * before.size and not self._item:
            return ended or (indent > 0 and len(self._run) > 1)
        if self._item and line.left <= self._run[0].left + 1 and len(self._run) > 1:
            return ended
        short = line.right - before.right
        if _is_chinese(before.text) and _is_chinese(line.text):
            return ended and short > 2 * before.size
        return ended and short > 0.15 * (line.right - line.left)


def _alone(before: TextLine, line: TextLine) -> bool:
    """Whether two lines share no height, as the pieces of one row would."""
    return abs(line.top - before.top) >= 0.5 * before.size


def _goes_on(before: TextLine, line: TextLine) -> bool:
    """Whether a sentence runs on over the end of a page or column."""
    start = line.text.lstrip()[:1]
    return (
        before.size == line.size
        and before.bold == line.bold
        and before.fixed_width == line.fixed_width
        and not _ENDED.search(before.text.rstrip())
        and (start.islower() or _is_chinese(start))
        and not is_numbered_heading(line.text)
        and not is_numbered_heading(before.text)
    )


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def joined(lines: Sequence[str], words: Collection[str]) -> str:
    """Lines as one text, each on its own line but for words broken at a hyphen, made whole.

    `words` are the document's. "third-/party" keeps its hyphen where both halves are words.
    """

    def whole(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        halves = (first.lower(), second.lower())
        with_hyphen = "-".join(halves) in words
        plain = "".join(halves) in words
        compound = all(half in words for half in halves)
        return f"{first}-{second}" if with_hyphen or (compound and not plain) else first + second

    text = _BROKEN_ADDRESS.sub("/", "\n".join(line.strip() for line in lines))
    return _BROKEN.sub(whole, text)
