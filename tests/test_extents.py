from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.extents import extent, is_indivisible
from rag_cs.statements import statements
from tests.fakes import make_hit

FAQ_CHUNK = {"kind": "faq", "question": "保修多久？"}


def reached(
    text: str, sentence: str, question: str = "", pair: Mapping[str, Any] | None = None
) -> str | None:
    """The text of the answer that `sentence` belongs to; `pair` are fields of a FAQ chunk."""
    found = make_hit(text, **(pair or {})).chunk
    start = text.index(sentence)
    span = extent(found, start, start + len(sentence), question)
    return span and text[slice(*span)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("We ship on Mondays. We rest on Sundays.", "We rest on Sundays."),
        ("周一发货。周日休息。", "周日休息。"),
        ("We are glad.\nOpening hours: 9 to 5\nCome in.", "Opening hours: 9 to 5"),
        ("客服\n客服电话：400-123-4567\n欢迎来电。", "客服电话：400-123-4567"),
        ("我们很好。\n支持7天无理由退货\n欢迎。", "支持7天无理由退货"),
        ("HM-5\nHM-6\nAll are quiet.", "HM-6"),
        ("- HM-5\n- HM-6\nAll are quiet.", "- HM-6"),
        ("| to | fee |\n| here: | 2 |\n| there | 3 |", "| here: | 2 |"),
        ("Which lamps we sell\n| name | fee |\n| HM | 2 |", "Which lamps we sell"),
        ("The lamp is 8 euros. It hums.", "The lamp is 8 euros."),
        ("运费由本店承担。\n欢迎。", "运费由本店承担。"),
        ("Yes. It hums.", "Yes."),
        ("We ship within two days :)", "We ship within two days :)"),
        ("It costs 5 euros, abroad as follows:", "It costs 5 euros, abroad as follows:"),
        ("Q: When?\n\nA: On Mondays\n\nQ: Gifts?\n\nA: Yes, free.", "On Mondays"),
        ("Dear customer,\n\nWe ship on Mondays.", "We ship on Mondays."),
    ],
)
def test_most_sentences_reach_no_further(text: str, sentence: str) -> None:
    assert reached(text, sentence, "Is the lamp 8 euros?") == sentence


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("These stay:\n- food\n- cut cloth", "\nAsk us."),
        ("These stay:\n- food\n- cut cloth", "\n\n2. Exchanges"),
        ("以下商品不退：\n- 食品\n- 内衣", "\n\n二、换货政策"),
        ("以下商品不退：\n1. 食品\n\n2. 定制商品。", "\n其他可退。"),
        ("**以下商品不退：**\n食品\n定制商品", "\n其他商品可退。"),
        ("These stay:\n\nfood\n\nsocks", "\n\nAll else goes back."),
        ("Two lamps:\nHM-5\nHM-6", "\nThree lamps:\nHM-7"),
        ("Bring:\n1. The receipt\nA copy will do.\n2. The box", "\nCome in."),
        ("Prices:\n5.00 euros for letters\n9.90 euros for parcels", "\n\nWelcome."),
        ("To reset it:\nPress the button. Wait.", "\nThe lamp is blue."),
        ("You need the following:\nthe box", "\n| a | b |"),
    ],
)
def test_what_introduces_a_list_goes_with_it(text: str, rest: str) -> None:
    assert reached(text + rest, text.split("\n")[0], "What?") == text


def test_a_list_ends_at_an_item_before_it_is_too_long() -> None:
    items = [f"- item number {number} of those that can't be returned" for number in range(40)]
    found = reached("\n".join(["These stay:", *items]), "These stay:")
    assert found
    assert len(found) <= 900
    assert found.splitlines()[-1] in items


@pytest.mark.parametrize("text", ["These stay:\n- food\n- cloth", "以下不退：\n- 食品。\n- 内衣。"])
def test_an_item_that_needs_it_comes_with_its_list(text: str) -> None:
    last = text.splitlines()[-1]
    assert reached(f"{text}\nAsk us.", last) == text


