"""What a reader writes into: text that grows block by block, with exact offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rag_cs.errors import TooLarge
from rag_cs.types import Block, BlockKind

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u00a0\u3000]+")
_LINES = re.compile(r"[ \t]*\n[ \t\n]*")
# Blocks that follow their like on the next line rather than after a blank one.
_TIGHT = {"list_item", "row"}
# A heading's characters that stand in the path of each block below it.
_MAX_PATH_CHARACTERS = 200
# What a pair's question has of it, apart from its text: nobody can ask more.
_MAX_QUESTION_CHARACTERS = 2_000
# Names and values of a document's metadata together, which come with each of its chunks.
_MAX_METADATA_CHARACTERS = 20_000


def _nothing(_seconds: float) -> None:
    return


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read. What goes beyond is refused, never silently cut.

    Readers call `earn` with the seconds of processor time that what they just got through may have
    taken, in files whose size doesn't tell how much work they are.
    """

    max_bytes: int = 50_000_000
    max_characters: int = 10_000_000
    max_pages: int = 2_000
    max_rows: int = 100_000
    max_blocks: int = 200_000
    # A page of scanned text takes 2 to 20 seconds.
    max_scanned_pages: int = 200
    earn: Callable[[float], None] = field(default=_nothing, compare=False, repr=False)


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader makes of a file: text, blocks, and a title if the file states one."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class Builder:
    """Appends blocks in reading order and keeps the stack of headings above them.

    Raises TooLarge as soon as there is more than the limits allow.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self.page: int | None = None

    def heading(self, text: str, level: int) -> None:
        """A heading; it ends the sections of its own and deeper levels."""
        text = one_line(text)
        if text:
            self._headings = [entry for entry in self._headings if entry[0] < level]
            self._headings.append((level, text[:_MAX_PATH_CHARACTERS]))
            self._append("heading", text)

    def paragraph(self, text: str) -> None:
        """A paragraph; its lines become one."""
        self._append("paragraph", one_line(text))

    def list_item(self, text: str, marker: str = "-") -> None:
        """An item of a list, with its marker."""
        text = one_line(text)
        self._append("list_item", f"{marker} {text}" if text else "")

    def code(self, text: str) -> None:
        """Preformatted text, its line ends kept."""
        self._append("code", clean(text).strip("\n"))

    def table(self, rows: Iterable[Sequence[str]], context: str = "") -> None:
        """A table, one line a row, cells between bars; the first row is its header.

        `context` is the header row of the table that this one goes on with, if it does.
        """
        lines, length = [], 0
        for row in rows:
            cells = [one_line(cell).replace("|", "/") for cell in row]
            if any(cells):
                lines.append(f"| {' | '.join(cells)} |")
                length += len(lines[-1])
                self._check_length(length)
        self._append("table", "\n".join(lines), context=context[:_MAX_PATH_CHARACTERS])

    def row(self, header: Sequence[str], cells: Sequence[str]) -> None:
        """A row of a sheet, each cell behind the name of its column."""
        pairs = [(one_line(name), one_line(cell)) for name, cell in zip(header, cells, strict=True)]
        chinese = any("\u4e00" <= character <= "\u9fff" for name, _ in pairs for character in name)
        colon, semicolon = ("：", "；") if chinese else (": ", "; ")
        told = [f"{name}{colon}{cell}" if name else cell for name, cell in pairs if cell]
        self._append("row", semicolon.join(told))

    def faq(self, questions: Sequence[str], answer: str) -> None:
        """A question, other wordings of it, and its answer."""
        wordings = [text for question in questions if (text := one_line(question))]
        answer = "\n".join(line for line in map(one_line, clean(answer).split("\n")) if line)
        if wordings and answer:
            chinese = any("\u4e00" <= character <= "\u9fff" for character in wordings[0])
            q, a = ("问：", "答：") if chinese else ("Q: ", "A: ")
            asked = (" / ").join(wordings)
            question = wordings[0][:_MAX_QUESTION_CHARACTERS]
            self._append("faq", f"{q}{asked}\n{a}{answer}", question=question)

    def __len__(self) -> int:
        return self._length

    def draft(self, title: str = "", metadata: Mapping[str, str] | None = None) -> Draft:
        """Everything that was appended."""
        fields = {one_line(name): one_line(value) for name, value in (metadata or {}).items()}
        if sum(len(name) + len(value) for name, value in fields.items()) > _MAX_METADATA_CHARACTERS:
            raise TooLarge(
                f"The fields at the file's beginning have more than {_MAX_METADATA_CHARACTERS:,} "
                "characters. Shorten them, or move them below."
            )
        text = "".join(self._parts)
        return Draft(text, tuple(self._blocks), one_line(title), fields)

    def _append(self, kind: BlockKind, text: str, question: str = "", context: str = "") -> None:
        if not text.strip():
            return
        text = text.strip()
        self._check_length(len(text))
        if len(self._blocks) >= self._limits.max_blocks:
            raise TooLarge(
                f"The file holds more than {self._limits.max_blocks:,} paragraphs, rows and other "
                "pieces. Split it into smaller files."
            )
        if self._blocks:
            tight = kind in _TIGHT and self._blocks[-1].kind == kind
            self._write("\n" if tight else "\n\n")
        start = self._length
        self._write(text)
        path = tuple(name for _, name in self._headings)
        self._blocks.append(Block(kind, start, self._length, path, self.page, context, question))

    def _check_length(self, more: int) -> None:
        if self._length + more > self._limits.max_characters:
            raise TooLarge(
                f"The file holds more than {self._limits.max_characters:,} characters of text. "
                "Split it into smaller files."
            )

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def clean(text: str) -> str:
    """Without control characters and stray surrogates; line ends as `\\n`."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """`text` as one line: broken lines are joined, without a space between Chinese ones."""
    lines = _LINES.split(_SPACES.sub(" ", clean(text)).strip())
    joined = lines[0]
    for line in lines[1:]:
        if joined and line and _is_wide(joined[-1]) and _is_wide(line[0]):
            joined += line
        elif joined.endswith("-") and joined[-2:-1].isalpha() and line[:1].islower():
            joined += line  # "third-/party": wrapped text breaks after hyphens it already has
        else:
            joined += " " + line
    return joined


def _is_wide(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"
