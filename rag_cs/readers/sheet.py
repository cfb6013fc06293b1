"""CSV, XLSX and XLS: FAQ sheets pair by pair, any other sheet row by row with its header."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
from collections.abc import Sequence

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.archive import check_archive
from rag_cs.readers.builder import Builder, Draft, Limits, one_line
from rag_cs.readers.damage import damage_means
from rag_cs.readers.plain import decode

Row = list[str]

_QUESTION = re.compile(
    r"(?:标准|標準|常见|常見|客户|客戶|用户|用戶|顾客|顧客)?"
    r"(?:问题|問題|提问|提問|问句|問句|问法|問法|问|問)(?:标题|標題|内容|內容)?|q|questions?|faqs?|ask|query|"
    r"customer questions?|frequently asked questions?",
    re.IGNORECASE,
)
_SIMILAR = re.compile(
    r"(?:相似|扩展|擴展|同义|同義|类似|類似|其他|其它)(?:问题|問題|问法|問法|问句|問句|问|問)?\d*|"
    r"similar questions?|variants?|alternatives?|paraphrases?|also asked( as)?|other wordings?",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(?:标准|標準|官方|客服)?(?:答案|回答|解答|答复|答覆|回复|回覆|答)(?:内容|內容)?|a|answers?|repl(?:y|ies)|responses?|"
    r"solutions?",
    re.IGNORECASE,
)
# Excel's own way of naming the delimiter, in a line above the header.
_SEPARATOR_LINE = re.compile(r"\Asep=.\r?\n", re.IGNORECASE)
# Columns that only count the rows; and what no header but a row of data holds.
_SERIAL = re.compile(r"序号|序號|编号|編號|id|no\.?|#|number|index", re.IGNORECASE)
_AMOUNT = re.compile(r"[￥¥$€£]?\s?\d[\d,]*(?:\.\d+)?%?")
_YEAR = re.compile(r"(?:19|20)\d\d")
# The header is looked for among the first rows: a title or a note may stand above it.
_HEADER_DEPTH = 10
MAX_COLUMNS = 500


def read_csv(data: bytes, name: str, limits: Limits) -> Draft:
    """Comma-, semicolon-, tab- or bar-separated values in any encoding."""
    text = decode(data, name)
    text = _SEPARATOR_LINE.sub("", text.removeprefix("\ufeff"))
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(limits.max_characters)
    filled = filter(any, csv.reader(io.StringIO(text), delimiter=delimiter))
    try:
        rows = list(itertools.islice(filled, limits.max_rows + 1))
    except csv.Error as error:
        raise UnreadableDocument(f"{name} is no CSV that can be read: {error}.") from error
    builder = Builder(limits)
    add_sheet(builder, rows, name, limits)
    return builder.draft()


def read_workbook(data: bytes, name: str, limits: Limits) -> Draft:
    """Every sheet of a workbook, under its name."""
    from python_calamine import CalamineWorkbook, PasswordError

    if data[:2] == b"PK":
        check_archive(data, name)
    with damage_means(
        f"{name} is damaged or no workbook. Open it in your spreadsheet program and save it "
        "again as XLSX."
    ):
        try:
            book = CalamineWorkbook.from_filelike(io.BytesIO(data))
            sheets = [
                (title, book.get_sheet_by_name(title).to_python(skip_empty_area=True))
                for title in book.sheet_names
            ]
        except PasswordError as error:
            raise UnreadableDocument(
                f"{name} is protected by a password. Save a copy without one and upload that."
            ) from error
    builder = Builder(limits)
    for title, values in sheets:
        rows = [[_shown(value) for value in row] for row in values]
        rows = [row for row in rows if any(row)]
        if rows:
            if len(sheets) > 1:
                builder.heading(title, 1)
            add_sheet(builder, rows, name, limits)
    if not len(builder):
        raise UnreadableDocument(f"{name} has no rows. Fill in the sheet, or leave the file out.")
    return builder.draft()


def _shown(value: object) -> str:
    """A cell as a person reads it: 129 rather than 129.0, dates in ISO form."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        # A bar code comes as a float too; 15 digits are what a spreadsheet keeps.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return str(value).strip()


def add_sheet(builder: Builder, rows: Sequence[Row], name: str, limits: Limits) -> None:
    """Append the rows of one sheet: FAQ pairs if its header names them, else row by row.

    Raises TooLarge.
    """
    if len(rows) > limits.max_rows:
        raise TooLarge(f"{name} has more than {limits.max_rows:,} rows. Split it.")
    if not rows:
        return
    width = max(map(len, rows))
    if width > MAX_COLUMNS:
        raise TooLarge(f"{name} has {width:,} columns; {MAX_COLUMNS} is the limit. Split it.")
    padded = [row + [""] * (width - len(row)) for row in rows]
    at = _header_row(padded)
    for row in padded[:at]:
        builder.paragraph(" ".join(cell for cell in row if cell))
    header, body = padded[at], padded[at + 1 :]
    if any(_AMOUNT.fullmatch(cell) and not _YEAR.fullmatch(cell) for cell in header):
        header, body = [""] * width, padded[at:]  # the sheet has no header, only data
    questions, answers = _columns(header, _QUESTION), _columns(header, _ANSWER)
    if questions and answers:
        _add_pairs(builder, header, body, questions[0], answers[0])
    elif body:
        for row in body:
            builder.row(header, row)
    else:
        builder.paragraph(" ".join(cell for cell in header if cell))


def _header_row(rows: Sequence[Row]) -> int:
    """The first of the top rows that names FAQ columns, else the first that is as full as most."""
    top = rows[:_HEADER_DEPTH]
    for number, row in enumerate(top):
        if _columns(row, _QUESTION) and _columns(row, _ANSWER):
            return number
    fullest = max(sum(map(bool, row)) for row in top)
    return (
        next(
            number for number, row in enumerate(top) if sum(map(bool, row)) >= max(2, 0.6 * fullest)
        )
        if fullest > 1
        else 0
    )


def _columns(header: Row, pattern: re.Pattern[str]) -> list[int]:
    names = [one_line(cell).rstrip("*?？:：") for cell in header]
    return [number for number, name in enumerate(names) if name and pattern.fullmatch(name)]


def _add_pairs(
    builder: Builder, header: Row, body: Sequence[Row], question: int, answer: int
) -> None:
    """FAQ pairs; the other columns (a category, say) are told after the answer."""
    similar = _columns(header, _SIMILAR)
    others = [
        number
        for number, name in enumerate(header)
        if name and number not in (question, answer, *similar) and not _SERIAL.fullmatch(name)
    ]
    for row in body:
        asked = [row[question]]
        for column in similar:
            asked += re.split(r"[\n|；;]", row[column])
        told = row[answer]
        for column in others:
            colon = "：" if "\u4e00" <= header[column][0] <= "\u9fff" else ": "
            told += f"\n{header[column]}{colon}{row[column]}" if row[column] else ""
        builder.faq(asked, told) if row[answer] else builder.row(header, row)
