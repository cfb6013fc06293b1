from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.rerank import best_matches
from rag_cs.training import late_interaction
from rag_cs.training.late_interaction import is_held_out, prepare, train
from tests.fakes import WordStates

TOPICS = ["returns", "shipping", "invoice", "warranty", "coupon", "battery", "filter", "payment"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    passages = [(f"p{n}", topic) for n, topic in enumerate(TOPICS * 6)]
    write = {
        "corpus.jsonl": [
            {"_id": name, "title": "", "text": f"Here we say {name} and all about {topic} things."}
            for name, topic in passages
        ],
        "queries.jsonl": [
            {"_id": f"q{name}", "text": f"tell me of {topic} {name}"} for name, topic in passages
        ],
    }
    for file, rows in write.items():
        lines = (json.dumps(row) for row in rows)
        (tmp_path / file).write_text("\n".join(lines), "utf-8")
    qrels = [f"q{name}\t{name}\t1" for name, _ in passages]
    (tmp_path / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *qrels]), "utf-8")
    return tmp_path


def test_the_held_out_half_is_never_learned_from(folder: Path) -> None:
    (material,) = prepare(read_dataset(folder), WordStates())  # type: ignore[arg-type]
    documents = {
        material.documents[position]
        for example in material.examples
        for position in example.positives
    }
    assert documents
    assert not any(is_held_out(document) for document in documents)
    assert any(is_held_out(document) for document in material.documents)


@pytest.mark.slow
def test_training_raises_the_right_passage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_interaction, "EPOCHS", 20)
    embeddings = WordStates()
    head = train([folder], embeddings)  # type: ignore[arg-type]
    assert head.projection.shape == (WordStates.dimensions, late_interaction.DIMENSIONS)
    assert (head.steps > 0).all()
    dataset = read_dataset(folder)
    codes = [head.encode(embeddings._states(passage.text)) for passage in dataset.passages]
    first = 0
    for number, query in enumerate(dataset.queries):
        scores = best_matches(*head.query(embeddings._states(query.text)), codes)
        first += int(scores.argmax()) == number
    assert first > 0.9 * len(dataset.queries)


def test_a_malformed_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"corpus\.jsonl is missing"):
        train([tmp_path], WordStates())  # type: ignore[arg-type]
