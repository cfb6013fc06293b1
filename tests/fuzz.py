"""What is fuzzed: each reader, the files that fuzzing starts from, and what must hold of any file.

Pictures are decoded but not recognised: the models inside see arrays of numbers, never a file.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import docx
import xlwt

from rag_cs import load as module
from rag_cs.chunk import chunk
from rag_cs.errors import RagError
from rag_cs.load import load
from rag_cs.policies import dated
from rag_cs.readers import image, pdf
from rag_cs.text import search_terms
from rag_cs.types import Document
from tests.bombs import archives
from tests.readers import test_html, test_markdown, test_ocr, test_pdf, test_plain, test_sheet

# Files that once went wrong, by target.
FOUND = Path(__file__).parent / "data" / "fuzz"


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: the name its files have, what fuzzing starts from, and how what the fuzzer makes
    becomes a file."""

    source: str
    seeds: Callable[[], list[bytes]]
    wrap: Callable[[bytes], bytes] = bytes


def try_file(target: Target, data: bytes) -> None:
    """Read what a fuzzer made and check what must hold. Nothing but an error for users, too deep
    nesting or too little memory may come out of a reader; such are let pass, all else is raised."""
    with contextlib.suppress(RagError, RecursionError, MemoryError), _without_net():
        document = load(target.wrap(data), target.source)
        check(document)
        document = dated(document, {})
        for part in chunk(document, _count_tokens):
            assert part.text == document.text[part.start : part.end]
            search_terms(part.embedded_text)


def check(document: Document) -> None:
    """Blocks are slices in order, with only white space between, and the text can be stored."""
    end = 0
    for block in document.blocks:
        assert end <= block.start < block.end
        assert not document.text[end : block.start].strip()
        end = block.end
    assert end == len(document.text)
    for text in (document.text, document.title, *document.metadata, *document.metadata.values()):
        text.encode("utf-8")
        assert "\0" not in text


@contextlib.contextmanager
def _without_net() -> Iterator[None]:
    """`load` as it would be, did it let its readers' errors through."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            mock.patch.object(module, "_read", lambda form, *rest: form.read(*rest))
        )
        for reader in (pdf, image):
            stack.enter_context(mock.patch.object(reader, "recognise", return_value=[]))
        yield


def _count_tokens(texts: Sequence[str]) -> list[int]:
    return [len(text) // 4 for text in texts]


def _word_document(data: bytes) -> bytes:
    """Bytes that are no archive are the XML of a document's body."""
    if data.startswith(b"PK"):
        return data
    return archives.docx(
        data.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    )


def _workbook(data: bytes) -> bytes:
    if data.startswith(b"PK"):
        return data
    return archives.xlsx(data.decode("utf-8", "replace"), strings="<si><t>shared</t></si>" * 3)


def _word_seeds() -> list[bytes]:
    document = docx.Document()
    document.add_heading("Warranty", 0)
    document.add_heading("Terms", 1)
    document.add_paragraph("Two years.")
    document.add_paragraph("Keep the receipt", style="List Number")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "Part"
    buffer = io.BytesIO()
    document.save(buffer)
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:numPr/></w:pPr><w:r><w:t>Words</w:t><w:tab/>'
        "</w:r></w:p><w:sdt><w:sdtContent><w:p><w:r><w:t>more</w:t><w:br/></w:r></w:p></w:sdtContent>"
        '</w:sdt><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge w:val="restart"/>'
        "</w:tcPr><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:vMerge/>"
        "</w:tcPr><w:tbl/></w:tc></w:tr></w:tbl>"
    )
    return [body.encode(), buffer.getvalue()]


def _workbook_seeds() -> list[bytes]:
    rows: list[list[object]] = [["Question", "Answer"], ["Why?", "Because."], [1.5, None]]
    cells = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Words</t></is></c>'
        '</row><row r="2"><c r="A2"><v>45000.5</v></c><c r="C2" t="b"><v>1</v></c>'
        '<c r="D2" t="e"><v>#N/A</v></c><c r="E2" t="d"><v>2026-03-01</v></c></row>'
    )
    return [cells.encode(), test_sheet.workbook(FAQ=rows)]


def _old_workbook_seeds() -> list[bytes]:
    book = xlwt.Workbook()
    sheet = book.add_sheet("备件")
    for row, cells in enumerate([["货号", "名称", 1.5], ["LK-9", "滤网", True]]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return [buffer.getvalue()]


def _text_seeds() -> list[bytes]:
    words = (test_plain.SIMPLIFIED, test_plain.TRADITIONAL, test_plain.ENGLISH)
    encoded = [
        text.encode(encoding, "replace")
        for text in words
        for encoding in ("utf-8", "utf-16", "gb18030", "big5", "cp1252")
    ]
    return [
        *encoded,
        b"---\neffective_from: 2026-03-01\n---\nEffective from 1 March 2026\n\n1. a\n",
    ]


TARGETS: dict[str, Target] = {
    "pdf": Target("x.pdf", lambda: [test_pdf.manual()]),
    "docx": Target("x.docx", _word_seeds, _word_document),
    "xlsx": Target("x.xlsx", _workbook_seeds, _workbook),
    "xls": Target("x.xls", _old_workbook_seeds),
    "html": Target("x.html", lambda: [test_html.PAGE.format(charset="utf-8").encode()]),
    "markdown": Target("x.md", lambda: [test_markdown.TEXT.encode()]),
    "text": Target("x.txt", _text_seeds),
    "csv": Target("x.csv", lambda: [b'Question,Answer\nWhy?,"Be\ncause"\n', b"sep=;\na;b\n1;2\n"]),
    "json": Target(
        "x.json",
        lambda: [json.dumps(each).encode() for each in ([{"a": 1.5, "b": None}], {"a": ["x", {}]})],
    ),
    "png": Target("x.png", lambda: [test_ocr.encoded("PNG")]),
    "jpeg": Target("x.jpg", lambda: [test_ocr.encoded("JPEG")]),
}
