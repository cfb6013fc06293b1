"""Speed of our embedder against plain sentence-transformers in float32: same weights, same texts.

    python scripts/bench/embedding.py [--corpus DIR …] [--json FILE]

The texts are the chunks of the demo store, or passages of the corpora that are named. The two
take turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer

from rag_cs.bootstrap.models import models_folder
from rag_cs.embed import LocalEmbeddings
from rag_cs.evaluation.bench import (
    QUESTIONS,
    folder_chunks,
    milliseconds,
    passage_texts,
    phrases,
    seconds_each,
)
from rag_cs.evaluation.reports import figures_table, machine, write_json
from rag_cs.index.base import Matrix
from rag_cs.settings import Settings
from rag_cs.weights import resolve

DEMO = Path(__file__).resolve().parents[2] / "knowledge" / "demo"
ROUNDS = 3


def main() -> None:
    """Parse arguments, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, nargs="+", default=[], metavar="DIR")
    parser.add_argument("--chunks", type=int, default=120, help="texts from each corpus")
    parser.add_argument("--embedder", default=Settings().embedding.model, metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()

    folder = resolve(arguments.embedder, cache=models_folder(Settings()))
    ours = LocalEmbeddings(folder)
    texts = [text for each in arguments.corpus for text in passage_texts(each, arguments.chunks)]
    texts = texts or folder_chunks(DEMO, ours.count_tokens)
    figures = compare(ours, SentenceTransformer(str(folder), device="cpu"), texts)
    print_table(figures)
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), **figures})


def compare(ours: LocalEmbeddings, plain: SentenceTransformer, texts: list[str]) -> dict[str, Any]:
    """Rates, latencies and their ratios (above 1: ours is faster), and how vectors agree."""
    queries = [*QUESTIONS, *phrases(texts, ROUNDS * 16)]
    ours.embed_documents(texts[:16])
    plain.encode_document(texts[:16])
    ours_seconds: list[float] = []
    plain_seconds: list[float] = []
    ours_query: list[float] = []
    plain_query: list[float] = []
    for turn in range(ROUNDS):
        part, asked = [texts[turn::ROUNDS]], queries[turn::ROUNDS]
        ours_seconds += seconds_each(ours.embed_documents, part)
        plain_seconds += seconds_each(plain.encode_document, part)
        ours_query += seconds_each(ours.embed_query, asked)
        plain_query += seconds_each(plain.encode_query, asked)
    return {
        "texts": len(texts),
        "queries": len(queries),
        "chunks_per_second": len(texts) / sum(ours_seconds),
        "plain_chunks_per_second": len(texts) / sum(plain_seconds),
        "throughput_ratio": sum(plain_seconds) / sum(ours_seconds),
        "query_milliseconds": milliseconds(ours_query),
        "plain_query_milliseconds": milliseconds(plain_query),
        "query_ratio": milliseconds(plain_query) / milliseconds(ours_query),
        **agreement(ours, plain, texts[:64]),
    }


def agreement(
    ours: LocalEmbeddings, plain: SentenceTransformer, texts: Sequence[str]
) -> dict[str, float]:
    """The least and the mean cosine of both vectors of a text."""
    left: Matrix = np.array(ours.embed_documents(list(texts)), np.float32)
    right = plain.encode_document(list(texts), normalize_embeddings=True)
    cosines = (left * right).sum(axis=1)
    return {"least_cosine": float(cosines.min()), "mean_cosine": float(cosines.mean())}


def print_table(figures: dict[str, Any]) -> None:
    """The figures beside their bars."""
    rows = [
        ("texts, queries", f"{figures['texts']}, {figures['queries']}"),
        (
            "chunks a second, ours and plain",
            f"{figures['chunks_per_second']:.1f}, {figures['plain_chunks_per_second']:.1f}",
        ),
        ("throughput ratio (bar: 2.5)", f"{figures['throughput_ratio']:.2f}"),
        (
            "ms a query, ours and plain",
            f"{figures['query_milliseconds']:.1f}, {figures['plain_query_milliseconds']:.1f}",
        ),
        ("query ratio (bar: 3)", f"{figures['query_ratio']:.2f}"),
        (
            "cosine, least and mean (bar: 0.999)",
            f"{figures['least_cosine']:.5f}, {figures['mean_cosine']:.5f}",
        ),
    ]
    print(figures_table("Embedding", rows))


if __name__ == "__main__":
    main()
