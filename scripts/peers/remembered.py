"""Vectors that were computed once, so that quality on many sets doesn't take hours.

All peers embed the same texts with the same weights, so only the first to meet a text embeds it.
The lookup replaces nothing but the model's forward pass: what a library does to texts and vectors
around it stays. Never used where time is measured.
"""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


class Remembered:
    """Vectors by the text that they stand for, prompt included; kept in an .npz file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vectors: dict[str, Matrix] = {}
        self._changed = False
        if path.is_file():
            with np.load(path) as kept:
                self._vectors = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
        atexit.register(self.save)

    def look_up(self, texts: Sequence[str], embed: Callable[[list[str]], Any]) -> Matrix:
        """The vector of each text, shape (texts, dimensions); `embed` is asked for those that
        aren't known."""
        keys = [_key(text) for text in texts]
        by_key = dict(zip(keys, texts, strict=True))
        missing = {key: text for key, text in by_key.items() if key not in self._vectors}
        if missing:
            made = np.asarray(embed(list(missing.values())), np.float32)
            self._vectors.update(zip(missing, made, strict=True))
            self._changed = True
        return np.stack([self._vectors[key] for key in keys])

    def save(self) -> None:
        """Write the file, if there is anything new."""
        if self._changed:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._path.with_suffix(".unfinished.npz")
            vectors = np.stack(list(self._vectors.values()))
            np.savez(unfinished, keys=np.array(list(self._vectors)), vectors=vectors)
            unfinished.replace(self._path)
            self._changed = False


def _key(text: str) -> str:
    # A line break is a space to e5's tokenizer, and some peers replace it.
    return hashlib.sha1(text.replace("\n", " ").encode()).hexdigest()


def remember_sentence_transformers(path: Path | None) -> None:
    """Have every sentence-transformers model of this process ask the file first, if there is one.

    It answers as `encode` does by default: a float32 array, one row a text.
    """
    if path is None:
        return
    from sentence_transformers import SentenceTransformer

    remembered, encode = Remembered(path), SentenceTransformer.encode

    def look_up(self: Any, inputs: Any, **options: Any) -> Matrix:
        prompt = (
            options.pop("prompt", None) or self.prompts.get(options.pop("prompt_name", "")) or ""
        )
        options["show_progress_bar"] = False
        texts = [inputs] if isinstance(inputs, str) else inputs
        vectors = remembered.look_up(
            [prompt + text for text in texts],
            lambda whole: encode(self, whole, prompt="", **options),
        )
        return vectors[0] if isinstance(inputs, str) else vectors

    SentenceTransformer.encode = look_up
