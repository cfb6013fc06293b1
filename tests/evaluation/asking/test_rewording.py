from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.asking.rewording import reword
from rag_cs.text import normalise

# The kinds of change in their order: the first turn tries synonyms, the last traditional.
SYNONYMS, ORDER, KEYWORDS, POLITE, TYPO, TRADITIONAL = range(6)


@pytest.mark.parametrize(
    ("question", "turn", "change", "wording"),
    [
        ("Can I cancel my order?", SYNONYMS, "synonyms", "Can I call off my purchase?"),
        ("Is this an order?", SYNONYMS, "synonyms", "Is this a purchase?"),
        ("Can I cancel my order?", ORDER, "order", "Is it possible to cancel my order?"),
        ("How loud is the kettle?", ORDER, "order", "I'd like to know how loud the kettle is."),
        ("Can I cancel my order?", KEYWORDS, "keywords", "cancel order"),
        ("May I pay later?", POLITE, "polite", "Sorry to bother you, but may I pay later?"),
        ("Can I cancel my order?", TYPO, "typo", "Can I cacnel my order?"),
        ("怎么开电子发票？", ORDER, "order", "电子发票怎么开？"),
        ("积分怎么用？", ORDER, "order", "怎么用积分？"),
        ("退货的运费谁出？", ORDER, "order", "谁出退货的运费？"),
        ("退货的运费谁出？", KEYWORDS, "keywords", "退货运费谁出"),
        ("可以退货吗？", SYNONYMS, "synonyms", "能把东西退掉吗？"),
        ("优惠券过期了怎么办？", TYPO, "typo", "优惠卷过期了怎么办？"),
        ("可以送到香港吗？", TRADITIONAL, "traditional", "可以送到香港嗎？"),
    ],
)  # fmt: skip
def test_each_kind_of_change(question: str, turn: int, change: str, wording: str) -> None:
    assert reword(question, turn) == (change, wording)


def test_a_change_that_does_not_fit_gives_way_to_the_next() -> None:
    assert reword("几点上班？", ORDER)[0] == "polite"
    assert reword("Why?", TYPO) == ("polite", "Hi, why?")


@given(st.sampled_from(["可以退货吗？", "Where is my parcel?"]), st.integers(0, 50))
def test_no_wording_is_the_merchants_own(question: str, turn: int) -> None:
    change, wording = reword(question, turn)
    assert change
    assert wording != question
    if change == "traditional":
        assert normalise(wording) == normalise(question)


@given(st.text(max_size=80), st.integers(0, 20))
def test_any_text_is_reworded_or_left_out(question: str, turn: int) -> None:
    change, wording = reword(question, turn)
    assert bool(change) == bool(wording)
