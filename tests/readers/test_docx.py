from __future__ import annotations

import io

import docx
import pytest
from docx.oxml import parse_xml

from rag_cs.errors import UnreadableDocument
from rag_cs.readers.builder import Limits
from rag_cs.readers.docx import read


def test_styles_say_what_is_what() -> None:
    document = docx.Document()
    document.add_heading("Warranty", 0)
    document.add_heading("Terms", 1)
    document.add_paragraph("Two years.")
    document.add_paragraph("Keep the receipt", style="List Number")
    document.add_paragraph("Call us", style="List Number")
    document.add_paragraph("dents", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Part", "Months", "Motor", "36"], strict=True):
        cell.text = text
    document.add_paragraph("After the table.")
    buffer = io.BytesIO()
    document.save(buffer)
    draft = read(buffer.getvalue(), "x.docx", Limits())
    assert [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks] == [
        ("heading", "Warranty"),
        ("heading", "Terms"),
        ("paragraph", "Two years."),
        ("list_item", "1. Keep the receipt"),
        ("list_item", "2. Call us"),
        ("list_item", "- dents"),
        ("table", "| Part | Months |\n| Motor | 36 |"),
        ("paragraph", "After the table."),
    ]
    assert draft.title == "Warranty"


def test_a_cut_off_document_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="damaged or cut off"):
        read(b"PK\x03\x04 and then nothing", "x.docx", Limits())


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def test_what_word_shows_is_read_and_what_it_hides_is_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Returns within ")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for xml in (
        f"<w:ins {space}><w:r><w:t>14</w:t></w:r></w:ins>",
        f"<w:del {space}><w:r><w:delText>7</w:delText></w:r></w:del>",
        f"<w:r {space}><w:t xml:space='preserve'> days.</w:t></w:r>",
    ):
        paragraph._p.append(parse_xml(xml))
    control = parse_xml(
        f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>From a template.</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt>"
    )
    paragraph._p.addnext(control)
    assert read(saved(document), "x.docx", Limits()).text == (
        "Returns within 14 days.\n\nFrom a template."
    )


def test_cells_that_span_rows_are_told_in_each_row() -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=2)
    for cell, text in zip(table._cells, ["Zone", "Fee", "A", "12", "", "15"], strict=True):
        cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert read(saved(document), "x.docx", Limits()).text == (
        "| Zone | Fee |\n| A | 12 |\n| A | 15 |"
    )
