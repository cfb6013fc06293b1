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


def pages_of(*stories: list[object], foot: str = "") -> bytes:
    def draw(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.drawString(72, 40, foot.format(document.page + 4))

    story = [flowable for page in stories for flowable in (*page, PageBreak())]
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4, invariant=1).build(
        story, onFirstPage=draw, onLaterPages=draw
    )
    return buffer.getvalue()


def test_a_table_that_goes_on_carries_its_header_as_context() -> None:
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    rows = [["Code", "Meaning"], *[[f"E{number}", f"Fault {number}"] for number in range(60)]]
    draft = read(pages_of([Table(rows, style=grid)]), "x.pdf", Limits())
    first, second = draft.blocks
    assert (first.kind, first.page, first.context) == ("table", 1, "")
    assert (second.kind, second.page, second.context) == ("table", 2, "| Code | Meaning |")
    assert draft.text.count("Fault") == 60


def test_contents_and_running_feet_that_differ_are_left_out() -> None:
    normal = getSampleStyleSheet()["Normal"]
    contents = [Paragraph(f"Part {n} {'. ' * 20}{n + 4}", normal) for n in range(5)]
    words = [f"This is what the {n} part says." for n in ("first", "second", "third")]
    bodies = [[Paragraph(text, normal)] for text in words]
    draft = read(pages_of(contents, *bodies, foot="Chapter of its own {}"), "x.pdf", Limits())
    assert draft.text == "\n\n".join(words)


def test_a_title_that_a_program_made_up_is_no_title() -> None:
    heading = Paragraph("Returns", getSampleStyleSheet()["Heading1"])
    words = Paragraph("Within a week of their arrival. " * 5, getSampleStyleSheet()["Normal"])
    for title, expected in (("Microsoft Word - a.doc", "Returns"), ("untitled", "Returns"),
                            ("Return policy", "Return policy")):  # fmt: skip
        buffer = io.BytesIO()
        SimpleDocTemplate(buffer, title=title, invariant=1).build([heading, words])
        assert read(buffer.getvalue(), "x.pdf", Limits()).title == expected


def test_ligatures_without_a_character_are_mended() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=0)
    canvas.drawString(72, 700, "the ~rst pro~le is set")
    canvas.save()
    data = (
        buffer.getvalue()
        .replace(b"~", b"\x01")
        .replace(
            b"/Encoding /WinAnsiEncoding",
            b"/Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /f_i] >>",
        )
    )
    assert read(data, "x.pdf", Limits()).text == "the first profile is set"
