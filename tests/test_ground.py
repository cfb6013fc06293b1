from __future__ import annotations

import pytest

from rag_cs.ground import ground
from rag_cs.types import Chunk, Hit
from tests.fakes import HashEmbeddings

TEXT = (
    "Unused goods can be returned within 7 days of delivery. The buyer pays return shipping. "
    "Filters cost ￥129.00 each. 滤网每六个月更换一次。"
)
OFFSET = 1000
HIT = Hit(Chunk("d-1", "d", "Returns", TEXT, OFFSET, OFFSET + len(TEXT), page=3), 1.0)


def quote(sentence: str) -> str | None:
    citation = ground(sentence, [HIT], HashEmbeddings())
    if citation is None:
        return None
    assert citation.quote == TEXT[citation.start - OFFSET : citation.end - OFFSET]
    assert (citation.document_id, citation.page, citation.sentence) == ("d", 3, sentence)
    return citation.quote


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("You can return unused goods within 7 days of delivery.",
         "Unused goods can be returned within 7 days of delivery."),
        ("Each filter costs 129 yuan: filters cost ￥129.", "Filters cost ￥129.00 each."),
        ("滤网需要6个月更换一次。", "滤网每六个月更换一次。"),
        ("Unused goods can be returned within 7 days and the buyer pays return shipping.",
         "Unused goods can be returned within 7 days of delivery. The buyer pays return shipping."),
    ],
)  # fmt: skip
def test_a_supported_sentence_gets_the_shortest_quote_that_supports_it(
    sentence: str, expected: str
) -> None:
    assert quote(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Unused goods can be returned within 14 days of delivery.",  # another number
        "Filters cost ￥159.00 each.",
        "滤网每三个月更换一次。",
        "The kettle comes in black and white.",  # nothing of the kind is said
        "Returns.",  # too little to be supported
        "",
        "😀",
    ],
)
def test_an_unsupported_sentence_gets_none(sentence: str) -> None:
    assert quote(sentence) is None


def test_without_hits_nothing_is_supported() -> None:
    assert ground("Unused goods can be returned.", [], HashEmbeddings()) is None
