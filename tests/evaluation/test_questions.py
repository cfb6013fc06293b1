from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_cs.evaluation.questions import QUESTIONS_PER_DOCUMENT, make_questions
from rag_cs.types import Document
from tests.builders import make_document

MANUAL = make_document(
    "manual.md",
    "AQ-300/B Air Purifier",
    "Cleaning the filter",
    "Take the filter out every two weeks and vacuum it; never wash it with water or soap.",
    "Error codes",
    "| Code | Meaning | What to do |\n| E2 | The front panel is open | Close the panel |\n"
    "| E4 | The filter is missing | Insert an FL-300 filter |",
    title="AQ-300/B Air Purifier",
)
FAQ = make_document(
    "常见问题.md",
    "问：几天之内可以退货？\n答：自签收之日起7天内，商品未使用、包装齐全的，可以退货。",
    "问：满多少包邮？\n答：单笔订单满199元包邮，不满收取12元运费。",
)


def test_codes_of_a_table_are_looked_up() -> None:
    questions = {each.question: each for each in make_questions([MANUAL])}
    code = next(each for text, each in questions.items() if "E4" in text)
    assert code.kind == "code"
    assert "The filter is missing" in code.quote
    assert "E2" not in code.quote


def test_headings_become_questions() -> None:
    headings = [each for each in make_questions([MANUAL]) if each.kind == "heading"]
    assert any("clean" in each.question.lower() for each in headings)
    assert all(each.question.endswith("?") for each in headings)


def test_faq_questions_are_asked_in_other_words() -> None:
    questions = [each for each in make_questions([FAQ]) if each.kind == "faq"]
    assert len(questions) == 2
    assert all(each.question not in FAQ.text for each in questions)
    assert questions[1].quote == "单笔订单满199元包邮，不满收取12元运费。"


@pytest.mark.parametrize("document", [MANUAL, FAQ])
def test_every_quote_is_a_slice_and_the_same_questions_come_again(document: Document) -> None:
    questions = make_questions([document])
    assert questions == make_questions([document])
    for each in questions:
        assert document.text[each.start : each.end] == each.quote


def test_meaningless_headings_and_boilerplate_are_left_out() -> None:
    body = "This page tells you what the following pages are about and how to read them well."
    pages = [make_document(f"{n}.md", "Introduction", body) for n in range(4)]
    assert make_questions(pages) == []


@settings(max_examples=40)
@given(st.lists(st.text(max_size=200), max_size=6), st.sampled_from(["Returns", "退货政策", ""]))
def test_any_text_is_read_without_a_fuss(paragraphs: list[str], title: str) -> None:
    document = make_document("any.md", *paragraphs, title=title)
    questions = make_questions([document])
    assert len([each for each in questions if each.kind != "faq"]) <= QUESTIONS_PER_DOCUMENT
    assert all(document.text[each.start : each.end] == each.quote for each in questions)
