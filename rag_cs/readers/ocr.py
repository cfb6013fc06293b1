"""Pictures of text -> lines in reading order, with the models inside rapidocr's wheel."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from rag_cs.readers.builder import Builder
from rag_cs.readers.damage import damage_means
from rag_cs.readers.layout import joined, whole_words
from rag_cs.readers.plain import is_numbered_heading, split_item

# Lines that the recogniser itself doubts are noise: stains, logos, table rules.
_MIN_CONFIDENCE = 0.5
_SENTENCE_END = (".", "。", "!", "！", "?", "？")
# What a line may take to be recognised, at the most: long ones of small print take 0.4.
_SECONDS_A_LINE = 1.0
# ... and a picture to be searched for lines.
_SECONDS_A_PICTURE = 3.0
_MAX_ASPECT = 100
# Lines are looked for in so many pixels, a page of A4 at 150 dots an inch and a little more: twice
# as many take more than a gigabyte.
_MAX_PIXELS = 2_200_000
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Line:
    """A recognised line: its text and its box, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of the box."""
        return self.bottom - self.top


class _Session:
    """The recogniser's model, which reads a line a run; `earn` is told of each."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.earn: Callable[[float], None] = _nobody

    def __call__(self, line: np.ndarray) -> Any:
        read = self._session(line)
        self.earn(_SECONDS_A_LINE)
        return read


def _nobody(_seconds: float) -> None:
    return


@cache
def _engine() -> tuple[Any, _Session]:
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    # Line by line: six at a time are no faster, and take 2.7 GB for a page of small print.
    engine = RapidOCR(params={"Global.log_level": "error", "Rec.rec_batch_num": 1})
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    recogniser = engine._load_rec_model()  # noqa: SLF001 - it has no other place to count lines
    recogniser.session = _Session(recogniser.session)
    return engine, recogniser.session


def recognise(picture: np.ndarray, earn: Callable[[float], None] = _nobody) -> list[Line]:
    """The lines of a picture, shape (height, width, 3), from top to bottom, left to right.

    `earn` is told of the picture and of each line: see `Limits`. Raises UnreadableDocument.
    """
    height, width = picture.shape[:2]
    if max(height, width) > _MAX_ASPECT * min(height, width):
        return []  # the models can't take it, and no line of text is like that
    with _lock, damage_means("A picture can't be read. Scale it down and try again."):
        engine, session = _engine()
        session.earn = earn
        result = engine(_scaled(picture))
    earn(_SECONDS_A_PICTURE)
    if result is None or result.boxes is None:
        return []
    lines = [
        Line(text, *_box(points))
        for points, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        if score >= _MIN_CONFIDENCE and text.strip()
    ]
    return _in_reading_order(lines)


def _scaled(picture: np.ndarray) -> np.ndarray:
    from PIL import Image

    height, width = picture.shape[:2]
    share = math.sqrt(_MAX_PIXELS / (height * width))
    if share >= 1:
        return picture
    size = max(1, round(share * width)), max(1, round(share * height))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _box(points: Any) -> tuple[float, float, float, float]:
    corners = np.asarray(points)
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Pieces at one height are one line; pieces far apart on it keep a gap."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        middle = (line.top + line.bottom) / 2
        if rows and rows[-1][0].top < middle < rows[-1][0].bottom:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_joined(sorted(row, key=lambda line: line.left)) for row in rows]


def _joined(row: Sequence[Line]) -> Line:
    return Line(
        "  ".join(line.text.strip() for line in row),
        min(line.left for line in row),
        min(line.top for line in row),
        max(line.right for line in row),
        max(line.bottom for line in row),
    )


def add_lines(builder: Builder, lines: Sequence[Line]) -> str:
    """Append recognised lines as headings and paragraphs; the first heading, if any.

    A line clearly taller than most is a heading; a gap, an indent or a line that ends early
    begins a new paragraph.
    """
    if not lines:
        return ""
    usual = float(np.median([line.height for line in lines]))
    words = whole_words([line.text for line in lines])
    title = ""
    for paragraph in _paragraphs(lines, usual):
        text = joined([line.text for line in paragraph], words)
        if len(paragraph) == 1 and _is_heading(paragraph[0], usual):
            title = title or text
            first = not len(builder) or paragraph[0].height > 1.8 * usual
            builder.heading(text, 1 if first else 2)
        elif item := split_item(paragraph[0].text):
            rest = [line.text for line in paragraph[1:]]
            builder.list_item(joined([item[1], *rest], words), item[0])
        else:
            builder.paragraph(text)
    return title


def _is_heading(line: Line, usual: float) -> bool:
    tall = line.height > 1.3 * usual and len(line.text) < 60
    return tall or is_numbered_heading(line.text)


def _paragraphs(lines: Sequence[Line], usual: float) -> Iterator[list[Line]]:
    edge = max(line.right for line in lines)
    run: list[Line] = []
    for line in lines:
        if run and _begins_paragraph(run[-1], line, usual, edge):
            yield run
            run = []
        run.append(line)
    yield run


def _begins_paragraph(before: Line, line: Line, usual: float, edge: float) -> bool:
    return (
        is_numbered_heading(line.text)
        or is_numbered_heading(before.text)
        or line.top - before.bottom > 0.9 * usual
        or split_item(line.text) is not None
        or (
            before.text.endswith(_SENTENCE_END)
            and _is_chinese(before.text) != _is_chinese(line.text)
        )
        or line.left - before.left > 1.5 * usual
        or edge - before.right > 3 * usual
        or max(line.height, before.height) > 1.3 * min(line.height, before.height)
    )


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
