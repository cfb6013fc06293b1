"""The order in which a trainer sees examples: batches of about equal length, shuffled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch


class ByLength(torch.utils.data.Sampler[int]):
    """Positions in chunks of neighbours by length, the chunks shuffled: half the padding."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        chance = np.random.default_rng(seed)
        order = np.argsort(np.array(lengths) + chance.uniform(-20, 20, len(lengths)))
        batches = [order[start : start + batch] for start in range(0, len(order), batch)]
        whole, rest = batches[:-1], batches[-1:]
        chance.shuffle(whole)
        self._order = [int(each) for group in [*whole, *rest] for each in group]

    def __iter__(self) -> Iterator[int]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)
