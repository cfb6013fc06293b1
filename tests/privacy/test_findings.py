from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.privacy.findings import fold


@given(st.text())
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("１３８（ａ＠", "138(a@"),
        ("一三八零零一三八零零零", "13800138000"),
        ("幺三八〇〇一三八〇〇〇。", "13800138000。"),
        ("一三五号", "一三五号"),
        ("٣𝟑", "33"),
    ],
)
def test_what_is_folded(text: str, folded: str) -> None:
    assert fold(text) == folded
