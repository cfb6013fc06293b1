from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from rag_cs.models.adapter import Change, gguf_name, load_changes, save_changes
from rag_cs.models.gguf import requantise

QUERY = "model.layers.0.self_attn.q_proj"


def change(seed: int = 0, rows: int = 64, columns: int = 32) -> Change:
    chance = np.random.default_rng(seed)
    return Change(
        chance.normal(size=(rows, 4)).astype(np.float32),
        chance.normal(size=(4, columns)).astype(np.float32),
    )


def weights(path: Path) -> dict[str, np.ndarray]:
    return {
        tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type)
        for tensor in gguf.GGUFReader(path).tensors
    }


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file with two matrices, one in five bits and one in floats."""
    path = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_block_count(1)
    values = np.random.default_rng(1).normal(size=(64, 32)).astype(np.float32)
    kind = gguf.GGMLQuantizationType.Q5_0
    writer.add_tensor("blk.0.ffn_up.weight", gguf.quantize(values, kind), raw_dtype=kind)
    writer.add_tensor("blk.0.attn_q.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_adapter_is_kept_in_eight_bits(tmp_path: Path) -> None:
    file = tmp_path / "adapter.safetensors"
    save_changes({QUERY: change()}, file)
    kept = load_changes(file)["blk.0.attn_q.weight"]
    assert np.abs(kept.matrix - change().matrix).max() < 0.1
    assert file.stat().st_size < 2_000


def test_a_change_is_added_to_its_matrix_and_to_no_other(model: Path, tmp_path: Path) -> None:
    before = weights(model)
    requantise(model, tmp_path / "new.gguf", lambda *_: None, {"blk.0.attn_q.weight": change()})
    after = weights(tmp_path / "new.gguf")
    learned = after["blk.0.attn_q.weight"] - before["blk.0.attn_q.weight"]
    assert np.abs(learned - change().matrix).max() < 0.1
    assert np.abs(after["blk.0.ffn_up.weight"] - before["blk.0.ffn_up.weight"]).max() < 0.05


def test_a_change_of_a_matrix_that_is_not_there_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no tensor"):
        requantise(model, tmp_path / "new.gguf", lambda *_: None, {"blk.7.attn_q.weight": change()})


def test_names_of_other_things_are_no_matrices() -> None:
    assert gguf_name("model.layers.11.mlp.down_proj") == "blk.11.ffn_down.weight"
    with pytest.raises(ValueError, match="no matrix"):
        gguf_name("lm_head")
