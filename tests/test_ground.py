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


def test_of_a_faq_pair_the_answer_supports_and_neither_question_nor_label() -> None:
    text = "Q: Are filters free of charge?\nA: Filters cost 129 yuan."
    hits = [Hit(Chunk("f", "d", "FAQ", text, 0, len(text), kind="faq"), 1.0)]
    citation = ground("Filters cost 129 yuan.", hits, HashEmbeddings())
    assert citation is not None
    assert citation.quote == "Filters cost 129 yuan."
    assert ground("Filters are free of charge.", hits, HashEmbeddings()) is None


def test_two_rows_of_a_table_lend_each_other_nothing() -> None:
    text = "| E4 | The filter is missing |\n| E5 | Internal fault |"
    hits = [Hit(Chunk("t", "d", "Manual", text, 0, len(text), kind="table"), 1.0)]
    assert ground("E4 means internal fault.", hits, HashEmbeddings()) is None
    assert ground("E4: the filter is missing.", hits, HashEmbeddings()) is not None


def test_a_citation_names_the_version_that_it_quotes() -> None:
    dates = {"effective_from": "2026-01-01", "effective_until": "2026-12-31"}
    chunk = Chunk("v", "d", "Cards", TEXT, 0, len(TEXT), metadata=dates, version="2", sha256="ab")
    citation = ground("The buyer pays return shipping.", [Hit(chunk, 1.0)], HashEmbeddings())
    assert citation is not None
    assert (citation.document_sha256, citation.version) == ("ab", "2")
    assert (citation.effective_from, citation.effective_until) == ("2026-01-01", "2026-12-31")


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        (
            "The spare battery gives the lamp light through a power cut.",
            "This lamp doesn't give any light through a power cut. The spare battery is heavy.",
        ),
        ("备用电池停电时照明灯还能亮。", "这种灯停电时不能照明。备用电池还能充电，很亮。"),
    ],
)
def test_what_one_sentence_denies_supports_nothing_with_the_help_of_the_next(
    sentence: str, passage: str
) -> None:
    hit = Hit(Chunk("c", "d", "Lamps", passage, 0, len(passage)), 1.0)
    assert ground(sentence, [hit], HashEmbeddings()) is None
