from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from rag_cs.errors import UnreadableDocument
from rag_cs.readers import image, pdf
from rag_cs.readers.builder import Builder, Limits
from rag_cs.readers.ocr import Line, add_lines


def notice() -> Image.Image:
    picture = Image.new("RGB", (1000, 420), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((60, 40), "HOLIDAY HOURS", fill="black", font=ImageFont.load_default(64))
    draw.text((60, 180), "We are closed from 1 to 3 October.", "black", ImageFont.load_default(34))
    draw.text((60, 230), "Orders leave on 4 October.", "black", ImageFont.load_default(34))
    return picture


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    notice().save(buffer, form)
    return buffer.getvalue()


def test_tall_lines_are_headings_and_gaps_end_paragraphs() -> None:
    builder = Builder()
    lines = [
        Line("Notice", 10, 0, 200, 60),
        Line("one long line of text that", 10, 100, 500, 130),
        Line("goes on", 10, 135, 160, 165),
        Line("Another paragraph", 10, 240, 300, 270),
    ]
    assert add_lines(builder, lines) == "Notice"
    draft = builder.draft()
    assert [draft.text[block.start : block.end] for block in draft.blocks] == [
        "Notice",
        "one long line of text that goes on",
        "Another paragraph",
    ]


def test_a_damaged_picture_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="damaged picture"):
        image.read(encoded("PNG")[:300], "x.png", Limits())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_notice_is_read(form: str) -> None:
    draft = image.read(encoded(form), "notice", Limits())
    assert "closed from 1 to 3 October" in draft.text
    assert draft.blocks[0].kind == "heading"


@pytest.mark.slow
def test_a_scanned_page_is_read_with_its_number() -> None:
    draft = pdf.read(encoded("PDF"), "scan.pdf", Limits())
    assert "Orders leave on 4 October" in draft.text
    assert {block.page for block in draft.blocks} == {1}


def test_lines_of_nothing_add_nothing() -> None:
    builder = Builder()
    assert add_lines(builder, []) == ""
    assert len(builder) == 0
    assert np.zeros(0).size == 0
