"""What a generator learned on top of its weights: for each changed matrix two thin ones, whose
product is the change (LoRA: Hu et al., 2021, arXiv:2106.09685).

The file holds them in 8 bits a value with one scale a row. `gguf.requantise` adds them to the
weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

Floats = npt.NDArray[np.float32]
# Names of a layer's matrices in transformers and in GGUF.
_MATRICES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Change:
    """`up` of shape (rows, rank) times `down` of shape (rank, columns) is added to a matrix."""

    up: Floats
    down: Floats

    @property
    def matrix(self) -> Floats:
        """What is added."""
        product: Floats = self.up @ self.down
        return product


def save_changes(changes: Mapping[str, Change], path: Path) -> None:
    """Write an adapter; matrices go by their names in transformers."""
    tensors: dict[str, npt.NDArray[np.generic]] = {}
    for name, change in changes.items():
        for part, values in (("up", change.up), ("down", change.down)):
            scales = np.abs(values).max(axis=1, keepdims=True) / 127
            scales[scales == 0] = 1
            tensors[f"{name}.{part}"] = np.round(values / scales).astype(np.int8)
            tensors[f"{name}.{part}.scales"] = scales.astype(np.float32)
    save_file(tensors, path)


def load_changes(path: Path) -> dict[str, Change]:
    """What `save_changes` wrote, by the matrices' names in GGUF files."""
    tensors = load_file(path)

    def values(name: str) -> Floats:
        whole: Floats = tensors[name].astype(np.float32) * tensors[f"{name}.scales"]
        return whole

    names = [name.removesuffix(".up") for name in tensors if name.endswith(".up")]
    return {gguf_name(name): Change(values(f"{name}.up"), values(f"{name}.down")) for name in names}


def gguf_name(name: str) -> str:
    """A matrix's name in a GGUF file."""
    layer = _LAYER.fullmatch(name)
    if layer is None or layer[2] not in _MATRICES:
        raise ValueError(f"{name} is no matrix of a layer")
    return f"blk.{layer[1]}.{_MATRICES[layer[2]]}.weight"
