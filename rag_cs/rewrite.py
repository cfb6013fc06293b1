"""A question and the conversation before it -> the queries to retrieve with."""

from __future__ import annotations

from collections.abc import Sequence

from rag_cs.types import Turn

# Earlier questions that go in front of a follow-up. The raw question is always a query too,
# so a conversation that wandered off can't lose what the question alone would find.
EARLIER_QUESTIONS = 2


def rewrite(question: str, history: Sequence[Turn] = ()) -> list[str]:
    """The raw question, then, in a conversation, the question with those asked before it."""
    earlier = [turn.text for turn in history if turn.role == "user"][-EARLIER_QUESTIONS:]
    return [question, " ".join([*earlier, question])] if earlier else [question]
