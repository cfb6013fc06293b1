"""Latency of both halves of the search and of their fusion in a small and a large store, and
what it takes to add one document to each.

    python scripts/bench/retrieval.py [--corpus DIR] [--json FILE]

Texts come from the corpus that is named (one chunk a passage, again with changed words when there
are too few), or are invented; vectors and token vectors are random. Reranking is part of the whole
search; it is measured again with one document in each language, since a store of two languages is
searched in both. The memory of an index is what a new process grows by when it opens the store and
searches once; recall is that of the ten first hits of the dense half against an exhaustive search,
for queries near to stored vectors. Embedding the query is left out, since it doesn't grow with the
store, and reported apart; embedding the added document is part of adding it, and its ratio is given
with and without.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from tqdm import tqdm

from rag_cs.bootstrap.models import load_embeddings
from rag_cs.crossing import Crossing
from rag_cs.evaluation.bench import (
    QUESTIONS,
    RandomEmbeddings,
    fill,
    invented_texts,
    joined,
    milliseconds,
    passage_texts,
    phrases,
    repeated,
    seconds_each,
)
from rag_cs.evaluation.metrics import latency
from rag_cs.evaluation.reports import figures_table, machine, write_json
from rag_cs.index.base import Matrix
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.rerank import LateInteraction
from rag_cs.retrieve import CANDIDATES, Retriever
from rag_cs.settings import Settings
from rag_cs.text import search_terms

DIMENSIONS = 384
SIZES = (1_000, 100_000)
EMBEDDINGS = RandomEmbeddings(DIMENSIONS, token_dimensions=96)
PHRASES = 150
RECALL_QUERIES = 100
# Each added document is a page of three chunks.
ADDED_DOCUMENTS, CHUNKS_ADDED = 9, 3


def main() -> None:
    """Parse arguments, measure each size, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, metavar="DIR")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="CHUNKS")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()

    largest = max(arguments.sizes) + ADDED_DOCUMENTS * CHUNKS_ADDED
    corpus: Path | None = arguments.corpus
    texts = repeated(passage_texts(corpus, None), largest) if corpus else invented_texts(largest)
    with tempfile.TemporaryDirectory(prefix="rag-cs-bench-") as folder, ExitStack() as opened:
        stores = []
        for size in sorted(arguments.sizes):
            stores.append(open_store(Path(folder) / f"store-{size}"))
            opened.callback(stores[-1].index.close)
            with tqdm(total=size, unit="chunk", desc=f"store of {size:,}") as bar:
                fill(
                    stores[-1].index,
                    texts[:size],
                    EMBEDDINGS,
                    lambda done: bar.update(done - bar.n),
                )
            stores[-1].index.save()
        figures = {
            "sizes": sorted(arguments.sizes),
            "queries": PHRASES + len(QUESTIONS),
            "latency": measure_searches(stores, texts[: min(arguments.sizes)]),
            "recall": [recall_of(store.index) for store in stores],
            "index_megabytes": [megabytes_of(store.folder) for store in stores],
            **measure_adding(Path(folder), stores, texts),
            "embedding": measure_embedding(texts),
        }
    embedding = figures["embedding"]["added_document_milliseconds"]
    figures["add_ratio_with_embedding"] = (figures["add_milliseconds"][-1] + embedding) / (
        figures["add_to_empty_milliseconds"] + embedding
    )
    figures["p95_ratio"] = (
        figures["latency"][-1]["fused"]["p95_milliseconds"]
        / figures["latency"][0]["fused"]["p95_milliseconds"]
    )
    print_table(figures)
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), **figures})


@dataclass(frozen=True, slots=True)
class OpenStore:
    """An index with its retriever."""

    folder: Path
    index: EmbeddedIndex
    retriever: Retriever


def open_store(folder: Path) -> OpenStore:
    """A store of random vectors in `folder`, made if need be."""
    index = EmbeddedIndex(folder, dimensions=DIMENSIONS, embedder=EMBEDDINGS.fingerprint)
    reranker, crossing = LateInteraction(EMBEDDINGS), Crossing(EMBEDDINGS)
    return OpenStore(folder, index, Retriever(index, EMBEDDINGS, reranker, crossing=crossing))


