"""What a reader writes into: text that grows block by block, with exact offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rag_cs.types import Block, BlockKind

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u00a0\u3000]+")
_LINES = re.compile(r"[ \t]*\n[ \t\n]*")
# Blocks that follow their like on the next line rather than after a blank one.
_TIGHT = {"list_item", "row"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read. What goes beyond is refused, never silently cut."""

    max_bytes: int = 50_000_000
    max_characters: int = 20_000_000
    max_pages: int = 2_000
    max_rows: int = 200_000
    # A page of scanned text takes about two seconds.
    max_scanned_pages: int = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader makes of a file: text, blocks, and a title if the file states one."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class Builder:
    """Appends blocks in reading order and keeps the stack of headings above them."""

    def __init__(self) -> None:
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
            self._headings.append((level, text))
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
        cells = [[one_line(cell).replace("|", "/") for cell in row] for row in rows]
        lines = [f"| {' | '.join(row)} |" for row in cells if any(row)]
        self._append("table", "\n".join(lines), context=context)

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
            self._append("faq", f"{q}{asked}\n{a}{answer}", question=wordings[0])

    def __len__(self) -> int:
        return self._length

    def draft(self, title: str = "", metadata: Mapping[str, str] | None = None) -> Draft:
        """Everything that was appended."""
        text = "".join(self._parts)
        return Draft(text, tuple(self._blocks), one_line(title), metadata or {})

    def _append(self, kind: BlockKind, text: str, question: str = "", context: str = "") -> None:
        if not text.strip():
            return
        text = text.strip()
        if self._blocks:
            tight = kind in _TIGHT and self._blocks[-1].kind == kind
            self._write("\n" if tight else "\n\n")
        start = self._length
        self._write(text)
        path = tuple(name for _, name in self._headings)
        self._blocks.append(Block(kind, start, self._length, path, self.page, context, question))

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
