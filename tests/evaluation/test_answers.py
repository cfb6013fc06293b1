from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from rag_cs.assistant import Assistant, Sentence
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.answer_questions import Question
from rag_cs.evaluation.answers import AnswerRecord, Asker, RecordingRetriever, ask, ask_all
from rag_cs.retrieve import Retriever
from rag_cs.types import Answer, Turn
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings, ScriptedChatModel

QUESTION = Question("q", "When can unused goods go back?", "en", "shop", "shop", answerable=True)


def recorded(folder: Path) -> RecordingRetriever:
    index = make_index(
        folder, make_document("r.md", "Unused goods go back within 7 days.", title="Returns")
    )
    return RecordingRetriever(Retriever(index, HashEmbeddings()))


async def test_an_answer_is_recorded_with_what_it_was_made_from(tmp_path: Path) -> None:
    retriever = recorded(tmp_path)
    chat = ScriptedChatModel(reply="Unused goods go back within 7 days.")
    asker = Asker("rag-cs", Assistant(retriever, HashEmbeddings(), chat), retriever)
    seen: list[AnswerRecord] = []
    counted: list[tuple[int, int]] = []
    records = await ask_all(
        asker, [QUESTION] * 2, on_answer=seen.append, progress=lambda *each: counted.append(each)
    )
    assert (seen, counted) == (records, [(1, 2), (2, 2)])
    record = records[0]
    assert record.answered
    assert 0 < record.seconds_to_first_sentence <= record.seconds
    (citation,) = record.citations
    assert (citation.chunk_id, citation.document_id) in record.retrieved
    assert any("Returns" in text and citation.quote in text for text in record.support)


class Scripted:
    """Answers as it is told to, or turns the question away."""

    def __init__(self, *events: Sentence | Answer, error: str = "") -> None:
        self._events = events
        self._error = error

    async def stream(
        self, question: str, history: Sequence[Turn] = (), filters: object = None
    ) -> AsyncGenerator[Sentence | Answer]:
        if self._error:
            raise InvalidInput(self._error)
        for event in self._events:
            yield event


async def test_a_question_that_is_turned_away_counts_as_refused(tmp_path: Path) -> None:
    asker = Asker("x", Scripted(error="too long"), recorded(tmp_path))
    record = await ask(asker, QUESTION)
    assert (record.status, record.error, record.confidence) == ("abstained", "too long", 0.0)


async def test_an_abstention_is_recorded_with_its_confidence(tmp_path: Path) -> None:
    answer = Answer("abstained", "I don't know.", "en", confidence=0.3)
    record = await ask(Asker("x", Scripted(answer), recorded(tmp_path)), QUESTION)
    assert (record.answered, record.confidence) == (False, 0.3)
    assert record.seconds_to_first_sentence == record.seconds


def test_the_recorder_gives_each_chunk_once_and_has_what_the_retriever_has(tmp_path: Path) -> None:
    retriever = recorded(tmp_path)
    retriever.search(["goods"])
    retriever.search(["unused goods"])
    assert len(retriever.take()) == 1
    assert retriever.take() == []
    assert retriever._candidates == 50
