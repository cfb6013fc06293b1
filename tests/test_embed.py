from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag_cs.embed import LocalEmbeddings
from rag_cs.errors import ModelError
from rag_cs.rerank import best_matches
from rag_cs.weights import default_cache, resolve

TEXTS = ["退货政策：七天无理由退换货。", "How long is the warranty?", "word " * 900]


def test_a_folder_without_a_model_gets_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be loaded"):
        LocalEmbeddings(tmp_path, "openvino")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multilingual-e5-small", "all-minilm-l6-v2"])
@pytest.mark.filterwarnings("default")
def test_openvino_agrees_with_torch(name: str) -> None:
    folder = resolve(name, cache=default_cache())
    ours, plain = LocalEmbeddings(folder, "openvino"), LocalEmbeddings(folder, "torch")
    for embed in (LocalEmbeddings.embed_documents, lambda e, t: [e.embed_query(x) for x in t]):
        cosines = (np.array(embed(ours, TEXTS)) * np.array(embed(plain, TEXTS))).sum(axis=1)
        assert cosines.min() > 0.999
    assert ours.count_tokens(TEXTS) == plain.count_tokens(TEXTS)
    assert ours.count_tokens(TEXTS)[2] >= 900
    assert (ours.dimensions, ours.fingerprint) == (384, plain.fingerprint)
    assert np.allclose(np.linalg.norm(ours.embed_documents(TEXTS), axis=1), 1, atol=1e-3)


@pytest.mark.models
@pytest.mark.filterwarnings("default")
def test_one_pass_gives_the_same_vectors_and_the_tokens_codes() -> None:
    embeddings = LocalEmbeddings(resolve("multilingual-e5-small", cache=default_cache()))
    vectors, codes = embeddings.passages(TEXTS)
    assert (vectors * np.array(embeddings.embed_documents(TEXTS))).sum(axis=1).min() > 0.999
    bytes_each = embeddings.token_dimensions // 4
    counts = embeddings.count_tokens(TEXTS)[:2]
    assert [len(code) // bytes_each for code in codes[:2]] == counts
    prompt_and_ends = 5
    assert len(codes[2]) // bytes_each >= embeddings.max_tokens - prompt_and_ends


@pytest.mark.models
@pytest.mark.filterwarnings("default")
def test_a_querys_tokens_match_the_passage_that_answers() -> None:
    embeddings = LocalEmbeddings(resolve("multilingual-e5-small", cache=default_cache()))
    passages = ["保修期为两年，自签收之日起计算。", "满199元包邮。", "The lamp weighs 2 kg."]
    _, codes = embeddings.passages(passages)
    for query, right in (("质保多久", 0), ("要多少钱才包邮？", 1), ("how heavy is the lamp", 2)):
        scores = best_matches(*embeddings.query_tokens(query), codes)
        assert int(scores.argmax()) == right


@pytest.mark.models
@pytest.mark.filterwarnings("default")
def test_the_sentences_head_finds_the_one_that_answers() -> None:
    embeddings = LocalEmbeddings(resolve("multilingual-e5-small", cache=default_cache()))
    sentences = embeddings.for_sentences()
    assert sentences is not None
    texts = [
        "退货须在七天内寄出。",
        "退款三个工作日内到账。",
        "Lids are sold apart.",
        "The lid fits all pots.",
    ]
    vectors, codes = sentences.passages(texts)
    assert vectors.shape == (len(texts), embeddings.dimensions)
    for query, right in (("退了以后多久能收到钱？", 1), ("can i buy just a lid", 2)):
        scores = best_matches(*sentences.query_tokens(query), codes)
        assert int(scores.argmax()) == right
    # What an index holds is not comparable with it.
    assert codes != embeddings.passages(texts)[1]


@pytest.mark.models
@pytest.mark.filterwarnings("default")
def test_another_model_has_no_head_for_sentences() -> None:
    embeddings = LocalEmbeddings(resolve("all-minilm-l6-v2", cache=default_cache()))
    assert embeddings.for_sentences() is None
