from __future__ import annotations

from rag_cs.rewrite import rewrite
from rag_cs.types import Turn


def test_a_first_question_is_searched_as_it_is() -> None:
    assert rewrite("How long?") == ["How long?"]


def test_a_follow_up_is_searched_raw_and_with_what_was_asked_before() -> None:
    history = [
        Turn("user", "Oldest"),
        Turn("user", "Can I return a kettle?"),
        Turn("assistant", "Yes, within 7 days."),
        Turn("user", "Is that free?"),
    ]
    queries = rewrite("And a lamp?", history)
    assert queries == ["And a lamp?", "Can I return a kettle? Is that free? And a lamp?"]
