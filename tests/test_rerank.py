from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs import rerank
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.rerank import (
    CrossEncoderReranker,
    LateInteraction,
    SentenceReader,
    TokenEncoder,
    best_matches,
)
from rag_cs.retrieve import Retriever
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings, TokenHashEmbeddings

DOCUMENTS = [
    make_document("returns.md", "Unused goods can be returned within 7 days."),
    make_document("shipping.md", "Standard shipping costs 49 yuan."),
    make_document("lamp.md", "The lamp has a warranty of two years."),
]


def all_numbers(index: EmbeddedIndex) -> np.ndarray:
    return index.search_dense(np.ones(HashEmbeddings().dimensions, np.float32), 10).numbers


def test_the_passage_with_the_querys_words_scores_highest(tmp_path: Path) -> None:
    encoder = TokenHashEmbeddings()
    index = make_index(tmp_path, *DOCUMENTS, embeddings=encoder)
    numbers = all_numbers(index)
    scores = LateInteraction(encoder).scores("lamp warranty", numbers, index)
    assert scores is not None
    best = int(numbers[scores.argmax()])
    assert index.chunks([best])[best].title == "lamp.md"


def test_chunks_stored_without_token_codes_are_left_to_the_two_halves(tmp_path: Path) -> None:
    encoder = TokenHashEmbeddings()
    index = make_index(tmp_path, *DOCUMENTS)
    assert LateInteraction(encoder).scores("lamp", all_numbers(index), index) is None
    hits = Retriever(index, encoder, LateInteraction(encoder)).search(["lamp warranty"])
    assert hits[0].chunk.title == "lamp.md"


def test_token_codes_leave_with_their_document(tmp_path: Path) -> None:
    index = make_index(tmp_path, *DOCUMENTS, embeddings=TokenHashEmbeddings())
    numbers = all_numbers(index)
    assert set(index.token_codes(numbers)) == set(numbers.tolist())
    index.delete(DOCUMENTS[0].id)
    assert len(index.token_codes(numbers)) == 2


def test_an_embedder_without_token_vectors_is_told_apart() -> None:
    assert isinstance(TokenHashEmbeddings(), TokenEncoder)
    assert not isinstance(HashEmbeddings(), TokenEncoder)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 5))
def test_best_matches_agree_with_a_loop(lengths: list[int], query_tokens: int) -> None:
    random = np.random.default_rng(len(lengths))
    codes = [random.integers(0, 256, 2 * length, np.uint8).tobytes() for length in lengths]
    vectors = random.standard_normal((query_tokens, 8)).astype(np.float32)
    weights = random.random(query_tokens).astype(np.float32)
    expected = []
    for code in codes:
        quads = [byte >> shift & 3 for byte in code for shift in (0, 2, 4, 6)]
        passage = np.array(quads, np.float32).reshape(-1, 8) - 1.5
        expected.append((weights * (vectors @ passage.T).max(axis=1)).sum())
    np.testing.assert_allclose(best_matches(vectors, weights, codes), expected, rtol=1e-4)


class Counting(TokenHashEmbeddings):
    """Notes which texts it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[str]] = []

    def passages(self, texts: list[str]) -> tuple[np.ndarray, list[bytes]]:
        self.seen.append(texts)
        return super().passages(texts)


def test_a_sentence_that_was_read_before_is_not_encoded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = Counting()
    reader = SentenceReader(encoder)
    first = reader.read("lamp warranty", ["Lamps hum. They last.", "Lamps hum."])
    assert encoder.seen == [["Lamps hum.", "They last."]]
    assert reader.read("lamp warranty", ["Lamps hum. They last.", "Lamps hum."]) == first
    assert len(encoder.seen) == 1
    monkeypatch.setattr(rerank, "MOST_KEPT", 1)
    reader.read("lamp", ["They last."])
    reader.read("lamp", ["Lamps hum."])
    assert encoder.seen[1:] == [["Lamps hum."]]


def test_the_last_line_of_a_long_list_is_read_too() -> None:
    lines = [f"Part {number} costs {number} yuan." for number in range(20)]
    text = "\n".join([*lines, "The lamp has a warranty of two years."])
    (reading,) = SentenceReader(TokenHashEmbeddings()).read("lamp warranty", [text])
    start, end, _ = max(reading.tokens, key=lambda each: each[2])
    assert text[start:end] == "The lamp has a warranty of two years."


class ByLength:
    """A cross-encoder that likes long passages."""

    def predict(self, pairs: list[tuple[str, str]]) -> np.ndarray:
        return np.array([len(text) for _, text in pairs], np.float32)


@pytest.mark.parametrize("most", [1, 3])
def test_a_cross_encoder_reads_the_first_and_ranks_the_rest_last(tmp_path: Path, most: int) -> None:
    index = make_index(tmp_path, *DOCUMENTS)
    numbers = all_numbers(index)
    reranker = CrossEncoderReranker(ByLength(), most)  # type: ignore[arg-type]
    scores = reranker.scores("lamp", numbers, index)
    read = index.chunks(numbers.tolist())
    lengths = [len(read[number].embedded_text) for number in numbers.tolist()]
    expected = lengths[:most] + [min(lengths[:most])] * (len(lengths) - most)
    assert scores.tolist() == expected
