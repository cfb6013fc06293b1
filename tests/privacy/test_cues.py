from __future__ import annotations

import pytest

from rag_cs.privacy.cues import is_something_else


@pytest.mark.parametrize(
    "before", ["订单号", "订单编号是：", "我的order ", "tracking number: ", "gift card no. "]
)
def test_what_a_number_is_said_to_be(before: str) -> None:
    assert is_something_else(f"{before}123", len(before))


@pytest.mark.parametrize("before", ["", "电话", "订单没收到，打", "order arrived, call "])
def test_words_further_away_say_nothing(before: str) -> None:
    assert not is_something_else(f"{before}123", len(before))
