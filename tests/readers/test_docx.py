from __future__ import annotations

import io
import zipfile

import docx
import pytest

from rag_cs.errors import TooLarge, UnreadableDocument
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


def test_an_archive_that_unpacks_to_far_too_much_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 401_000_000)
    with pytest.raises(TooLarge, match="unpacks to 401 MB"):
        read(buffer.getvalue(), "x.docx", Limits())


def test_a_cut_off_document_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="damaged or cut off"):
        read(b"PK\x03\x04 and then nothing", "x.docx", Limits())
