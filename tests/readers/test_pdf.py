from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table, TableStyle

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.builder import Limits
from rag_cs.readers.pdf import read


def manual() -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    styles = getSampleStyleSheet()
    rows = [["Code", "Meaning"], ["E1", "No water"], ["E2", "Filter full"]]
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    words = "The kettle boils one litre in four minutes and switches itself off. " * 4
    story = [
        Paragraph("1 Use", styles["Heading1"]),
        Paragraph(words, styles["Normal"]),
        Table(rows, style=grid),
        PageBreak(),
        Paragraph('<font name="STSong-Light">滤网每六个月更换一次。</font>', styles["Normal"]),
        PageBreak(),
        Paragraph("Third page.", styles["Normal"]),
    ]

    def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.drawString(72, 40, f"Kettle manual - page {document.page}")

    buffer = io.BytesIO()
    template = SimpleDocTemplate(buffer, pagesize=A4, title="Kettle manual", invariant=1)
    template.build(story, onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


def test_text_tables_pages_and_running_feet() -> None:
    draft = read(manual(), "manual.pdf", Limits())
    found = [(b.kind, b.page, draft.text[b.start : b.end]) for b in draft.blocks]
    assert found[0] == ("heading", 1, "1 Use")
    assert found[1][2].count("switches itself off.") == 4
    assert ("table", 1, "| Code | Meaning |\n| E1 | No water |\n| E2 | Filter full |") in found
    assert draft.text.count("No water") == 1
    assert ("paragraph", 2, "滤网每六个月更换一次。") in found
    assert ("paragraph", 3, "Third page.") in found
    assert "Kettle manual" not in draft.text
    assert draft.title == "Kettle manual"


def test_a_password_is_asked_for_only_if_there_is_one() -> None:
    for password, refused in (("secret", True), ("", False)):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(manual())))
        writer.encrypt(password, "owner", algorithm="RC4-128")
        buffer = io.BytesIO()
        writer.write(buffer)
        if refused:
            with pytest.raises(UnreadableDocument, match="protected by a password"):
                read(buffer.getvalue(), "x.pdf", Limits())
        else:
            assert "Third page." in read(buffer.getvalue(), "x.pdf", Limits()).text


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(TooLarge, match="3 pages; 2 is the limit"):
        read(manual(), "x.pdf", Limits(max_pages=2))
