from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.isolated import IsolatedLoader
from rag_cs.load import load
from rag_cs.types import Document

DEMO = Path(__file__).parent.parent / "knowledge" / "demo"


@pytest.fixture(scope="module")
def loader() -> IsolatedLoader:
    return IsolatedLoader()


@pytest.mark.parametrize("name", ["faq.xlsx", "shipping.html", "warranty.docx", "products.csv"])
def test_a_document_comes_back_as_it_was_read(loader: IsolatedLoader, name: str) -> None:
    data = (DEMO / name).read_bytes()
    assert loader(data, name) == load(data, name)


def test_errors_keep_their_words(loader: IsolatedLoader) -> None:
    with pytest.raises(UnreadableDocument) as alone:
        load(b"no PDF", "a.pdf")
    with pytest.raises(UnreadableDocument) as isolated_error:
        loader(b"no PDF", "a.pdf")
    assert str(isolated_error.value) == str(alone.value)


def _loops(_data: bytes, _source: str) -> Document:
    while True:
        pass


def _grows(_data: bytes, _source: str) -> Document:
    held = []
    while True:
        held.append(bytearray(50_000_000))


def _crashes(_data: bytes, _source: str) -> Document:
    import ctypes

    ctypes.string_at(0)
    raise AssertionError


def _fails(_data: bytes, _source: str) -> Document:
    raise KeyError("a reader's mistake")


@pytest.mark.parametrize("reader", [_loops, _grows, _crashes, _fails])
def test_a_reader_that_goes_wrong_takes_nothing_with_it(reader: Callable[..., Document]) -> None:
    loader = IsolatedLoader(reader, base_seconds=1, max_memory_bytes=300_000_000)
    with pytest.raises(UnreadableDocument, match="Split it"):
        loader(b"Words.", "a.txt")


def test_a_bomb_is_refused_within_its_limits(loader: IsolatedLoader) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * 300_000_000)
        archive.writestr("word/document.xml", b"<w:p/>" * 30_000_000)
    with pytest.raises((UnreadableDocument, TooLarge)):
        loader(packed.getvalue(), "bomb.docx")
