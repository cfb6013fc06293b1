from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rag_cs.embed import Sentences
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import Dataset, ExpectedAnswer, Passage, Query, to_document
from rag_cs.models.token_codes import TokenHead
from rag_cs.rerank import SentenceReader, best_matches
from rag_cs.retrieve import Retriever
from rag_cs.training import sentence_head
from rag_cs.training.answer_pairs import Corpus, is_for_training
from rag_cs.training.late_interaction import HeadModel, to_head
from rag_cs.training.sentence_head import prepare, scores_of, train
from tests.builders import make_index
from tests.fakes import HashEmbeddings, WordStates

LEARNED = [name for name in (f"p{n}" for n in range(400)) if is_for_training(name)][:12]
OTHER = next(name for name in (f"p{n}" for n in range(400)) if not is_for_training(name))
# Question and answer share the product's name, as every sentence does, and no other word.
ASKED = {
    "How expensive is {}?": "{} costs little money.",
    "How heavy is {}?": "{} weighs three kilos.",
    "Who made {}?": "{} comes from Kumo.",
}


@pytest.fixture
def shop(tmp_path: Path) -> Corpus:
    texts = [" ".join(each.format(name) for each in ASKED.values()) for name in [*LEARNED, OTHER]]
    names = [*LEARNED, OTHER]
    passages = tuple(Passage(name, "", text) for name, text in zip(names, texts, strict=True))
    queries, relevant, expected = [], {}, {}
    for name in names:
        for number, (question, answer) in enumerate(ASKED.items()):
            query = Query(f"{name}-{number}", question.format(name))
            queries.append(query)
            relevant[query.id] = {name: 1}
            expected[query.id] = ExpectedAnswer((answer.format(name),), answerable=True)
    dataset = Dataset("shop", passages, tuple(queries), relevant, expected)
    index = make_index(tmp_path, *(to_document(passage) for passage in passages))
    return Corpus(dataset, Retriever(index, HashEmbeddings()))


def a_head() -> TokenHead:
    random = np.random.default_rng(0)
    return TokenHead(
        projection=random.standard_normal((WordStates.dimensions, 32)).astype(np.float32) / 8,
        steps=np.ones(32, np.float32),
        importance=np.zeros(WordStates.dimensions, np.float32),
        bias=1.0,
    )


def test_only_questions_that_may_be_learned_from_are_prepared(shop: Corpus) -> None:
    material = prepare(shop, WordStates())  # type: ignore[arg-type]
    assert len(material.questions) == len(LEARNED) * len(ASKED)
    assert not any(OTHER in asked.text for asked in material.questions)
    for asked in material.questions:
        assert (asked.labels == 1).sum() == 1
        assert len(asked.labels) == len(asked.worth) == len(asked.sentences)
    # A sentence is kept once, though several questions find it.
    assert len(material.sentences) == len(material.vectors) <= len(ASKED) * (len(LEARNED) + 1)


def test_what_is_learned_by_is_what_the_reader_says(shop: Corpus) -> None:
    words = WordStates()
    material = prepare(shop, words)  # type: ignore[arg-type]
    model = HeadModel(torch.from_numpy(a_head().projection))
    head = to_head(model, [material.sentences])
    reader = SentenceReader(Sentences(words, head))  # type: ignore[arg-type]
    asked = material.questions[0]
    rows = np.arange(len(ASKED))  # the sentences of the first hit
    with torch.no_grad():
        learned = scores_of(model, material, asked, rows).numpy() - asked.worth[rows]
    (hit, *_) = shop.retriever.search([asked.text], 1)
    (reading,) = reader.read(asked.text, [hit.chunk.embedded_text])
    read = [score for start, end, score in reading.tokens if end - start > len("p123.")]
    # The reader's tokens are two bits a dimension.
    np.testing.assert_allclose(read, learned, atol=0.15)


def test_without_a_question_to_learn_from_it_says_so(shop: Corpus) -> None:
    nothing = replace(shop, dataset=replace(shop.dataset, relevant={}))
    with pytest.raises(InvalidInput, match="No question may be learned from"):
        train([nothing], WordStates(), a_head())  # type: ignore[arg-type]


def first_right(head: TokenHead, shop: Corpus) -> float:
    states = WordStates()._states
    right = 0
    for question, answer in ASKED.items():
        for name in LEARNED:
            codes = [head.encode(states(each.format(name))) for each in ASKED.values()]
            scores = best_matches(*head.query(states(question.format(name))), codes)
            right += list(ASKED.values())[int(scores.argmax())] == answer
    return right / len(ASKED) / len(LEARNED)


@pytest.mark.slow
def test_training_raises_the_sentence_that_answers(
    shop: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentence_head, "STEPS", 200)
    head = train([shop], WordStates(), a_head())  # type: ignore[arg-type]
    assert (head.steps > 0).all()
    assert first_right(head, shop) > 0.8 > 0.5 > first_right(a_head(), shop)
