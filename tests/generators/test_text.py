from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.generators.text import IncrementalDecoder, StopScanner, TextAssembler

Decode = Callable[[Sequence[int]], str]


def _dropping(ids: Sequence[int]) -> str:
    return bytes(ids).decode(errors="ignore")


def _marking(ids: Sequence[int]) -> str:
    return bytes(ids).decode(errors="replace")


@pytest.mark.parametrize("decode", [_dropping, _marking])
@given(text=st.text(st.characters(exclude_characters="\ufffd", codec="utf-8")), data=st.data())
def test_no_character_is_broken_lost_or_doubled(
    decode: Decode, text: str, data: st.DataObject
) -> None:
    decoder, shown, left = IncrementalDecoder(decode), "", list(text.encode())
    while left:
        take = data.draw(st.integers(1, 5))
        shown += decoder.feed(left[:take])
        left = left[take:]
        assert "\ufffd" not in shown
        assert text.startswith(shown)
    assert shown + decoder.flush() == text


def test_a_character_that_is_cut_off_at_the_end_is_not_shown() -> None:
    decoder = IncrementalDecoder(_marking)
    assert decoder.feed(list("好".encode())[:2]) + decoder.flush() == ""


@given(
    text=st.text("ab。\n", max_size=30),
    stop=st.lists(st.text("ab。\n", min_size=1, max_size=4), max_size=3),
    data=st.data(),
)
def test_text_ends_before_the_first_stop_string(
    text: str, stop: list[str], data: st.DataObject
) -> None:
    scanner, shown, left = StopScanner(stop), "", text
    while left:
        take = data.draw(st.integers(1, 5))
        shown += scanner.feed(left[:take])
        left = left[take:]
        assert not any(word in shown for word in stop)
    shown += scanner.flush()
    if scanner.stopped:
        assert text.startswith(shown)
        assert any(text[len(shown) :].startswith(word) for word in stop)
    else:
        assert shown == text
        assert not any(word in text for word in stop)


def test_what_may_begin_a_stop_string_is_held_back() -> None:
    scanner = StopScanner(["\n\nQuestion"])
    assert [scanner.feed("yes\n"), scanner.feed("\nQ"), scanner.feed("uiet")] == [
        "yes",
        "",
        "\n\nQuiet",
    ]


def test_an_assembler_stops_at_once() -> None:
    text = TextAssembler(_dropping, ["。"])
    assert text.feed(list("好。坏".encode())) == "好"
    assert text.stopped
    assert text.feed(list("坏".encode())) + text.flush() == ""
