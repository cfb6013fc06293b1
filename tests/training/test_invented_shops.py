from __future__ import annotations

from collections import Counter
from pathlib import Path

from rag_cs.evaluation.datasets import read_dataset
from rag_cs.training.answer_pairs import PRODUCT, is_for_calibration, is_for_training
from rag_cs.training.late_interaction import is_held_out

FOLDER = Path(__file__).parents[2] / "scripts" / "data" / "invented_shops"


def test_every_answer_stands_in_its_own_shops_document() -> None:
    dataset = read_dataset(FOLDER)
    passages = {passage.id: passage for passage in dataset.passages}
    for query in dataset.queries:
        expected = dataset.expected[query.id]
        assert expected.answerable == bool(expected.answers) == (query.id in dataset.relevant)
        for passage in map(passages.__getitem__, dataset.relevant.get(query.id, ())):
            assert passage.metadata[PRODUCT] == query.metadata[PRODUCT]
            assert all(answer in passage.text for answer in expected.answers), query


def test_most_shops_may_be_learned_from() -> None:
    shops = {passage.metadata[PRODUCT] for passage in read_dataset(FOLDER).passages}
    parts = Counter(
        (is_for_training(shop), is_for_calibration(shop), is_held_out(shop)) for shop in shops
    )
    assert parts[False, True, False] == parts[False, False, True] == 4
    assert parts[True, False, False] == len(shops) - 8
