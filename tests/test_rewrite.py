from __future__ import annotations

from rag_cs.rewrite import MAX_CHARACTERS, rewrite
from rag_cs.types import Turn


def test_a_first_question_is_searched_as_it_is() -> None:
    assert rewrite("How long?") == ["How long?"]


def test_a_follow_up_is_searched_raw_and_with_what_was_said_latest_first() -> None:
    history = [
        Turn("user", "Can I return a kettle?"),
        Turn("assistant", "Yes, within 7 days."),
        Turn("user", "Is that free?"),
    ]
    assert rewrite("And a lamp?", history) == [
        "And a lamp?",
        "And a lamp? Is that free? Yes, within 7 days. Can I return a kettle?",
    ]


def test_a_long_conversation_loses_its_oldest_turns() -> None:
    history = [Turn("user", f"{number:04d}" * 100) for number in range(20)]
    question, said = rewrite("And a lamp?", history)
    assert question == "And a lamp?"
    assert len(said) == MAX_CHARACTERS
    assert said.startswith("And a lamp? 0019")
