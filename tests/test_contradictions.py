from __future__ import annotations

import pytest

from rag_cs.contradictions import Statement, disagreement, rivals
from rag_cs.types import Chunk
from tests.builders import make_chunk


def statement(text: str, document: str = "a.md", **fields: object) -> Statement:
    chunk = make_chunk(text, document=document, **fields)
    return Statement(chunk, 0, len(text))


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("A parcel waits in a parcel locker for 3 days.",
         "A parcel waits in a parcel locker for 5 days; after that it goes back.", "duration"),
        ("A parcel waits in a parcel locker for one week.",
         "A parcel waits in a parcel locker for 7 days.", ""),
        ("Standard delivery of one parcel costs $5.", "Standard delivery of one parcel costs $8.",
         "money"),
        ("Standard delivery of one parcel costs $5.", "Express delivery of one parcel costs $8.",
         ""),
        ("You may use up to 2 gift cards in one order.",
         "You may use up to 5 gift cards in one order.", "number"),
        ("Gift cards can be combined with coupons.", "Gift cards cannot be combined with coupons.",
         "denial"),
        ("Press step 2 of the setup menu again.", "Press step 3 of the setup menu again.", ""),
        ("See the returns policy page [2] online.", "See the returns policy page [7] online.", ""),
        ("If it was our mistake, returns of goods cost $0.",
         "If it was not our mistake, returns of goods cost $9.", ""),
        ("The AQ-300 kettle needs a new filter every 3 months.",
         "The AQ-500 kettle needs a new filter every 6 months.", ""),
        ("每笔订单最多使用2张礼品卡。", "每笔订单最多使用5张礼品卡。", "number"),
        ("礼品卡自购买之日起12个月内有效。", "礼品卡自购买之日起一年内有效。", ""),
        ("礼品卡自购买之日起12个月内有效。", "礼品卡自购买之日起36个月内有效。", "duration"),
        ("金卡会员购物享受九五折优惠5%。", "银卡会员购物享受九五折优惠3%。", ""),
        ("定制商品支持七天无理由退货。", "定制商品不支持七天无理由退货。", "denial"),
        ("Returns are accepted within 7 days.", "七天内可以退货。", ""),
        ("", "Gift cards are valid for 12 months.", ""),
    ],
)  # fmt: skip
def test_statements_of_the_same_thing_disagree(one: str, other: str, kind: str) -> None:
    first, second = statement(one), statement(other, "b.md")
    assert disagreement(first, second) == kind
    assert disagreement(second, first) == kind


def test_headings_tell_what_a_statement_is_about() -> None:
    text = "Goods can be returned within {} days of delivery."
    clothes = statement(text.format(7), heading_path=("Returns", "Clothing"))
    shoes = statement(text.format(30), "b.md", heading_path=("Returns", "Shoes"))
    again = statement(text.format(30), "c.md", heading_path=("Returns", "Clothing"))
    assert disagreement(clothes, shoes) == ""
    assert disagreement(clothes, again) == "duration"


def test_a_title_is_no_heading() -> None:
    text = "A parcel waits in a parcel locker for {} days."
    policy = statement(text.format(3), title="Shipping policy", heading_path=("Shipping policy",))
    pair = statement(text.format(5), "faq.csv", title="faq", heading_path=("faq",))
    assert disagreement(policy, pair) == "duration"


def test_few_words_disagree_under_one_title_only() -> None:
    card = statement("Valid for 12 months.", title="Gift cards", context="Gift cards")
    warranty = statement("Valid for 24 months.", "b.md", title="Warranty", context="Warranty")
    again = statement("Valid for 24 months.", "c.md", title="Gift cards", context="Gift cards")
    assert disagreement(card, warranty) == ""
    assert disagreement(card, again) == ""  # a single word is nothing to go by


def test_one_document_tells_its_cases_apart_by_a_word() -> None:
    mild = statement("Fry the batter in oil of 170 degrees celsius.")
    hot = statement("Fry the batter quickly in oil of 190 degrees celsius.")
    same = statement("Fry the batter in oil of 175 degrees celsius.")
    assert disagreement(mild, hot) == ""
    assert disagreement(mild, same) == "measure"


def test_rivals_are_the_sentences_that_disagree() -> None:
    quote = "A parcel waits in a parcel locker for 3 days."
    own = make_chunk(quote, document="a.md")
    other: Chunk = make_chunk(
        "Q: How long is a parcel kept in a parcel locker?\n"
        "A: A parcel waits in a parcel locker for 5 days; after that it goes back. Ask us.",
        document="faq.csv",
        question="How long is a parcel kept in a parcel locker?",
    )
    conflicts = list(rivals(Statement(own, 0, len(quote)), [own, other]))
    assert [conflict.other.text for conflict in conflicts] == [
        "A parcel waits in a parcel locker for 5 days; after that it goes back."
    ]
    assert conflicts[0].kind == "duration"
