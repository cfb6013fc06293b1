from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.models.token_codes import TokenHead, unpack


def make_head(hidden: int = 12, dimensions: int = 8, seed: int = 0) -> TokenHead:
    random = np.random.default_rng(seed)
    return TokenHead(
        projection=random.standard_normal((hidden, dimensions)).astype(np.float32),
        steps=np.full(dimensions, 0.35, np.float32),
        importance=random.standard_normal(hidden).astype(np.float32),
        bias=0.5,
    )


def states(tokens: int, hidden: int = 12, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((tokens, hidden)).astype(np.float32)


def test_a_token_takes_a_quarter_of_a_byte_a_dimension() -> None:
    assert len(make_head().encode(states(5))) == 5 * 2


@given(st.integers(1, 30), st.integers(0, 100))
def test_codes_are_the_nearest_of_the_four_levels(tokens: int, seed: int) -> None:
    head, rows = make_head(), states(tokens, seed=seed)
    levels = unpack([head.encode(rows)], 8)
    exact = head.project(rows) / head.steps
    distances = np.abs(exact[..., None] - np.array([-1.5, -0.5, 0.5, 1.5]))
    np.testing.assert_allclose(np.abs(exact - levels), distances.min(-1), atol=1e-5)


def test_several_passages_are_unpacked_one_after_another() -> None:
    head = make_head()
    codes = [head.encode(states(3, seed=2)), head.encode(states(4, seed=3))]
    both = unpack(codes, 8)
    np.testing.assert_array_equal(both[:3], unpack(codes[:1], 8))
    np.testing.assert_array_equal(both[3:], unpack(codes[1:], 8))


def test_a_query_multiplied_with_codes_is_near_the_exact_product() -> None:
    head, rows = make_head(), states(40)
    vectors, weights = head.query(rows)
    assert np.isclose(weights.sum(), 1)
    assert (weights > 0).all()
    exact = head.project(rows) @ head.project(rows).T
    coded = vectors @ unpack([head.encode(rows)], 8).T
    assert np.corrcoef(exact.ravel(), coded.ravel())[0, 1] > 0.9


def test_a_head_comes_back_from_its_file(tmp_path: Path) -> None:
    head = make_head()
    head.save(tmp_path / "head.safetensors")
    loaded = TokenHead.load(tmp_path / "head.safetensors")
    rows = states(6)
    np.testing.assert_allclose(loaded.project(rows), head.project(rows), atol=2e-3)
    np.testing.assert_allclose(loaded.weights(rows), head.weights(rows), rtol=1e-2)
