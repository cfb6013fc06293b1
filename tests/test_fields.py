from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.fields import fields_of


@pytest.mark.parametrize(
    ("row", "header", "read"),
    [
        ("| E4 | No filter |", "| Code | Meaning |", "Code: E4; Meaning: No filter"),
        ("| 银灯 | 20元 |", "| 等级 | 生日券 |", "等级：银灯；生日券：20元"),
        ("| E4 | | Wait |", "| Code | Meaning | |", "Code: E4; Wait"),
    ],
)
def test_a_row_is_read_out_by_its_header(row: str, header: str, read: str) -> None:
    assert fields_of(row, header) == read


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("A sentence.", "| Code | Meaning |"),
        ("| E4 | No filter |", ""),
        ("| E4 | No filter |", "| Code | Meaning | And so"),
        ("| E4 | No filter | Wait |", "| Code | Meaning |"),
        ("| | |", "| Code | Meaning |"),
        ("|", "|"),
        ("| a |\n| b |", "| Name |"),
    ],
)
def test_anything_else_stays_as_it_is(text: str, header: str) -> None:
    assert fields_of(text, header) == text


@given(st.lists(st.text("ab1 灯", min_size=1), min_size=1, max_size=5))
def test_no_value_gets_lost(values: list[str]) -> None:
    row = "|".join(["", *values, ""])
    read = fields_of(row, "|" + "n|" * len(values))
    assert all(value.strip() in read for value in values)
