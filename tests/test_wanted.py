from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.wanted import states, wanted, wants_fact


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How soon must I report it?", "workdays"),
        ("How many full days do I have?", "duration"),
        ("How much time do I have to pay?", "duration"),
        ("When did it open?", "date"),
        ("I paid. When do you send it?", "time"),
        ("In what year was it built?", "date"),
        ("攒着的积分多久会作废？", "duration"),
        ("多少个工作日能到？", "workdays"),
        ("从哪天开始重新发货？", "date"),
        ("How much does delivery cost?", "money"),
        ("What do you charge for express?", "money"),
        ("寄到新疆要收多少邮费？", "money"),
        ("运费是多少？", "money"),
        ("What percentage is refunded?", "percent"),
        ("会员打几折？", "percent"),
        ("How long is the cable?", "measure"),
        ("How long is it covered?", "duration"),
        ("How heavy is it?", "measure"),
        ("一年能免费叫几次上门？", "number"),
        ("客服号码是什么？", "number"),
    ],
)
def test_what_a_question_wants(question: str, kind: str) -> None:
    assert kind in wanted(question)


@pytest.mark.parametrize(
    "question",
    [
        "How do I return it when it is broken?",
        "Which colours are there?",
        "What happens when I lose it?",
        "怎么退货？",
        "几乎没有声音怎么办？",
        "Can I pay when it arrives?",
        "",
    ],
)
def test_most_questions_want_no_such_fact(question: str) -> None:
    assert not wanted(question)


@pytest.mark.parametrize(
    ("question", "is_fact"),
    [
        ("Who pays?", True),
        ("What can I use instead?", True),
        ("How often do I clean it?", True),
        ("多少天能换？", True),
        ("是哪里出了毛病？", True),
        ("How do I clean it?", False),
        ("What happens when it breaks?", False),
        ("What should I do?", False),
        ("What is the difference?", False),
        ("Is it covered?", False),
        ("怎么办？", False),
        ("为什么会热？", False),
        ("有什么作用？", False),
        ("可以退吗？", False),
    ],
)
def test_a_part_of_a_sentence_answers_only_who_asks_for_a_fact(
    question: str, *, is_fact: bool
) -> None:
    assert wants_fact(question) is is_fact


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("How soon must I report it?", "Report it within 48 hours.", "Report it with 2 pictures."),
        ("When did it open?", "It opened in 1998.", "It has 12 rooms."),
        ("When is it sent?", "It leaves the same day.", "It leaves in a box."),
        ("多久发货？", "付款后次日发货。", "单笔满199元包邮。"),
        ("运费多少钱？", "不满收取十二元。", "7天内可退。"),
        ("底座多少钱？", "名称：底座；价格（元）：59；备注：无", "名称：底座；备注：两个"),
        ("How heavy is it?", "Code: A; Weight (kg): 9.8", "Code: A; Note: light"),
        ("How many pieces?", "There are three pieces.", "There are pieces."),
    ],
)
def test_what_states_it(question: str, right: str, wrong: str) -> None:
    assert states(right, wanted(question))
    assert not states(wrong, wanted(question))


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_wanted_is_stated_by_nothing(question: str, text: str) -> None:
    assert not states(text, frozenset())
    assert wanted(question) is wanted(question)
