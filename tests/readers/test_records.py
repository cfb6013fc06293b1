from __future__ import annotations

import json

import pytest

from rag_cs.errors import UnreadableDocument
from rag_cs.readers.builder import Limits
from rag_cs.readers.records import read


def texts(value: object) -> list[tuple[str, str]]:
    draft = read(json.dumps(value).encode(), "x.json", Limits())
    return [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks]


def test_records_are_rows_and_faq_records_are_pairs() -> None:
    assert texts([{"code": "A-1", "price": 9}, {"code": "A-2"}]) == [
        ("row", "code: A-1; price: 9"),
        ("row", "code: A-2"),
    ]
    assert texts([{"question": "能退吗？", "answer": "能。"}]) == [
        ("faq", "问：能退吗？\n答：能。")
    ]


def test_other_values_stand_behind_their_names() -> None:
    assert texts({"shop": {"hours": ["9-12", "13-18"], "open": True}}) == [
        ("list_item", "- shop > hours: 9-12"),
        ("list_item", "- shop > hours: 13-18"),
        ("list_item", "- shop > open: true"),
    ]


def test_broken_json_is_refused_with_its_place() -> None:
    with pytest.raises(UnreadableDocument, match="line 1 column 2"):
        read(b"{oops}", "x.json", Limits())


def test_numbers_stay_as_they_are_written() -> None:
    data = b'[{"price": 12.50, "id": 1' + b"0" * 5_000 + b', "note": null, "sold": false}]'
    (block,) = read(data, "x.json", Limits()).blocks
    text = read(data, "x.json", Limits()).text[block.start : block.end]
    assert text.startswith("price: 12.50; id: 10000")
    assert text.endswith("; sold: false")


def test_records_that_share_no_names_are_told_one_value_a_line() -> None:
    data = json.dumps([{f"k{n}": "v"} for n in range(600)]).encode()
    assert read(data, "x.json", Limits()).text.startswith("- k0: v\n- k1: v\n")
