from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query, to_document
from rag_cs.retrieve import Retriever
from rag_cs.training import answer_pairs
from rag_cs.training.answer_pairs import (
    Corpus,
    group_of,
    is_for_calibration,
    is_for_training,
    literal_spans,
    make_pairs,
)
from rag_cs.training.late_interaction import is_held_out
from tests.builders import make_index
from tests.fakes import HashEmbeddings

# Names that `is_for_training` gives to the half that is learned from.
LEARNED = [name for name in (f"p{n}" for n in range(200)) if is_for_training(name)]
HELD_OUT = next(name for name in (f"p{n}" for n in range(200)) if is_held_out(name))


def corpus(folder: Path, dataset: Dataset) -> Corpus:
    index = make_index(folder, *(to_document(passage) for passage in dataset.passages))
    return Corpus(dataset, Retriever(index, HashEmbeddings()))


@pytest.fixture
def shop(tmp_path: Path) -> Corpus:
    first, second = LEARNED[:2]
    passages = (
        Passage(first, "", "The filter is washed weekly. It lasts two years."),
        Passage(second, "", "The lamp is dimmed with the wheel. It has a switch."),
        Passage(HELD_OUT, "", "The secret box opens at noon. Knock twice."),
    )
    queries = (
        Query("q1", "How long does the filter last?"),
        Query("q2", "How does the secret box open?"),
        Query("q3", "Who invented the lamp?", metadata={"context_id": second}),
    )
    relevant = {"q1": {first: 1}, "q2": {HELD_OUT: 1}}
    expected = {
        "q1": ExpectedAnswer(("two years",), answerable=True),
        "q2": ExpectedAnswer(("at noon",), answerable=True),
        "q3": ExpectedAnswer((), answerable=False),
    }
    return corpus(tmp_path / "shop", Dataset("shop", passages, queries, relevant, expected))


def test_every_passage_has_one_use() -> None:
    names = [f"p{n}" for n in range(2_000)]
    uses = [(is_held_out(n), is_for_calibration(n), is_for_training(n)) for n in names]
    assert all(sum(use) == 1 for use in uses)
    assert 100 < sum(use[1] for use in uses) < 250


def test_held_out_questions_are_never_learned_from(shop: Corpus) -> None:
    assert {pair.question for pair in make_pairs([shop])} == {
        "How long does the filter last?",
        "Who invented the lamp?",
    }


def test_the_passage_that_answers_is_marked_where_it_does(shop: Corpus) -> None:
    (pair,) = [pair for pair in make_pairs([shop]) if pair.answers]
    assert pair.spans
    assert [pair.passage[start:end] for start, end in pair.spans] == ["two years"]


def test_an_unanswerable_question_meets_the_passage_it_was_asked_of(shop: Corpus) -> None:
    pairs = [pair for pair in make_pairs([shop]) if pair.question == "Who invented the lamp?"]
    assert pairs
    assert not any(pair.answers for pair in pairs)
    assert any("dimmed" in pair.passage for pair in pairs)


def test_the_answer_is_also_cut_out(shop: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_pairs, "CUT_SHARE", 1.0)
    cut = [pair for pair in make_pairs([shop]) if pair.passage == "The filter is washed weekly."]
    assert [pair.answers for pair in cut] == [False]


def test_questions_are_asked_of_another_corpus(
    shop: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_pairs, "FOREIGN_SHARE", 1.0)
    other = corpus(
        tmp_path / "other",
        Dataset("other", (Passage("x", "", "退货需要七天，邮费自理。"),), (), {}),
    )
    foreign = [pair for pair in make_pairs([shop, other]) if "退货" in pair.passage]
    assert len(foreign) == 2
    assert not any(pair.answers for pair in foreign)


def test_a_product_decides_the_half_of_its_questions() -> None:
    query = Query("q", "?", metadata={"product_id": "lamp"})
    dataset = Dataset("d", (), (query,), {"q": {"p1": 1}})
    assert group_of(query, dataset) == ["lamp"]


def test_the_longest_literal_answer_counts() -> None:
    assert literal_spans("Open in the 10th century.", ["10th", "the 10th century"]) == ((8, 24),)
    assert literal_spans("Nothing here.", ["10th", ""]) == ()


def test_sampling_is_the_same_for_a_seed(shop: Corpus) -> None:
    state = random.getstate()
    assert make_pairs([shop], seed=3) == make_pairs([shop], seed=3)
    assert random.getstate() == state
