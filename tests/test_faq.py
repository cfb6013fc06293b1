from __future__ import annotations

import pytest

from rag_cs.faq import match_faq
from rag_cs.statements import answer_span, wordings_of
from rag_cs.types import Hit
from tests.fakes import HashEmbeddings, make_hit


def pair(question: str, answer: str, chinese: bool = False) -> Hit:
    q, a = ("问：", "答：") if chinese else ("Q: ", "A: ")
    return make_hit(f"{q}{question}\n{a}{answer}", kind="faq", question=question)


REPAIR = pair("Do you repair lamps?", "Yes, for twelve euros.")
SHIP = pair("Where do you ship lamps to?", "All of the EU.")


def test_the_same_question_gets_the_merchants_own_words() -> None:
    match = match_faq("do you repair lamps", [SHIP, REPAIR], HashEmbeddings())
    assert match
    assert match.answer == "Yes, for twelve euros."
    assert match.hit.chunk.text[match.start : match.end] == match.answer


WORDED = pair("签收后几天内可以退货？ / 多久能退 / 退货期限是多长", "7天内。", chinese=True)


@pytest.mark.parametrize("question", ["多久能退", "多久能退？", "退货期限是多长!", "多久 能退"])
def test_any_wording_that_the_merchant_gave_is_enough(question: str) -> None:
    match = match_faq(question, [REPAIR, WORDED], HashEmbeddings())
    assert match
    assert (match.answer, match.cosine) == ("7天内。", 1.0)


def test_a_sheet_s_name_may_stand_above_its_first_pair() -> None:
    text = "FAQ\n\nQ: Do you repair lamps? / lamp repair\nA: Yes."
    first = make_hit(text, kind="faq", question="Do you repair lamps?")
    assert wordings_of(first.chunk)[1:] == ["Do you repair lamps?", "lamp repair"]


def test_a_question_may_hold_the_sign_that_parts_wordings() -> None:
    either = pair("Do you take cash / cards?", "Cards.")
    match = match_faq("do you take cash / cards", [either], HashEmbeddings())
    assert match
    assert match.cosine == 1.0


def test_a_wording_of_two_pairs_decides_nothing() -> None:
    other = pair("几天内可以换货？ / 多久能退", "15天内。", chinese=True)
    assert match_faq("多久能退", [WORDED, other], HashEmbeddings()) is None
    assert match_faq("多久能退", [WORDED, WORDED], HashEmbeddings())


def test_what_is_no_question_of_a_pair_is_no_wording() -> None:
    passage = make_hit("Q: Do you repair lamps?\nA: Yes.")
    piece = make_hit("A: Yes.", kind="faq", question="Do you repair lamps?")
    assert wordings_of(passage.chunk) == wordings_of(piece.chunk) == []


def test_an_answer_may_have_lines() -> None:
    hit = pair("怎么退货？", "第一步：申请。\n第二步：寄回。", chinese=True)
    match = match_faq("怎么退货？", [hit], HashEmbeddings())
    assert match
    assert match.answer == "第一步：申请。\n第二步：寄回。"


def test_pairs_in_another_language_do_not_crowd_it_out() -> None:
    others = [pair(f"第{n}盏台灯可以维修吗？", "可以。", chinese=True) for n in range(6)]
    match = match_faq("do you repair lamps", [*others, REPAIR], HashEmbeddings())
    assert match
    assert match.hit == REPAIR


def test_another_question_is_not_answered() -> None:
    assert match_faq("Can lamps explode at night?", [REPAIR, SHIP], HashEmbeddings()) is None


def test_a_passage_that_is_no_pair_is_no_match() -> None:
    assert (
        match_faq("do you repair lamps", [make_hit("do you repair lamps")], HashEmbeddings())
        is None
    )


def test_a_pair_that_answers_as_well_as_another_does_not_win() -> None:
    twin = pair("Do you repair lamps too?", "No.")
    near = [pair("Do you repair lamps there?", "Yes."), twin]
    assert match_faq("Do you repair lamps here?", near, HashEmbeddings()) is None


def test_a_code_in_the_question_must_stand_in_the_pair() -> None:
    hit = pair("Is the lamp HK-170 waterproof?", "Yes.")
    assert match_faq("Is the lamp HK-180 waterproof?", [hit], HashEmbeddings()) is None


def test_the_piece_of_a_pair_that_holds_no_answer() -> None:
    assert answer_span(make_hit("Q: What?\nA: ", question="What?").chunk) is None


def test_the_columns_that_file_a_pair_are_no_answer() -> None:
    hit = pair("怎么退货？", "申请售后即可。\n分类：退换货", chinese=True)
    match = match_faq("怎么退货？", [hit], HashEmbeddings())
    assert match
    assert match.answer == "申请售后即可。"