def test_an_item_that_is_a_sentence_stands_for_itself() -> None:
    text = "We take care:\n- Lamps are wrapped twice.\n- Parcels are insured."
    assert reached(text, "- Parcels are insured.") == "- Parcels are insured."
    assert reached("These stay:\nfood\n\nfans", "fans") == "fans"


def test_what_introduces_nothing_is_no_answer() -> None:
    assert reached("Lamps hum. These can't go back:", "These can't go back:") is None
    assert reached("A: These stay:\nQ: Who pays?\nA: You do.", "These stay:") is None


@pytest.mark.parametrize("rest", ["", "\n| 步骤 |", " 怎么洗？"])
def test_what_repeats_the_question_is_no_answer_where_nothing_is_below(rest: str) -> None:
    text = f"本机耐用。\n清洗滤网。{rest}"
    assert reached(text, "清洗滤网。", "那清洗滤网怎么操作？") is None
    assert reached(text, "清洗滤网。", "要清洗滤网吗？") == "清洗滤网。"


@pytest.mark.parametrize(
    ("text", "rest", "question"),
    [
        ("清洗滤网。\n先断电。再取下。", "", "怎么清洗滤网？"),
        ("如何设置闹钟\n长按按键。", "\n如何关闭闹钟\n短按。", "闹钟怎么设？"),
        ("如果听不到声音\n请先充电。", "\n还有问题吗？", "没有声音怎么办？"),
        ("如果听不到声音，或只有一侧有\n请先充电。", "", "没有声音怎么办？"),
        ("Lamps\nThey are blue.", "\n\nFans\n\nThey hum.", "Which colour?"),
        ("Use\nPlug it in. Wait.", "\nCare\nWipe it.", "How?"),
        ("Payment\n\n- PayPal\n- Visa\n- Mastercard\n- Invoice", "\n\nCome in.", "How?"),
        ("Returns\n\nThese stay:\n- a\n- b\n- c\n- d", "\nAsk.", "What?"),
        ("支持货到付款\n\n也可以用支付宝。", "", "怎么付款？"),
    ],
)
def test_what_stands_below_a_heading_goes_with_it(text: str, rest: str, question: str) -> None:
    assert reached(text + rest, text.split("\n")[0], question) == text


def test_a_line_that_isn_t_finished_goes_on() -> None:
    text = "我们很高兴。\n如果商品有问题，\n本店承担运费。\n欢迎再来。"
    for part in ("如果商品有问题，", "本店承担运费。"):
        assert reached(text, part) == "如果商品有问题，\n本店承担运费。"


def test_what_goes_on_for_ever_is_cut() -> None:
    found = reached("；\n".join(["这一步要做很多很多事"] * 99), "这一步要做很多很多事；")
    assert found
    assert len(found) <= 400


def test_the_answer_of_a_faq_pair_is_given_whole_unless_it_is_long() -> None:
    text = "保修\n\n问：保修多久？\n答：两年。坏了可换。\n分类：售后"
    assert reached(text, "坏了可换。", pair=FAQ_CHUNK) == "两年。坏了可换。"
    long = f"问：保修多久？\n答：两年。坏了可换。{'本店负责到底。' * 30}"
    assert reached(long, "坏了可换。", pair=FAQ_CHUNK) == "坏了可换。"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Code: A; Weight: 9; Note: two", True),
        ("These stay:\n- food", True),
        ("如需开票，\n请提供：\n1. 抬头\n2. 税号", True),
        ("1. Unplug it.\n2. Wait.", True),
        ("- One item.", False),
        ("It hums; it glows.", False),
        ("如果坏了，\n可换。", True),
    ],
)
def test_rows_and_what_takes_several_lines_are_not_shortened(text: str, whole: bool) -> None:
    assert is_indivisible(text) is whole


PIECES = ["灯", "Lamps hum", "怎么", "：", "。", ". ", "\n", "- ", "1. ", "|", "，", "9", "？"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from(["怎么用灯？", "Lamps hum", ""]),
)
def test_an_answer_is_a_part_of_its_passage_that_holds_the_sentence(
    text: str, question: str
) -> None:
    chunk = make_hit(text).chunk
    for start, end in statements(text):
        span = extent(chunk, start, end, question)
        assert span is None or (0 <= span[0] <= start and end <= span[1] <= len(text))
