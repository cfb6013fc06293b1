from __future__ import annotations

import pytest

from rag_cs.privacy.names import find_names
from tests.privacy.checks import words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我叫张伟，上周下的单", "张伟"), ("我是李娜。", "李娜"), ("收件人：王小明，电话", "王小明"),
        ("收货人欧阳晓峰写错了", "欧阳晓峰"), ("请找赵先生签收", "赵"), ("黄丽女士的订单", "黄丽"),
        ("我姓孙，昨天打过", "孙"), ("我叫阿迪力·买买提，在", "阿迪力·买买提"), ("1801室，许文强收，", "许文强"),
        ("this is Priya from Reading", "Priya"), ("收件人：John Smith", "John Smith"), ("我叫Tom", "Tom"),
        ("My name is John Smith and", "John Smith"), ("my name is anna kowalski, I", "anna kowalski"),
        ("I'm Sarah Connor, we", "Sarah Connor"), ("I am Sofia Hernandez and my", "Sofia Hernandez"),
        ("Mr Jones next door", "Jones"), ("from Mrs. O'Neil.", "O'Neil"), ("Recipient: José Muñoz", "José Muñoz"),
        ("Alan Turing's order", "Alan Turing"), ("Hi, Laura here", "Laura"),
    ],
)  # fmt: skip
def test_names_that_something_announces(text: str, name: str) -> None:
    assert words(find_names, text) == {name}


@pytest.mark.parametrize(
    "text",
    ["我是老客户，有优惠吗", "我是高中生，可以吗", "我是金卡，积分呢", "我是江苏人，包邮吗", "我是温州，", "我叫了快递上门",
     "先生您好，请问能退货吗", "任何女士都可以吗", "联系人怎么修改？", "联系人方式怎么改", "收件人可以不实名吗", "小姐姐在吗",
     "My name is spelled wrong", "My name is not on the list", "I'm Interested in it", "I am Very Happy.",
     "This is Urgent.", "Is Mr Coffee compatible?", "the Ashley Hotel", "Call me a fan!", "I'm from Texas",
     "Name your best price."],
)  # fmt: skip
def test_no_names(text: str) -> None:
    assert words(find_names, text) == set()
