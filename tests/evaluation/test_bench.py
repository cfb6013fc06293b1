from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.bench import (
    RandomEmbeddings,
    fill,
    folder_chunks,
    invented_texts,
    joined,
    milliseconds,
    passage_texts,
    phrases,
    repeated,
    seconds_each,
)
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.retrieve import Retriever


def test_random_vectors_have_length_1_and_repeat() -> None:
    embeddings = RandomEmbeddings(16)
    rows = np.array(embeddings.embed_documents(["a", "b", "a"]))
    assert rows.shape == (3, 16)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1])
    assert embeddings.count_tokens(["", "four and more"]) == [1, 4]


def test_texts_are_read_from_plain_and_packed_corpora(tmp_path: Path) -> None:
    rows = [{"_id": "1", "title": "Returns", "text": "7 days"}, {"_id": "2", "text": "运费"}]
    with gzip.open(tmp_path / "corpus_00.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(rows[0]) + "\n")
    (tmp_path / "corpus_01.jsonl").write_text(json.dumps(rows[1]), "utf-8")
    assert passage_texts(tmp_path, 2) == ["Returns\n7 days", "运费"]
    with pytest.raises(InvalidInput, match="has 2 passages; 3 are needed"):
        passage_texts(tmp_path, 3)


def test_invented_words_are_as_uneven_as_a_languages() -> None:
    texts = invented_texts(200)
    assert texts == invented_texts(200)
    words = " ".join(texts).split()
    counts = sorted((words.count(word) for word in set(words)), reverse=True)
    assert counts[0] > 20 * counts[200]


def test_phrases_are_runs_of_words_of_the_texts() -> None:
    texts = ["one two three four five six seven eight nine ten", "no"]
    found = phrases(texts, 10)
    assert len(set(found)) == 10
    assert all(phrase in texts[0] for phrase in found)


def test_a_filled_index_can_be_searched(tmp_path: Path) -> None:
    texts = [f"passage number{number} about shipping" for number in range(130)]
    index = EmbeddedIndex(tmp_path, dimensions=8, embedder=RandomEmbeddings.fingerprint)
    fill(index, texts, RandomEmbeddings(8, token_dimensions=8))
    assert len(index) == 130
    assert len(index.documents()) == 2
    hits = Retriever(index, RandomEmbeddings(8)).search(["number77"])
    assert texts[77] in [hit.chunk.text for hit in hits]
    index.close()


def test_repeated_texts_are_the_first_ones_and_then_changed() -> None:
    texts = [f"one two three four five {number}" for number in range(5)]
    made = repeated(texts, 12)
    assert made[:5] == texts
    assert len(made) == 12
    assert all(len(text.split()) == 6 for text in made)
    assert len(set(made)) > 8


def test_joined_passages_keep_their_offsets() -> None:
    document, chunks = joined("name", ["one\ntwo", "", "three"])
    assert [chunk.text for chunk in chunks] == ["one two", "-", "three"]
    assert all(document.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_chunks_of_a_folder_carry_their_context(tmp_path: Path) -> None:
    (tmp_path / "returns.md").write_text("# Returns\n\nWithin 7 days.\n", "utf-8")
    (text,) = folder_chunks(tmp_path, RandomEmbeddings(8).count_tokens)
    assert "Within 7 days." in text


def test_the_stopwatch_times_every_item() -> None:
    seen: list[int] = []
    seconds = seconds_each(seen.append, [1, 2, 3])
    assert seen == [1, 2, 3]
    assert len(seconds) == 3
    assert milliseconds([0.001, 0.002, 0.009]) == pytest.approx(2)
