from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.isolated import IsolatedLoader
from rag_cs.load import load
from rag_cs.readers.builder import Limits
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


def _loops(_data: bytes, _source: str, _limits: Limits) -> Document:
    while True:
        pass


def _grows(_data: bytes, _source: str, _limits: Limits) -> Document:
    held = []
    while True:
        held.append(bytearray(50_000_000))


def _crashes(_data: bytes, _source: str, _limits: Limits) -> Document:
    import ctypes

    ctypes.string_at(0)
    raise AssertionError


def _prints(_data: bytes, _source: str, _limits: Limits) -> Document:
    os.write(2, b"what the file says")
    raise KeyError("what the file says")


@pytest.mark.parametrize("reader", [_loops, _grows, _crashes, _prints])
def test_a_reader_that_goes_wrong_takes_nothing_with_it(
    reader: Callable[..., Document],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    loader = IsolatedLoader(reader, base_seconds=1, max_memory_bytes=300_000_000)
    with pytest.raises(UnreadableDocument, match="Split it"):
        loader(b"Words.", "a.txt")
    assert "what the file says" not in capfd.readouterr().err + caplog.text
    if reader is _prints:
        assert "a .txt file: builtins.KeyError at isolated.py" in caplog.text


def _works(data: bytes, source: str, limits: Limits) -> Document:
    for _ in range(20):
        started = time.process_time()
        while time.process_time() < started + 0.1:
            pass
        limits.earn(0.2)
    return load(data, source, limits=limits)


def _stops_working(data: bytes, source: str, limits: Limits) -> Document:
    for _ in range(1_000):
        limits.earn(1.0)
    return _loops(data, source, limits)


@pytest.mark.slow
def test_a_reader_that_gets_on_earns_time_but_none_to_save_up() -> None:
    assert IsolatedLoader(_works, base_seconds=1)(b"Words.", "a.txt").text == "Words."
    begun = time.monotonic()
    with pytest.raises(UnreadableDocument):
        IsolatedLoader(_stops_working, base_seconds=1)(b"Words.", "a.txt")
    assert time.monotonic() < begun + 30


def test_a_large_document_comes_in_pieces(loader: IsolatedLoader) -> None:
    data = "\n\n".join(f"第{n}段。😀" for n in range(5_000)).encode()
    assert loader(data, "a.txt") == load(data, "a.txt")


def test_limits_hold_in_the_child() -> None:
    loader = IsolatedLoader(limits=Limits(max_characters=99))
    with pytest.raises(TooLarge, match="more than 99 characters"):
        loader(b"word " * 100, "a.txt")
