from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.extents import extent, is_indivisible
from rag_cs.statements import statements
from tests.fakes import make_hit


def reached(text: str, sentence: str, question: str = "", **chunk: Any) -> str | None:
    """The text of the answer that `sentence` begins."""
    found = make_hit(text, **chunk).chunk
    start = text.index(sentence)
    span = extent(found, start, start + len(sentence), question)
    return span and text[slice(*span)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("We ship on Mondays. We rest on Sundays.", "We rest on Sundays."),
        ("周一发货。周日休息。", "周日休息。"),
        ("Opening hours: 9 to 5\nWe are glad.", "Opening hours: 9 to 5"),
        ("HM-5\nHM-6\nAll are quiet.", "HM-6"),
        ("- HM-5\n- HM-6\nAll are quiet.", "- HM-6"),
        ("| to | fee |\n| here: | 2 |\n| there | 3 |", "| here: | 2 |"),
    ],
)
def test_most_sentences_reach_no_further(text: str, sentence: str) -> None:
    assert reached(text, sentence, "Which?") == sentence


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("These stay:\n- food\n- cut cloth", "\nAsk us."),
        ("以下商品不退：\n1. 食品\n\n2. 定制商品。", "\n其他可退。"),
        ("**以下商品不退：**\n食品\n定制商品", "\n其他商品可退。"),
        ("Two lamps:\nHM-5\nHM-6", "\nThree lamps:\nHM-7"),
        ("To reset it:\nPress the button. Wait.", "\nThe lamp is blue."),
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


def test_an_item_that_is_no_sentence_comes_with_its_list() -> None:
    text = "We are glad.\nThese can't go back:\n- food\n- cut cloth\n- Lamps go back.\nAsk us."
    listed = text[13:-8]
    assert reached(text, "- cut cloth") == listed
    assert reached(text, "- Lamps go back.") == "- Lamps go back."
    assert reached("These stay:\nfood\n\nfans", "fans") == "fans"


def test_what_introduces_nothing_is_no_answer() -> None:
    assert reached("Lamps hum. These can't go back:", "These can't go back:") is None


@pytest.mark.parametrize(
    ("text", "sentence", "question", "answer"),
    [
        ("清洗滤网。\n先断电。再取下。", "清洗滤网。", "怎么清洗滤网？", "先断电。再取下。"),
        ("如何设置闹钟\n长按按键。", "如何设置闹钟", "闹钟怎么设？", "长按按键。"),
        ("如果听不到声音\n请先充电。", "如果听不到声音", "没有声音怎么办？", "请先充电。"),
        ("Lamps\nThey are blue.", "Lamps", "Which colour?", "They are blue."),
        ("It hums.\nUse\nPlug it in. Wait.\nCare\nWipe it.", "Use", "How?", "Plug it in. Wait."),
    ],
)
def test_a_heading_stands_for_what_is_below_it(
    text: str, sentence: str, question: str, answer: str
) -> None:
    assert reached(text, sentence, question) == answer


def test_what_only_repeats_the_question_is_no_answer_unless_it_says_yes() -> None:
    text = "运费由本店承担。"
    assert reached(text, text, "运费由本店承担吗？") == text
    assert reached(text, text, "为什么运费由本店承担？") is None


def test_a_line_that_isn_t_finished_goes_on() -> None:
    text = "我们很高兴。\n如果商品有问题，\n本店承担运费。\n欢迎再来。"
    for part in ("如果商品有问题，", "本店承担运费。"):
        assert reached(text, part) == "如果商品有问题，\n本店承担运费。"


def test_the_answer_of_a_faq_pair_is_given_whole_unless_it_is_long() -> None:
    text = "问：保修多久？\n答：两年。坏了可换。"
    assert reached(text, "坏了可换。", kind="faq") == "两年。坏了可换。"
    long = f"{text}{'本店负责到底。' * 30}"
    assert reached(long, "坏了可换。", kind="faq") == "坏了可换。"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Code: A; Weight: 9; Note: two", True),
        ("These stay:\n- food", True),
        ("It hums; it glows.", False),
        ("如果坏了，\n可换。", False),
    ],
)
def test_rows_and_lists_are_not_shortened(text: str, whole: bool) -> None:
    assert is_indivisible(text) is whole


PIECES = ["灯", "Lamps hum", "怎么", "：", "。", ". ", "\n", "- ", "1. ", "|", "，", "9", "？"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from(["怎么用灯？", "Lamps hum", ""]),
)
def test_an_answer_is_a_part_of_its_passage(text: str, question: str) -> None:
    chunk = make_hit(text).chunk
    for start, end in statements(text):
        span = extent(chunk, start, end, question)
        assert span is None or 0 <= span[0] < span[1] <= len(text)