def fill_with_progress(index: EmbeddedIndex, texts: Sequence[str]) -> None:
    """Fill an index and save its snapshot, as it would be after a while."""
    with tqdm(total=len(texts), unit="chunk", desc=f"store of {len(texts):,}") as bar:
        fill(index, texts, EMBEDDINGS, lambda done: bar.update(done - bar.n))
    index.save()


def recall_of(index: EmbeddedIndex) -> float:
    """Share of the ten nearest chunks, by an exhaustive search, that the dense half returns."""
    queries = near_stored(index)
    exact = nearest(index, queries)
    found = [set(index.search_dense(query, 10).numbers.tolist()) for query in queries]
    return statistics.mean(len(here & there) / 10 for here, there in zip(found, exact, strict=True))


def near_stored(index: EmbeddedIndex) -> Matrix:
    """Query vectors at a cosine of about 0.9 from stored ones."""
    chosen = next(iter(index.stored_vectors()))[1][:RECALL_QUERIES]
    noise = np.random.default_rng(1).standard_normal(chosen.shape).astype(np.float32)
    moved = chosen + 0.5 * noise / DIMENSIONS**0.5
    unit: Matrix = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


def nearest(index: EmbeddedIndex, queries: Matrix) -> list[set[int]]:
    """The numbers of the ten nearest chunks of each query, by the vectors in the database."""
    best: list[list[tuple[float, int]]] = [[] for _ in queries]
    for numbers, rows in index.stored_vectors():
        for found, cosines in zip(best, queries @ rows.T, strict=True):
            top = np.argsort(-cosines)[:10]
            found += zip(cosines[top].tolist(), numbers[top].tolist(), strict=True)
            found[:] = sorted(found, reverse=True)[:10]
    return [{number for _, number in found} for found in best]


