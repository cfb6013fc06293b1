"""A question and the conversation before it -> the wordings to retrieve with."""

from __future__ import annotations

from collections.abc import Sequence

from rag_cs.stages import stage
from rag_cs.types import Turn

# Characters of question and conversation together: what the embedder reads of a query.
MAX_CHARACTERS = 1_500


@stage("rewrite")
def rewrite(question: str, history: Sequence[Turn] = ()) -> list[str]:
    """The raw question, then, in a conversation, the question with what was said before it, the
    latest first, so that what is cut is the oldest.

    Both sides of the conversation count: what the assistant said names the document that the
    shopper asks on about. Retrieval weighs both wordings alike, so a conversation that
    wandered off can't lose what the question alone would find. See the log, "Conversations".
    """
    if not history:
        return [question]
    said = " ".join([question, *(turn.text for turn in reversed(history))])
    return [question, said[: max(MAX_CHARACTERS, len(question))]]
