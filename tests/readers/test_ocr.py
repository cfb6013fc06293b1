from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers import image, pdf
from rag_cs.readers.builder import Builder, Limits
from rag_cs.readers.ocr import Line, add_lines, recognise


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


def test_items_and_words_broken_at_a_hyphen_in_a_scan() -> None:
    builder = Builder()
    lines = [
        Line("1. Switch off the appli-", 10, 0, 500, 30),
        Line("ance first.", 40, 35, 200, 65),
        Line("2. Clean it.", 10, 70, 200, 100),
    ]
    add_lines(builder, lines)
    draft = builder.draft()
    assert draft.text == "1. Switch off the appliance first.\n2. Clean it."
    assert {block.kind for block in draft.blocks} == {"list_item"}


def test_a_sentence_in_the_other_language_begins_a_paragraph() -> None:
    builder = Builder()
    add_lines(builder, [Line("We ship on 4 October.", 10, 0, 480, 30),
                        Line("放假期间客服在线。", 10, 34, 470, 64)])  # fmt: skip
    assert builder.draft().text == "We ship on 4 October.\n\n放假期间客服在线。"


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


@pytest.mark.parametrize(("size", "message"), [((8_000, 8_000), "over 60,000,000 pixels")])
def test_a_picture_of_too_many_pixels_is_refused_unread(
    size: tuple[int, int], message: str
) -> None:
    buffer = io.BytesIO()
    Image.new("1", size).save(buffer, "PNG")
    with pytest.raises(TooLarge, match=message):
        image.read(buffer.getvalue(), "a.png", Limits())


def test_no_line_of_text_is_a_hundred_times_as_wide_as_high() -> None:
    assert recognise(np.zeros((1, 101, 3), np.uint8)) == []
