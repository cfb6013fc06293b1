from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag_cs.embed import LocalEmbeddings
from rag_cs.errors import ModelError
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
