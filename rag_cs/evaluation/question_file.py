"""The CSV file of a store's questions, which a merchant edits: read, written once, added to.

CSV since a shop's own programs open it, with a byte order mark so that Excel takes it for UTF-8;
what Excel makes of it when it saves (semicolons, GBK) is read as well. Added lines keep the
file's own columns, and nothing that stands there is ever changed.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rag_cs.errors import InvalidInput, UnreadableDocument
from rag_cs.evaluation.questions import Question
from rag_cs.readers.plain import decode

COLUMNS = ("question", "kind", "change", "document", "quote", "start", "end")
_NEEDED = ("question", "document", "quote")


def write_questions(path: Path, questions: Sequence[Question]) -> None:
    """Write a new file, whole or not at all."""
    replace_text(path, f"\ufeff{_line(dict(zip(COLUMNS, COLUMNS, strict=True)), COLUMNS, ',')}")
    add_questions(path, questions)


def add_questions(path: Path, questions: Sequence[Question]) -> None:
    """Add lines at the end of a file. What it holds stays; it becomes UTF-8 if it wasn't."""
    text = _read(path)
    delimiter = _delimiter(text)
    columns = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    names = [name.strip().lower() for name in columns]
    ended = text if text.endswith("\n") else f"{text}\r\n"
    lines = (_line(asdict(question), names, delimiter) for question in questions)
    replace_text(path, f"\ufeff{ended}{''.join(lines)}")


def keep_questions(path: Path, keep: Callable[[Question], bool]) -> int:
    """Drop the lines of questions that aren't to be kept, and leave the rest as it is; how many.
    Raises InvalidInput that names file and line."""
    dropped = [
        lines for _, lines, row in _rows(path) if not keep(_question(row, path.name))
    ]  # fmt: skip
    if dropped:
        gone = {number for first, last in dropped for number in range(first, last + 1)}
        lines = io.StringIO(_read(path), newline="")
        kept = (line for number, line in enumerate(lines, start=1) if number not in gone)
        replace_text(path, f"\ufeff{''.join(kept)}")
    return len(dropped)


def read_questions(path: Path) -> list[Question]:
    """The questions of a file. Only the columns `question`, `document` and `quote` are needed.
    Raises InvalidInput that names file and line."""
    found: dict[tuple[str, str], str] = {}
    questions: list[Question] = []
    for place, _, row in _rows(path):
        question = _question(row, place)
        earlier = found.setdefault((question.document, question.question), place)
        if earlier is not place:
            raise InvalidInput(f"{place} repeats the question of {earlier.rsplit(', ', 1)[1]}.")
        questions.append(question)
    return questions


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path.name} can't be read: {error.strerror}.") from error
    if not data.strip():
        raise InvalidInput(f"{path.name} is empty. Delete it, and it is made again.")
    try:
        return decode(data, path.name).removeprefix("\ufeff")
    except UnreadableDocument as error:
        raise InvalidInput(f"{path.name} can't be read. Save it as “CSV UTF-8”.") from error


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.split("\n", 1)[0].count)


def _rows(path: Path) -> Iterator[tuple[str, tuple[int, int], Mapping[str, str]]]:
    """`(place, first and last line, cells by column)` of every row that isn't blank. A place is
    where it begins."""
    text = _read(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    begins = 1
    names: list[str] = []
    try:
        for cells in reader:
            place = f"{path.name}, line {begins}"
            lines = (begins, reader.line_num)
            begins = reader.line_num + 1
            if not names:
                names = _names(cells, place)
            elif any(cell.strip() for cell in cells):
                yield place, lines, _by_name(names, cells, place)
    except csv.Error as error:
        raise InvalidInput(f"{path.name}, line {begins} is no CSV: {error}.") from None


def _names(cells: Sequence[str], place: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise InvalidInput(f"{place} has no column {', '.join(map(repr, missing))}.")
    return names


def _by_name(names: Sequence[str], cells: Sequence[str], place: str) -> Mapping[str, str]:
    if any(cell.strip() for cell in cells[len(names) :]):
        raise InvalidInput(
            f"{place} has {len(cells)} cells, and line 1 names {len(names)}. Put cells that hold "
            "a comma between quotation marks."
        )
    return dict(zip(names, cells, strict=False))


def _question(row: Mapping[str, str], place: str) -> Question:
    cells = {name: row.get(name, "").strip("\r\n") for name in COLUMNS}
    for name in _NEEDED:
        if not cells[name].strip():
            raise InvalidInput(f"{place}: `{name}` is empty. Fill it in, or delete the line.")
    try:
        start, end = (int(cells[name] or 0) for name in ("start", "end"))
    except ValueError:
        raise InvalidInput(f"{place}: `start` and `end` must be whole numbers.") from None
    return Question(
        cells["question"], cells["kind"] or "own", cells["change"], cells["document"],
        cells["quote"], start, end,
    )  # fmt: skip


def _line(cells: Mapping[str, object], names: Sequence[str], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerow([cells.get(name, "") for name in names])
    return text.getvalue()


def replace_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all; its folder is made if need be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, "utf-8", newline="")
        temporary.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} can't be written: {error.strerror}.") from error
