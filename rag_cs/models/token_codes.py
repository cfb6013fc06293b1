"""A text's token vectors, made small enough to keep: projected, then two bits a dimension.

A head is a projection and a weight for each token, trained by `training/late_interaction.py` or
`training/sentence_head.py` on top of one embedder's own token vectors; it comes with the package.
24 bytes a token hold what 1,536 did: the log, "Late interaction", has what is lost (nothing that
can be measured).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# The four levels of a code, in steps; a step is the one that loses least for normally
# distributed values (Max, "Quantizing for minimum distortion", 1960): 0.996 of their spread.
_LEVELS = np.array([-1.5, -0.5, 0.5, 1.5], np.float32)
# Every byte holds four codes, the first in the lowest bits.
_UNPACKED = np.stack([_LEVELS[np.arange(256) >> shift & 3] for shift in (0, 2, 4, 6)], axis=1)


@dataclass(frozen=True)
class TokenHead:
    """`projection` has shape (hidden size, dimensions), `steps` (dimensions,), `importance`
    (hidden size,); `dimensions` is a multiple of four."""

    projection: Floats
    steps: Floats
    importance: Floats
    bias: float

    @classmethod
    def load(cls, path: Path) -> TokenHead:
        """Read a safetensors file of that shape."""
        from safetensors.numpy import load_file

        tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(path).items()}
        return cls(
            projection=tensors["projection"],
            steps=tensors["steps"],
            importance=tensors["importance"],
            bias=float(tensors["bias"][0]),
        )

    def save(self, path: Path) -> None:
        """Write what `load` reads, in float16 where that is exact enough."""
        from safetensors.numpy import save_file

        save_file(
            {
                "projection": self.projection.astype(np.float16),
                "importance": self.importance.astype(np.float16),
                "steps": self.steps.astype(np.float32),
                "bias": np.array([self.bias], np.float32),
            },
            path,
        )

    @cached_property
    def dimensions(self) -> int:
        """The length of a projected token vector."""
        return int(self.projection.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what decides the codes."""
        decisive = self.projection.tobytes() + self.steps.tobytes()
        return hashlib.sha256(decisive).hexdigest()[:8]

    def project(self, states: Floats) -> Floats:
        """Unit vectors, shape (tokens, dimensions), of token states (tokens, hidden size)."""
        return _unit(_unit(states) @ self.projection)

    def weights(self, states: Floats) -> Floats:
        """How much each token of a query counts, shape (tokens,), above 0."""
        weights: Floats = np.logaddexp(0, 8 * (_unit(states) @ self.importance) + self.bias)
        return weights.astype(np.float32)

    def encode(self, states: Floats) -> bytes:
        """The codes of a passage's tokens: dimensions / 4 bytes a token."""
        levels = np.clip(np.floor(self.project(states) / self.steps) + 2, 0, 3).astype(np.uint8)
        quads = levels.reshape(len(states), -1, 4)
        packed = quads[..., 0] | quads[..., 1] << 2 | quads[..., 2] << 4 | quads[..., 3] << 6
        codes: bytes = packed.astype(np.uint8).tobytes()
        return codes

    def query(self, states: Floats) -> tuple[Floats, Floats]:
        """(vectors, weights) of a query's tokens, to be multiplied with `unpack`ed passages.

        The step sizes are in the query's vectors already, and the weights sum to 1.
        """
        weights = self.weights(states)
        return self.project(states) * self.steps, weights / weights.sum()


def unpack(codes: Sequence[bytes], dimensions: int) -> Floats:
    """The codes of several passages as levels, shape (all their tokens, dimensions)."""
    packed = np.frombuffer(b"".join(codes), np.uint8).reshape(-1, dimensions // 4)
    return _UNPACKED[packed].reshape(-1, dimensions)


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
    return unit
