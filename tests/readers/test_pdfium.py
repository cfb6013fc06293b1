from __future__ import annotations

import io

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from rag_cs.errors import UnreadableDocument
from rag_cs.readers.pdfium import LOCK, PdfFile


@pytest.fixture
def file() -> PdfFile:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 600), invariant=1)
    canvas.setTitle("说明书")
    canvas.bookmarkPage("use")
    canvas.addOutlineEntry("Use", "use", level=0)
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(50, 550, "Use")
    canvas.setFont("STSong-Light", 10)
    canvas.drawString(50, 500, "滤网每六个月更换一次。")
    canvas.setFont("Courier", 10)
    canvas.drawString(50, 450, "make coffee")
    canvas.showPage()
    for row in range(3):
        for column in range(2):
            canvas.rect(50 + 100 * column, 500 - 20 * row, 100, 20)
    canvas.showPage()
    canvas.save()
    return PdfFile(buffer.getvalue(), "x.pdf")


def test_lines_have_place_and_type(file: PdfFile) -> None:
    with LOCK:
        page = file.page_text(0)
        heading, body, code = page.lines
    assert [line.text for line in page.lines] == ["Use", "滤网每六个月更换一次。", "make coffee"]
    assert (heading.size, heading.bold, heading.page) == (20, True, 1)
    assert (body.size, body.bold, body.fixed_width) == (10, False, False)
    assert code.fixed_width
    assert heading.left == pytest.approx(50, abs=2)
    assert heading.top < heading.bottom < body.top < code.top
    assert page.unknown_share == 0


def test_what_else_a_file_says(file: PdfFile) -> None:
    with LOCK:
        assert (len(file), file.title(), file.outline()) == (2, "说明书", [(1, "Use")])
        assert not file.drawing(0).has_grid
        assert file.drawing(1).has_grid
        assert not file.drawing(1).has_picture
        height, width, colours = file.render(0).shape
        file.close()
    assert height > width > 800
    assert colours == 3


@pytest.mark.parametrize("data", [b"%PDF-1.4\n1 0 obj\n<< /Type", b"", b"%PDF-1.7 nothing"])
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="damaged or cut off"):
        PdfFile(data, "x.pdf")


def test_glyph_numbers_are_read_where_the_font_has_no_character_map() -> None:
    words = "The warranty of the motor is three years and that of the filter is one. " * 2
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(800, 600), invariant=1, pageCompression=0)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(50, 550, "PLACEHOLDER")
    canvas.save()
    codes = "".join(f"{ord(character) - 29:04X}" for character in words)
    font = (
        b"/BaseFont /Glyphs /Encoding /Identity-H /Subtype /Type0 /Type /Font /DescendantFonts "
        b"[<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Glyphs /CIDSystemInfo "
        b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>]"
    )
    data = buffer.getvalue().replace(b"(PLACEHOLDER)", f"<{codes}>".encode())
    data = data.replace(
        b"/BaseFont /Helvetica /Encoding /WinAnsiEncoding /Name /F1 /Subtype /Type1 /Type /Font",
        font,
    )
    with LOCK:
        page = PdfFile(data, "x.pdf").page_text(0)
    assert [line.text.strip() for line in page.lines] == [words.strip()]
    assert page.unknown_share == 0
