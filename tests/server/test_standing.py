from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from rag_cs.assistant import Sentence
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.server.schemas import AnswerBody
from rag_cs.server.standing import standing, standing_whole
from rag_cs.types import Answer, Citation
from tests.builders import make_document, make_index

RETURNS = make_document("returns.md", "Within 7 days.")
LAMPS = make_document("lamps.md", "Lamps are blue.")
KEPT, GONE = (
    Citation(each.id, "", "", None, 0, 5, each.text[:5], each.text, each.sha256)
    for each in (RETURNS, LAMPS)
)
ANSWER = Answer("answered", f"{RETURNS.text} {LAMPS.text}", "en", (KEPT, GONE), 0.8)


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    return make_index(tmp_path, RETURNS, LAMPS)


def test_what_stands_is_kept_of_an_answer(index: EmbeddedIndex) -> None:
    body = AnswerBody.of(ANSWER, "c")
    assert standing_whole(index, ANSWER) is ANSWER
    assert standing_whole(index, body) is body
    index.delete(LAMPS.id)
    answer, body = standing_whole(index, ANSWER), standing_whole(index, body)
    assert (answer.status, answer.text) == ("answered", RETURNS.text)
    assert (answer.citations, answer.confidence) == ((KEPT,), 0.8)
    assert (body.status, body.answer, body.conversation_id) == ("answered", RETURNS.text, "c")
    assert [each.document_id for each in body.citations] == [RETURNS.id]
    index.delete(RETURNS.id)
    assert standing_whole(index, answer).status == "abstained"
    assert standing_whole(index, body).citations == []
    assert "7 days" not in standing_whole(index, body).answer


async def test_a_sentence_that_waited_too_long_doesn_t_leave(index: EmbeddedIndex) -> None:
    closed = []

    async def events() -> AsyncGenerator[Sentence | Answer]:
        try:
            yield Sentence(RETURNS.text, KEPT)
            index.delete(LAMPS.id)
            yield Sentence(LAMPS.text, GONE)
            yield ANSWER
        finally:
            closed.append(True)

    left = [event async for event in standing(index, events())]
    assert [type(event) for event in left] == [Sentence, Answer]
    assert isinstance(left[1], Answer)
    assert left[1].text == RETURNS.text
    stream = standing(index, events())
    await anext(stream)
    await stream.aclose()
    assert closed == [True, True]
