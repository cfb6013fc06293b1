from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.models.e5 import convert_e5, dequantise_q4_0

blocks = st.lists(
    st.tuples(st.floats(-4, 4, width=16), st.lists(st.integers(-8, 7), min_size=32, max_size=32)),
    min_size=1,
    max_size=5,
)


def packed(scale: float, weights: list[int]) -> bytes:
    halves = [
        (low + 8) | (high + 8) << 4 for low, high in zip(weights[:16], weights[16:], strict=True)
    ]
    return struct.pack("<e16B", scale, *halves)


@given(blocks)
def test_blocks_unpack_to_what_was_packed(blocks: list[tuple[float, list[int]]]) -> None:
    data = b"".join(packed(scale, weights) for scale, weights in blocks)
    expected = [np.float32(scale) * weight for scale, weights in blocks for weight in weights]
    assert dequantise_q4_0(data, 32 * len(blocks)).tolist() == expected


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"GGUF and more")
    with pytest.raises(ValueError, match="not a packed e5 model"):
        convert_e5(tmp_path / "x.bin", tmp_path, lambda done, total: None)
