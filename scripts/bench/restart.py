"""How long a large store takes from its opening to its first answer: with a snapshot, with one that
is 2,000 chunks behind, without any, and after a kill that left a full log.

    python scripts/bench/restart.py [--chunks N] [--json FILE]

Texts are invented, vectors and token vectors are random. Each opening is that of a new process that
has imported everything and loaded no model; the median of three. Compacting is measured as well.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rag_cs.compaction import compact_store
from rag_cs.evaluation.bench import (
    PASSAGES_PER_DOCUMENT,
    RandomEmbeddings,
    fill,
    invented_texts,
    joined,
)
from rag_cs.evaluation.reports import machine, write_json
from rag_cs.index.embedded import SNAPSHOT_EVERY, EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME, SNAPSHOT_NAME
from rag_cs.text import search_terms

DIMENSIONS = 384
EMBEDDINGS = RandomEmbeddings(DIMENSIONS, token_dimensions=96)
REPEATS = 3
LIMIT_SECONDS = 5.0


def main() -> None:
    """Parse arguments, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rag-cs-bench-") as folder:
        figures = measure(Path(folder) / "store", arguments.chunks)
    for name, seconds in figures.items():
        print(f"{name:44} {seconds:7.2f} s")
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), "chunks": arguments.chunks, **figures})
    if max(value for name, value in figures.items() if name != "compacting") > LIMIT_SECONDS:
        raise SystemExit(f"An opening took longer than {LIMIT_SECONDS} seconds.")


def measure(folder: Path, size: int) -> dict[str, float]:
    """Seconds of each kind of opening, and of compacting."""
    texts = invented_texts(size + 2 * SNAPSHOT_EVERY)
    index = open_store(folder)
    with tqdm(total=size, unit="chunk", desc="store") as bar:
        fill(index, texts[:size], EMBEDDINGS, lambda done: bar.update(done - bar.n))
    index.save()
    index.close()
    snapshot = folder / SNAPSHOT_NAME
    figures = {"with a snapshot": opening(folder, texts)}
    older = shutil.copy(snapshot, folder / "older")
    grow(folder, texts[size : size + SNAPSHOT_EVERY], "behind")
    figures["with one that is 2,000 chunks behind"] = opening(
        folder, texts, lambda: shutil.copy(older, snapshot)
    )
    figures["without a snapshot"] = opening(folder, texts, lambda: snapshot.unlink(missing_ok=True))
    figures["killed, with a full log and no snapshot"] = killed(folder, texts)
    begun = time.perf_counter()
    compact_store(folder)
    figures["compacting"] = time.perf_counter() - begun
    return figures


def killed(folder: Path, texts: list[str]) -> float:
    """Of a copy that is made while the store is written to."""
    index = open_store(folder)
    fill_more(index, texts[-SNAPSHOT_EVERY:], "late")
    copy = folder.with_name("killed")

    def prepare() -> None:
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal"):
            shutil.copy(folder / name, copy / name)

    seconds = opening(copy, texts, prepare)
    index.close()
    shutil.rmtree(copy)
    return seconds


def grow(folder: Path, texts: list[str], name: str) -> None:
    """Add chunks in a process's life of its own."""
    index = open_store(folder)
    fill_more(index, texts, name)
    index.engine.dispose()  # not closed: that would write a snapshot


def fill_more(index: EmbeddedIndex, texts: list[str], name: str) -> None:
    """As `fill`, under names of their own."""
    for start in range(0, len(texts), PASSAGES_PER_DOCUMENT):
        part = texts[start : start + PASSAGES_PER_DOCUMENT]
        document, chunks = joined(f"{name}-{start}", part)
        index.replace(document, chunks, *EMBEDDINGS.passages([chunk.text for chunk in chunks]))


def opening(folder: Path, texts: list[str], prepare: Callable[[], object] = lambda: None) -> float:
    """The median over new processes."""
    query = " ".join(texts[0].split()[:5])
    seconds = []
    for _ in range(REPEATS):
        prepare()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds.append(pool.submit(open_and_search, folder, query).result())
    return statistics.median(seconds)


def open_and_search(folder: Path, query: str) -> float:
    """Seconds from the opening to the first hits of both halves."""
    begun = time.perf_counter()
    index = open_store(folder)
    vector = np.array(EMBEDDINGS.embed_query(query), np.float32)
    found = index.search_dense(vector, 10), index.search_lexical(search_terms(query), 10)
    seconds = time.perf_counter() - begun
    if not all(len(half.numbers) for half in found):
        raise SystemExit("Nothing was found.")
    index.engine.dispose()  # not closed: that would write a snapshot
    return seconds


def open_store(folder: Path) -> EmbeddedIndex:
    """The store of a folder, with vectors of random embeddings."""
    return EmbeddedIndex(folder, dimensions=DIMENSIONS, embedder=EMBEDDINGS.fingerprint)


if __name__ == "__main__":
    main()
