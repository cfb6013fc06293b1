from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.asking.chinese import (
    act_name,
    heading_question,
    in_context,
    is_act,
    is_question,
    number_question,
)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("退货政策", "退货政策是什么？"),
        ("三、退款时间", "退款时间是多久？"),
        ("客服工作时间", "客服工作时间是什么时候？"),
        ("退货运费", "退货运费怎么算？"),
        ("第二章 消费者的权利", "消费者的权利有哪些？"),
        ("清洁与除垢", "怎么清洁与除垢？"),
        ("修改收货地址", "怎么修改收货地址？"),
        ("安装方法", "安装方法是怎样的？"),
        ("我们与谁共享", "你们与谁共享？"),
        ("您的权利", "我的权利有哪些？"),
    ],
)
def test_headings_become_the_questions_that_their_sections_answer(
    heading: str, question: str
) -> None:
    assert heading_question(heading, "") == question


@pytest.mark.parametrize(
    "heading", ["第一条", "第一章 总 则", "目录", "概述", "八、附则", "常见问题", "1", "如何申请"]
)
def test_headings_that_say_nothing_are_left_out(heading: str) -> None:
    assert heading_question(heading, "") == ""


def test_what_else_a_heading_names_is_asked_about_as_the_document_speaks_of_it() -> None:
    assert heading_question("未成年人", "隐私政策") == "关于未成年人有什么规定？"
    assert "首次使用" in heading_question("首次使用", "HK-170说明书")


def test_questions_are_told_from_other_headings() -> None:
    assert is_question("二、多久可以退货？")
    assert not is_question("怎么办？")
    assert not is_question("退货政策")


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("客服聊天记录保存180天，到期自动删除。", "客服聊天记录保存多少天？"),
        (
            "自签收之日起15天内出现质量问题，可以免费换新，运费由本店承担。",
            "自签收之日起多少天内出现质量问题，可以免费换新？",
        ),
        ("经营者应当自收到商品起七日内返还货款。", "经营者应当自收到商品起多少日内返还货款？"),
        ("2. 客服在24小时内审核您的申请。", "客服在多少小时内审核我的申请？"),
        ("保温最长持续12小时，之后自动关机。", "保温最长持续多少小时？"),
        ("（四）自收到商品之日起超过十五日未返还货款。", ""),
        ("超过30天的申请我们不再受理。", ""),
        ("处违法所得五倍以上十倍以下的罚款。", ""),
        ("本法自2015年9月1日起施行。", ""),
        (
            "对受到处罚未满三年的自然人，不得聘用其作为代言人，违者罚款。",
            "对受到处罚未满多少年的自然人，不得聘用其作为代言人？",
        ),
    ],
)  # fmt: skip
def test_figures_in_statements_are_asked_for_in_place(sentence: str, question: str) -> None:
    assert number_question(sentence) == question


def test_a_short_question_is_told_with_what_it_is_about() -> None:
    asked = "客服在多少小时内审核？"
    assert in_context(asked, "售后申请", "") == f"关于售后申请，{asked}"
    assert in_context(asked, "如何申请", "退换货政策") == f"关于退换货政策，{asked}"
    assert in_context(asked, "客服审核", "") == asked
    assert in_context(asked, "概述", "notes") == asked


def test_laws_are_called_by_their_short_names() -> None:
    assert is_act("中华人民共和国广告法(2021-04-29)")
    assert act_name("中华人民共和国广告法(2021-04-29)") == "《广告法》"
    assert not is_act("退货说明")


@given(st.text("退货运费多少天内7七，。：第一条 的自起法", max_size=60))
def test_any_text_gives_a_question_or_nothing(text: str) -> None:
    for asked in (heading_question(text, text), number_question(text)):
        assert asked == "" or asked.endswith(("？", "。"))
