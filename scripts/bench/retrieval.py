"""Latency of both halves of the search and of their fusion in a small and a large store, and
what it takes to add one document to each.

    python scripts/bench/retrieval.py [--corpus DIR] [--json FILE]

Texts come from the corpus that is named (one chunk a passage), or are invented; vectors are
random. Embedding the query is left out, since it doesn't grow with the store, and reported apart;
embedding the added document is part of adding it, and its ratio is given with and without.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rag_cs.bootstrap import load_embeddings
from rag_cs.evaluation.bench import (
    QUESTIONS,
    RandomEmbeddings,
    fill,
    invented_texts,
    joined,
    milliseconds,
    passage_texts,
    phrases,
    seconds_each,
)
from rag_cs.evaluation.metrics import latency
from rag_cs.evaluation.reports import figures_table, machine, write_json
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.retrieve import CANDIDATES, Retriever
from rag_cs.settings import Settings
from rag_cs.text import tokenise

DIMENSIONS = 384
SIZES = (1_000, 100_000)
PHRASES = 150
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
    texts = passage_texts(corpus, largest) if corpus else invented_texts(largest)
    with tempfile.TemporaryDirectory(prefix="rag-cs-bench-") as folder, ExitStack() as opened:
        stores = []
        for size in sorted(arguments.sizes):
            stores.append(open_store(Path(folder) / f"store-{size}"))
            opened.callback(stores[-1].index.close)
            fill(stores[-1].index, texts[:size], DIMENSIONS)
        figures = {
            "sizes": sorted(arguments.sizes),
            "queries": PHRASES + len(QUESTIONS),
            "latency": measure_searches(stores, texts[: min(arguments.sizes)]),
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

    index: EmbeddedIndex
    retriever: Retriever


def open_store(folder: Path) -> OpenStore:
    """A store of random vectors in `folder`, made if need be."""
    embeddings = RandomEmbeddings(DIMENSIONS)
    index = EmbeddedIndex(folder, dimensions=DIMENSIONS, embedder=embeddings.fingerprint)
    return OpenStore(index, Retriever(index, embeddings))


def measure_searches(
    stores: Sequence[OpenStore], texts: Sequence[str]
) -> list[dict[str, dict[str, float]]]:
    """Latency of dense half, lexical half and whole search in each store. The stores take turns,
    query by query, so that what else the machine does falls on all."""
    seconds: list[dict[str, list[float]]] = [
        {"dense": [], "lexical": [], "fused": []} for _ in stores
    ]
    for store in stores:
        store.retriever.search(["warm up"])
    for query in [*phrases(texts, PHRASES), *QUESTIONS]:
        vector = np.array(RandomEmbeddings(DIMENSIONS).embed_query(query), np.float32)
        for store, times in zip(stores, seconds, strict=True):
            index, retriever = store.index, store.retriever
            times["dense"] += seconds_each(partial(index.search_dense, limit=CANDIDATES), [vector])
            times["lexical"] += seconds_each(
                partial(index.search_lexical, limit=CANDIDATES), [tokenise(query)]
            )
            times["fused"] += seconds_each(retriever.search, [[query]])
    return [{name: asdict(latency(some)) for name, some in times.items()} for times in seconds]


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
    rows = RandomEmbeddings(DIMENSIONS).embed_documents([part.text for part in chunks])
    vectors = np.array(rows, np.float32)
    query = QUESTIONS[number % len(QUESTIONS)]
    begun = time.perf_counter()
    store.index.replace(document, chunks, vectors)
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
    print(figures_table("Retrieval (bar: p95 60 ms at 100,000 chunks)", rows))


if __name__ == "__main__":
    main()
