from __future__ import annotations

import pytest

from rag_cs.statements import repeats, says_nothing, statements, statements_of
from tests.fakes import make_hit


def test_of_a_faq_pair_only_the_answer_states_something() -> None:
    text = "问：保修多久？\n保修几年？\n答：两年。坏了可换。"
    assert [text[start:end] for start, end in statements(text)] == ["两年。", "坏了可换。"]


def test_headings_and_questions_state_nothing() -> None:
    chunk = make_hit("# Lamps\nDo they hum?\nThey hum.", heading_path=("Lamps",)).chunk
    assert [chunk.text[start:end] for start, end in statements_of(chunk)] == ["They hum."]


def test_what_files_a_pair_away_states_nothing() -> None:
    text = "问：保修多久？\n答：两年。\n坏了可换。\n分类：售后"
    chunk = make_hit(text, question="保修多久？").chunk
    assert [text[slice(*each)] for each in statements_of(chunk)] == ["两年。", "坏了可换。"]
    rest = make_hit("坏了可换。\n分类：售后", question="保修多久？").chunk
    assert [rest.text[slice(*each)] for each in statements_of(rest)] == ["坏了可换。"]


@pytest.mark.parametrize(
    ("sentence", "question", "same"),
    [
        ("The lamp hums.", "Does the lamp hum?", True),
        ("The lamp hums at night.", "Does the lamp hum?", False),
        ("运费由本店承担。", "运费由本店承担吗？", True),
        ("保修两年。", "保修多久？", False),
        # "用" is a word of its own in one of the two only
        ("用小苏打糊去除污渍。", "那用小苏打糊去除污渍的时候怎么操作？", True),
        ("……", "保修多久？", True),
    ],
)
def test_a_sentence_of_the_question_s_words_says_no_more(
    sentence: str, question: str, *, same: bool
) -> None:
    assert repeats(sentence, question) is same


@pytest.mark.parametrize(
    ("sentence", "question", "nothing"),
    [
        ("运费由本店承担。", "运费由本店承担吗？", False),
        ("运费由本店承担。", "为什么运费由本店承担？", True),
        ("The HK-170 is cheaper.", "Which is cheaper, the HK-170 or the HK-120?", False),
        ("The lamp hums.", "Why does the lamp hum?", True),
        ("The lamp hums.", "Does the lamp hum?", False),
    ],
)
def test_what_a_question_takes_for_granted_is_no_answer_to_it(
    sentence: str, question: str, *, nothing: bool
) -> None:
    assert says_nothing(sentence, question) is nothing
