from __future__ import annotations

import numpy as np
import pytest

from rag_cs.crossing import QUESTIONS, Crossing
from rag_cs.embed import LocalEmbeddings
from rag_cs.text import detect_language
from rag_cs.weights import default_cache, resolve
from tests.fakes import LeaningEmbeddings

ENGLISH = ["Unused goods can be returned within 7 days.", "Lamps weigh 2 kg.", "Filters are white."]
CHINESE = ["自签收之日起7天内可以无理由退货。", "台灯重2公斤。", "滤网是白色的。"]
NEITHER = ["| AQ-300 | 1299 |", "E4 | 12 | 5 kg"]


class Counting(LeaningEmbeddings):
    asked = 0

    def embed_query(self, text: str) -> list[float]:
        self.asked += 1
        return super().embed_query(text)


@pytest.mark.parametrize("place", [0, 1])
def test_each_question_stands_in_both_languages(place: int) -> None:
    assert {detect_language(pair[place]) for pair in QUESTIONS} == {("en", "zh")[place]}
    assert len({pair[place] for pair in QUESTIONS}) == len(QUESTIONS)


def test_the_step_tells_the_other_language_from_the_own_one() -> None:
    embeddings = LeaningEmbeddings()
    crossing = Crossing(embeddings)
    english, chinese = (np.array(embeddings.embed_documents(each)) for each in (ENGLISH, CHINESE))
    there, back = crossing.step("how heavy are lamps"), crossing.step("台灯有多重")
    assert (chinese @ there.vector >= there.least).all()
    assert (english @ there.vector < there.least).all()
    assert (english @ back.vector >= back.least).all()
    assert (chinese @ back.vector < back.least).all()


def test_the_questions_are_embedded_once() -> None:
    embeddings = Counting()
    crossing = Crossing(embeddings)
    assert embeddings.asked == 0
    crossing.step("lamps")
    asked = embeddings.asked
    assert asked >= 2 * len(QUESTIONS)
    crossing.step("台灯")
    assert embeddings.asked == asked


@pytest.mark.models
@pytest.mark.filterwarnings("default")
def test_a_question_crosses_to_the_passage_that_answers_it() -> None:
    embeddings = LocalEmbeddings(resolve("multilingual-e5-small", cache=default_cache()))
    crossing = Crossing(embeddings)
    passages = [*ENGLISH, *CHINESE, *NEITHER]
    vectors = np.array(embeddings.embed_documents(passages), np.float32)
    for query, right, across in (
        ("Can I send it back if I don't like it?", CHINESE[0], CHINESE),
        ("灯有多重", ENGLISH[1], ENGLISH),
    ):
        vector = np.array(embeddings.embed_query(query), np.float32)
        step = crossing.step(query)
        is_across = vectors @ step.vector >= step.least
        assert [each for each, so in zip(passages, is_across, strict=True) if so] == across
        products = np.where(is_across, vectors @ (vector + step.vector), -1)
        assert passages[int(products.argmax())] == right
