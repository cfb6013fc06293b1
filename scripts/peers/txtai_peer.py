"""txtai: an embeddings database with `hybrid=True`, which fuses BM25 and dense scores.

It embeds through transformers with its own pooling, and reads the prompts out of the model's
folder. Its default index is exact up to 5,000 passages and approximate (IVF) above.
"""

from __future__ import annotations

from typing import Any

import harness
from remembered import Matrix, Remembered
from txtai import Embeddings


class TxtAI:
    """The database. Only one variant."""

    def __init__(self, job: harness.Job) -> None:
        self._job = job
        self._database = Embeddings(path=str(job.model), hybrid=True)
        if job.vectors:
            self._remember(Remembered(job.vectors))

    def _remember(self, remembered: Remembered) -> None:
        model: Any = self._database.model.model
        prompts, encode = model.prompts or {}, model.encode

        def look_up(texts: list[str], batch: int = 32, category: str | None = None) -> Matrix:
            whole = [prompts.get(category, "") + text for text in texts]
            return remembered.look_up(whole, lambda missing: encode(missing, batch, None))

        model.encode = look_up

    def ingest(self, ids: list[str], texts: list[str]) -> None:
        """Build and save the database."""
        self._database.index(zip(ids, texts, strict=True))
        self._database.save(str(self._job.folder))

    def search(self, query: str) -> list[str]:
        """The ids of what the database finds."""
        return [name for name, _ in self._database.search(query, self._job.top_k)]


if __name__ == "__main__":
    harness.main(TxtAI)