def megabytes_of(folder: Path) -> float:
    """What a process of its own grows by when it opens the store and searches once."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(grow, folder).result()


def grow(folder: Path) -> float:
    """The growth of this process, in megabytes. The first search of all, in an empty store,
    loads what any store needs: dictionaries and libraries."""
    with tempfile.TemporaryDirectory() as empty:
        open_store(Path(empty)).retriever.search(["warm up"])
    before = psutil.Process().memory_info().rss
    store = open_store(folder)
    store.retriever.search(["warm up"])
    return float(psutil.Process().memory_info().rss - before) / 1e6


def measure_searches(
    stores: Sequence[OpenStore], texts: Sequence[str]
) -> list[dict[str, dict[str, float]]]:
    """Latency of dense half, lexical half and whole search in each store, the last in one language
    and in two. The stores take turns, query by query, so that what else the machine does falls on
    all."""
    seconds: list[dict[str, list[float]]] = [
        {"dense": [], "lexical": [], "fused": [], "two languages": []} for _ in stores
    ]
    for store in stores:
        store.retriever.search(["warm up"])
    queries = [*phrases(texts, PHRASES), *QUESTIONS]
    for query in queries:
        vector = np.array(EMBEDDINGS.embed_query(query), np.float32)
        for store, times in zip(stores, seconds, strict=True):
            index, retriever = store.index, store.retriever
            times["dense"] += seconds_each(partial(index.search_dense, limit=CANDIDATES), [vector])
            times["lexical"] += seconds_each(
                partial(index.search_lexical, limit=CANDIDATES), [search_terms(query)]
            )
            times["fused"] += seconds_each(retriever.search, [[query]])
    for store in stores:
        add_both_languages(store)
    for query in queries:
        for store, times in zip(stores, seconds, strict=True):
            times["two languages"] += seconds_each(store.retriever.search, [[query]])
    return [{name: asdict(latency(some)) for name, some in times.items()} for times in seconds]


def add_both_languages(store: OpenStore) -> None:
    """One document in each language, so that the store has both."""
    for text in ("What stands in another language.", "这是另一种语言的内容。"):
        document, chunks = joined(text, [text])
        store.index.replace(document, chunks, *EMBEDDINGS.passages([text]))
    store.retriever.search(["warm up"])


def measure_adding(
    folder: Path, stores: Sequence[OpenStore], texts: Sequence[str]
) -> dict[str, Any]:
    """The median milliseconds to add one document to each store, and to an empty one."""
    added: list[list[float]] = [[] for _ in stores]
    to_empty = []
    for number in range(ADDED_DOCUMENTS):
        empty = open_store(folder / f"empty-{number}")
        empty.retriever.search(["warm up"])
        to_empty.append(add_one(empty, texts, number))
        empty.index.close()
        for store, times in zip(stores, added, strict=True):
            times.append(add_one(store, texts, number))
    return {
        "add_milliseconds": [statistics.median(times) for times in added],
        "add_to_empty_milliseconds": statistics.median(to_empty),
        "add_ratio": statistics.median(added[-1]) / statistics.median(to_empty),
    }


def add_one(store: OpenStore, texts: Sequence[str], number: int) -> float:
    """Milliseconds to index one more document, with what the next search pays for it: how much
    longer it takes than the same search once more."""
    start = len(texts) - (number + 1) * CHUNKS_ADDED
    document, chunks = joined(f"added-{number}", texts[start : start + CHUNKS_ADDED])
    vectors, codes = EMBEDDINGS.passages([part.text for part in chunks])
    query = QUESTIONS[number % len(QUESTIONS)]
    begun = time.perf_counter()
    store.index.replace(document, chunks, vectors, codes)
    adding = time.perf_counter() - begun
    first, again = seconds_each(store.retriever.search, [[query], [query]])
    return 1000 * (adding + max(first - again, 0.0))


def measure_embedding(texts: Sequence[str]) -> dict[str, Any]:
    """What the default embedder takes: for a query, and for the chunks of one added document."""
    embeddings = load_embeddings(Settings())
    embeddings.embed_query("warm up")
    pages = [list(texts[start : start + CHUNKS_ADDED]) for start in range(0, 24, CHUNKS_ADDED)]
    return {
        "query": asdict(latency(seconds_each(embeddings.embed_query, QUESTIONS))),
        "added_document_milliseconds": milliseconds(
            seconds_each(embeddings.embed_documents, pages)
        ),
    }


def print_table(figures: dict[str, Any]) -> None:
    """The figures beside their bars."""
    rows = []
    for size, halves in zip(figures["sizes"], figures["latency"], strict=True):
        for name, times in halves.items():
            value = f"{times['p50_milliseconds']:.1f}, {times['p95_milliseconds']:.1f}"
            rows.append((f"{size:,} chunks, {name}: p50, p95 ms", value))
    for size, recall, megabytes in zip(
        figures["sizes"], figures["recall"], figures["index_megabytes"], strict=True
    ):
        rows.append((f"{size:,} chunks: recall@10 of the dense half (bar: 0.98)", f"{recall:.3f}"))
        rows.append((f"{size:,} chunks: memory, MB (bar: 700 at a million)", f"{megabytes:.0f}"))
    rows.append(("p95 of the largest over the smallest (bar: 3)", f"{figures['p95_ratio']:.2f}"))
    for size, added in zip(figures["sizes"], figures["add_milliseconds"], strict=True):
        rows.append((f"ms to add one document to {size:,} chunks", f"{added:.1f}"))
    embedding = figures["embedding"]
    query = embedding["query"]
    rows += [
        ("ms to add one to an empty store", f"{figures['add_to_empty_milliseconds']:.1f}"),
        ("adding, largest over empty, embedding left out", f"{figures['add_ratio']:.2f}"),
        (
            "adding, largest over empty (bar: 1.5)",
            f"{figures['add_ratio_with_embedding']:.2f}",
        ),
        ("embedding the added document: ms", f"{embedding['added_document_milliseconds']:.1f}"),
        (
            "embedding a query, besides: p50, p95 ms",
            f"{query['p50_milliseconds']:.1f}, {query['p95_milliseconds']:.1f}",
        ),
    ]
    print(figures_table("Retrieval (bars: p95 80 ms at 100,000 chunks, 150 ms at a million)", rows))


if __name__ == "__main__":
    main()
