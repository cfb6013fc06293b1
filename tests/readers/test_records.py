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
