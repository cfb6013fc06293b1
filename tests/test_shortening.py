from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.shortening import conditions, is_part, leaves_out_condition, may_stand, stands_alone

FAULTY = "因质量问题或发错货退货的，运费由本店承担。"
FREE = "Standard shipping is free for orders of ¥199 or more; below that it costs ¥12."


@pytest.mark.parametrize(
    ("said", "sentence", "question"),
    [
        ("运费由本店承担。", FAULTY, "运费谁出？"),
        ("12元", "单笔订单满199元包邮，不满收取12元。", "运费多少钱？"),
        ("可以免费换新。", "自签收之日起15天内出现质量问题，可以免费换新。", "坏了能换吗？"),
        ("Standard shipping is free.", FREE, "How much is shipping?"),
        ("标准配送免费。", FREE, "运费多少钱？"),
        ("We refund you.", "We refund you if the parcel is lost.", "Do you refund me?"),
        ("It can go back.", "It can go back within 7 days of delivery.", "Can it go back?"),
        ("We pay.", "Once you have sent the photographs, we pay.", "Who pays?"),
        ("Lamps can go back.", "Lamps can go back, but not their bulbs.", "Can lamps go back?"),
        ("The lamp is covered.", "The lamp is covered, except its bulb.", "Is the lamp covered?"),
    ],
)
def test_a_condition_that_the_store_makes_is_not_left_out(
    said: str, sentence: str, question: str
) -> None:
    assert leaves_out_condition(said, sentence, question)
    assert not may_stand(said, sentence, question)


@pytest.mark.parametrize(
    ("said", "sentence", "question"),
    [
        ("运费由本店承担。", FAULTY, "有质量问题要退货，运费谁出？"),
        ("12小时", "保温最长持续12小时，之后自动关机。", "最多能保温多久？"),
        (
            "7 days",
            "It can go back within 7 days of delivery.",
            "How many days until it goes back?",
        ),
        ("William", "In 1066, William conquered England.", "Who conquered England?"),
        ("buyer", "The buyer pays for the postage.", "Who pays?"),
        (
            "France",
            "They came from France, within 20 per cent of the limit.",
            "From which country?",
        ),
        ("We pay.", "As the only shop in town, we pay.", "Who pays?"),
        ("every 3 months", "| Sensor | every 3 months | swab |", "How often must I clean it?"),
    ],
)
def test_what_the_question_names_or_nobody_limits_may_be_left_out(
    said: str, sentence: str, question: str
) -> None:
    assert may_stand(said, sentence, question)


def test_what_was_asked_for_is_not_left_out() -> None:
    sentence = "In the early 1990s they argued loudly for rights."
    assert not may_stand("They argued loudly for rights.", sentence, "When did they argue?")
    assert may_stand("early 1990s", sentence, "When did they argue?")
    assert may_stand("They argued loudly for rights.", sentence, "Who argued for rights?")


def test_a_part_is_for_questions_that_want_a_fact() -> None:
    sentence = "漫游时设备使用“快速转换”功能认证得更快"
    assert may_stand("快速转换", sentence, "用的是什么功能名？") is False  # "功能": tell me of it
    assert may_stand("快速转换", sentence, "用的是哪一个？")
    assert not may_stand("快速转换", sentence, "怎么认证？")
    assert not may_stand("快速转换", sentence, "认证得快吗？")
    assert not may_stand("wet cloth", "Wipe it with a wet cloth only", "How do I clean it?")


def test_what_is_only_supposed_is_no_answer() -> None:
    sentence = "The lamp goes back once you have told us."
    assert not may_stand("you have told us", sentence, "When does the lamp go back?")
    assert may_stand("once you have told us", sentence, "When does the lamp go back?")


def test_a_sentence_with_two_amounts_of_a_kind_is_sent_whole() -> None:
    row = "| Purifiers | 24 months; 36 months for the motor |"
    assert not may_stand("36 months", row, "How long is it covered?")
    assert may_stand("36 months", row, "It isn't the 24 months: how long is the motor covered?")


def test_a_clause_is_no_part() -> None:
    assert is_part("buyer", "The buyer pays.")
    assert is_part("转换", "名为“转换”的")
    assert not is_part("we pay", "If it breaks, we pay.")
    assert not is_part("the shop", "The buyer pays.")


def test_the_conditions_of_a_sentence() -> None:
    assert list(conditions(FAULTY)) == ["因质量问题或发错货退货的"]
    assert list(conditions(FREE)) == ["orders of ¥199 or more"]
    assert list(conditions("Over 300 people live there, and it was built before 1066.")) == []


def test_what_may_be_denied_by_the_rest_stands_for_nothing() -> None:
    assert stands_alone("buyer", "The buyer pays.")
    assert not stands_alone("waterproof", "It is not waterproof.")
    assert not stands_alone("7", "It takes 7 days.")
    assert not stands_alone("seller", "The buyer pays.")


PIECES = [
    "如果",
    "坏了",
    "，",
    "运费",
    "免费",
    "满99元",
    "的",
    "。",
    " if ",
    "only",
    " the lamp ",
    "7 days",
    "“",
    "”",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(TEXTS, TEXTS)
def test_a_sentence_may_always_stand_for_itself(sentence: str, question: str) -> None:
    assert may_stand(sentence, sentence, question)


@given(TEXTS, TEXTS, TEXTS)
def test_a_question_that_says_it_all_leaves_no_condition_out(
    said: str, sentence: str, question: str
) -> None:
    assert not leaves_out_condition(said, sentence, f"{question}\n{sentence}")
