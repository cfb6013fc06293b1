from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.facts import Fact, contradicts, facts_in, unsupported

DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("AQ-300/B 净化器只能连 24 个频段的无线网络。", "噪音 24 dB，支持 2.4 GHz 无线网络"),
        ("It has 24 modes.", "Between 24 dB in sleep mode and 52 dB at full speed."),
        ("It holds 20 litres.", "It serves rooms of up to 20 m²."),
    ],
)
def test_the_number_of_one_thing_is_not_that_of_another(sentence: str, source: str) -> None:
    assert unsupported(sentence, source)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2.4 GHz", "2400MHz"), ("21 to 37 m²", "21–37平方米"), ("24 dB", "24分贝"),
        ("2000 mAh", "2,000毫安时"), ("1 TB", "1000GB"),
    ],
)  # fmt: skip
def test_measures_are_the_same_in_any_unit(one: str, other: str) -> None:
    assert facts_in(one) == facts_in(other)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("7天内可退", "within seven days"),
        ("￥129.00", "129元"),
        ("¥1,299", "1299 yuan"),
        ("$5", "5 dollars"),
        ("5美元", "$5.00"),
        ("15%", "百分之十五"),
        ("15 percent", "15％"),
        ("24小时", "1 day"),
        ("2 weeks", "14天"),
        ("1年", "12 months"),
        ("半年", "6个月"),
        ("2026年3月1日", "March 1, 2026"),
        ("1 March 2026", "2026-03-01"),
        ("9 p.m.", "21:00"),
        ("下午3点", "3 pm"),
        ("1 kg", "1000克"),
        ("ＡＱ－３００", "aq-300"),
        ("3个工作日", "3 business days"),
    ],
)
def test_one_fact_in_two_notations(first: str, second: str) -> None:
    assert facts_in(first) == facts_in(second) != frozenset()


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("7 days", "7 working days"),
        ("It costs 129 dollars.", "129元"),
        ("15%", "15元"),
        ("The AQ-300 does.", "The AQ-301 does."),
        ("Open until 21:00.", "Open until 20:00."),
        ("满199元包邮", "满299元包邮"),
        ("只能连24个频段", "保修24个月，频段为2.4 GHz"),
        ("from 2026-03-01", "from 2026-03-02"),
    ],
)
def test_another_fact_does_not_support(sentence: str, source: str) -> None:
    assert unsupported(sentence, source)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("It costs 129元.", "Price (元) | 129"),
        ("3 to 5 days", "3-5 days"),
        ("一般来说可以退货。", "可以退货。"),
        ("One of them is free.", "Some are free."),
    ],
)
def test_supported(sentence: str, source: str) -> None:
    assert not unsupported(sentence, source)


def test_several_sources_support_together() -> None:
    assert not unsupported("12元 and 3天", "运费12元", "3天送达")


def test_the_missing_fact_is_told() -> None:
    assert unsupported("7天，12元", "7天") == {Fact("money", "12 cny")}


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("It can be returned.", "It cannot be returned."),
        ("Gift cards can be exchanged for cash.", "Gift cards can't be exchanged for cash."),
        ("可以退货", "不可以退货"),
        ("礼品卡可以兑换现金", "礼品卡不可以兑换现金"),
    ],
)
def test_denying_is_a_contradiction(sentence: str, source: str) -> None:
    assert contradicts(sentence, source)
    assert contradicts(source, sentence)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Opened items can't be returned.", "Opened items cannot be returned."),
        ("Unused goods can be returned.", "Unused goods can be returned, but opened ones cannot."),
        ("定制商品不支持退货", "定制商品不支持七天无理由退货。"),
        ("运费不超过12元", "运费12元以内"),
        ("The lamp is bright.", "The filter is not washable."),
    ],
)
def test_no_contradiction(sentence: str, source: str) -> None:
    assert not contradicts(sentence, source)


@given(st.text())
def test_any_text_supports_itself(text: str) -> None:
    assert not unsupported(text, text)
    assert not contradicts(text, text)


@given(st.integers(1, 9), st.sampled_from(["天", "小时", "个月", "年", "元", "%"]))
def test_chinese_numerals_are_numbers(number: int, unit: str) -> None:
    assert facts_in(f"{number}{unit}") == facts_in(f"{DIGITS[number]}{unit}")


def test_long_texts_take_no_time() -> None:
    begun = time.perf_counter()
    facts_in("within 7 days 12元 " * 5_000)
    contradicts("a b, " * 5_000, "d not " * 100)
    assert time.perf_counter() - begun < 20
