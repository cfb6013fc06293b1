from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.text import (
    detect_language,
    in_other_language,
    normalise,
    numbers_in,
    search_terms,
    split_sentences,
    tokenise,
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("几天可以退货？", "zh"),
        ("How long do I have?", "en"),
        ("AQ-300/B 保修多久", "zh"),
        ("iPhone 15 的运费", "zh"),
        ("The shop 灯壶 is open daily except on public holidays", "en"),
        ("", "en"),
        ("😀😀", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_width_case_script_and_thousands_are_folded() -> None:
    assert normalise("ＡＱ－３００ 退貨 1,299.00") == "aq-300 退货 1299.00"


@given(st.text())
def test_normalise_is_idempotent(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("query", ["AQ-300/B", "aq300b", "AQ 300 B", "ＡＱ-300/Ｂ"])
def test_a_code_is_found_however_it_is_typed(query: str) -> None:
    assert set(tokenise(query)) & {"aq300b", "aq-300/b"} or {"aq", "300", "b"} <= set(
        tokenise(query)
    )
    assert {"aq-300/b", "aq300b", "aq", "300", "b"} == set(tokenise("AQ-300/B"))


def test_chinese_is_cut_into_words_and_the_words_in_them() -> None:
    assert {"人工", "智能", "人工智能"} <= set(tokenise("人工智能"))
    assert tokenise("退貨政策") == tokenise("退货政策")


def test_decimals_stay_whole_and_possessives_go() -> None:
    assert tokenise("The shop's fee: $12.50") == ("the", "shop", "fee", "12.50")


@given(st.text())
def test_terms_hold_neither_spaces_nor_quotes(text: str) -> None:
    assert all(term and '"' not in term and not term.isspace() for term in tokenise(text))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("退货需在7天内申请。超过不予受理！", ["退货需在7天内申请。", "超过不予受理！"]),
        ("It costs $1.50. No. 5 is free.", ["It costs $1.50.", "No. 5 is free."]),
        ("Open 9 a.m. to 5 p.m. daily. Closed today.",
         ["Open 9 a.m. to 5 p.m. daily.", "Closed today."]),
        ("1. Open it\n2. Close it", ["1. Open it", "2. Close it"]),
        ("他说：“可以。”然后走了。", ["他说：“可以。”", "然后走了。"]),
        ("no end", ["no end"]),
    ],
)  # fmt: skip
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


@given(st.text(alphabet="ab .。!！\n1”A"))
def test_sentences_cover_all_but_white_space(text: str) -> None:
    spans = split_sentences(text)
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@pytest.mark.parametrize(
    "text", ["7天", "七天内", "within seven days", "7 days", "７天", "７.00 元"]
)
def test_one_number_in_many_notations(text: str) -> None:
    assert numbers_in(text) == {"7"}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("￥129.00", {"129"}),
        ("满1,299元", {"1299"}),
        ("十五天", {"15"}),
        ("二十个月", {"20"}),
        ("三百元", {"300"}),
        ("第一章", frozenset()),
        ("one of these", frozenset()),
    ],
)
def test_numbers(text: str, numbers: set[str]) -> None:
    assert numbers_in(text) == numbers


def test_search_terms_forget_english_endings_and_keep_codes() -> None:
    assert search_terms("Returned returns, returning") == ("return",) * 3
    assert search_terms("AQ-300/B 退货") == tokenise("AQ-300/B 退货")


def test_a_run_of_full_stops_takes_no_longer_than_words() -> None:
    text = "." * 1_000_000 + "x"  # once this took a million million steps
    assert split_sentences(text) == [(0, len(text))]
    assert split_sentences("Well...  so. Yes.") == [(0, 7), (9, 12), (13, 17)]


@pytest.mark.parametrize(
    ("text", "other"),
    [("How long?", True), ("多久", False), ("AQ-300 | 1299", False), ("", False)],
)
def test_a_text_without_words_is_in_no_other_language(text: str, *, other: bool) -> None:
    assert in_other_language(text, "zh") is other
