"""The vectors in memory: a FAISS index that can be thrown away, and its snapshot on disk.

The database is the truth. A snapshot is one file: a line of JSON (checksum, number of
dimensions), then FAISS's own bytes. It is read only when the checksum holds, so no byte that
we didn't write reaches FAISS's reader.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path
from threading import Lock
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from rag_cs.errors import DiskFailed
from rag_cs.index.base import Matrix, Numbers, Vector

log = logging.getLogger(__name__)
# One query's search is too short to share between threads: 10 ms on one, 21 ms on two, and the
# threads fight with other requests.
faiss.omp_set_num_threads(1)
_MAGIC = "rag-cs vectors 3"
# The components of a unit vector lie within this many times 1 / sqrt(dimensions); e5's greatest is
# at 5. One beyond is clipped, which costs its row some places before the best are scored again.
_BOUND = 8.0


class VectorTable:
    """Exhaustive inner-product search over unit vectors, by chunk number.

    Vectors are held in 8 bits a component: a quarter of the memory of float32 and a third of the
    time, and the ten first hits are among the twenty that it finds (the log, "Retrieval at a
    million chunks"). FAISS allows no addition beside a search, so one lock guards both.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        bytes_each = faiss.IndexScalarQuantizer(
            dimensions, faiss.ScalarQuantizer.QT_8bit_uniform, faiss.METRIC_INNER_PRODUCT
        )
        # Its training only looks for the bounds, which are known.
        bound = min(_BOUND / dimensions**0.5, 1.0)
        bytes_each.train(np.full((2, dimensions), [[-bound], [bound]], np.float32))
        self._index: Any = faiss.IndexIDMap(bytes_each)
        self._lock = Lock()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def numbers(self) -> Numbers:
        """The chunk numbers held, in no promised order."""
        held: Numbers = faiss.vector_to_array(self._index.id_map)
        return held

    def add(self, numbers: Numbers, vectors: Matrix) -> None:
        """Add rows; `vectors` has shape (len(numbers), dimensions)."""
        with self._lock:
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), numbers)

    def remove(self, numbers: Numbers) -> None:
        """Remove rows; numbers that aren't held are ignored."""
        if len(numbers):
            with self._lock:
                self._index.remove_ids(faiss.IDSelectorBatch(numbers))

    def search(
        self,
        query: Vector,
        limit: int,
        allowed: Numbers | None = None,
        barred: Numbers | None = None,
    ) -> Numbers:
        """The numbers of the `limit` rows of greatest inner product, among `allowed` if given,
        and not among `barred`.

        Their order is that of the rounded vectors.
        """
        parameters = None
        if (selector := _selector(allowed, barred)) is not None:
            # faiss' own Python layer takes this argument; its stubs don't know.
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        with self._lock:
            limit = min(limit, len(self))
            if limit == 0:
                return np.empty(0, np.int64)
            _, numbers = self._index.search(query[None, :], limit, params=parameters)
        found: Numbers = numbers[0][numbers[0] >= 0]
        return found

    def save(self, path: Path) -> None:
        """Write the snapshot beside `path`, then rename: the old one or the new, never a half. One
        process at a time may do so. Raises DiskFailed."""
        with self._lock:
            payload = faiss.serialize_index(self._index)
        header = {
            "magic": _MAGIC,
            "dimensions": self.dimensions,
            "sha256": hashlib.sha256(payload.data).hexdigest(),
        }
        # Always the same name: what a killed process left is written over, not left for ever.
        unfinished = path.with_suffix(".tmp")
        try:
            with unfinished.open("wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.write(payload.data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise DiskFailed(
                f"The snapshot {path.parent.name}/{path.name} can't be written "
                f"({error.strerror}). Nothing is lost: it is made again from the database."
            ) from error


def _selector(allowed: Numbers | None, barred: Numbers | None) -> faiss.IDSelector | None:
    if barred is None or not len(barred):
        return None if allowed is None else faiss.IDSelectorBatch(allowed)
    if allowed is not None:
        return faiss.IDSelectorBatch(np.setdiff1d(allowed, barred))
    return faiss.IDSelectorNot(faiss.IDSelectorBatch(barred))


def load_vectors(path: Path, dimensions: int) -> VectorTable:
    """The table of the snapshot at `path`; an empty one when it is missing, damaged or foreign."""
    table = VectorTable(dimensions)
    try:
        payload = _checked(path, dimensions)
    except FileNotFoundError:
        return table
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("vector snapshot %s is rebuilt from the database: %s", path.name, error)
        return table
    table._index = faiss.deserialize_index(payload)  # noqa: SLF001 - this is its constructor
    return table


def is_sound(path: Path, dimensions: int) -> bool:
    """Whether the snapshot at `path` would be read."""
    try:
        _checked(path, dimensions)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def _checked(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """FAISS's own bytes, when the checksum holds and they are for this program and model."""
    with path.open("rb") as file:
        header = json.loads(file.readline(4096))
        payload = np.fromfile(file, np.uint8)
    if (header["magic"], header["dimensions"]) != (_MAGIC, dimensions):
        raise ValueError("it was made for another model or version")
    if hashlib.sha256(payload.data).hexdigest() != header["sha256"]:
        raise ValueError("its checksum doesn't hold")
    return payload
