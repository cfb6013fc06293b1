"""What the scripts under `scripts/bench/` share: texts, queries, a stopwatch, a large index.

Where only time is measured, vectors are drawn at random, since their values don't change it.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_cs.chunk import TokenCounter, chunk
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import Passage, to_document
from rag_cs.index.base import ChunkIndex, Matrix, Vector
from rag_cs.ingest import find_files
from rag_cs.load import load
from rag_cs.types import Chunk, Document

Item = TypeVar("Item")

# Passages that make up one document of a large index: a manual's worth.
PASSAGES_PER_DOCUMENT = 100
# An invented language: as many words, and as unevenly used (Zipf), as 100,000 passages of English.
_VOCABULARY = 60_000
_WORDS_PER_PASSAGE = 70
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]

QUESTIONS = (
    "How do I change the shipping address of an order that was already placed?",
    "Where can I see which items are out of stock?",
    "What happens when a payment is declined?",
    "How long does it take for a refund to be on the customer's account?",
    "Can I give a discount to only one group of customers?",
    "Why is the product image not shown on the page?",
    "Which ports have to be open for the service to work?",
    "How do I turn off the notification for new reviews?",
    "Is it possible to have more than one currency in the same store?",
    "What is the difference between an invoice and a credit memo?",
    "How can I undo the last change that I made to the settings?",
    "Is the battery of this any good, and how many hours does it last?",
    "Do I have to restart the server after an update?",
    "How do I get a list of all users who did not log in this year?",
    "What should I do if the installation stops with an error?",
    "Can a customer return a part of an order?",
)


class RandomEmbeddings(Embeddings):
    """Unit vectors drawn at random, the same one for the same text."""

    fingerprint = "random@1"

    def __init__(self, dimensions: int, token_dimensions: int = 0) -> None:
        self.dimensions = dimensions
        self.token_dimensions = token_dimensions

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text, shape (len(texts), dimensions)."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a text, shape (dimensions,)."""
        generator = np.random.default_rng(zlib.crc32(text.encode()))
        vector: list[float] = _random_unit(generator, 1, self.dimensions)[0].tolist()
        return vector

    def passages(self, texts: list[str]) -> tuple[Matrix, list[bytes]]:
        """(vectors, token codes): as many random bytes as a real head would make."""
        size = self.token_dimensions // 4
        codes = [
            np.random.default_rng(zlib.crc32(text.encode())).bytes(size * tokens)
            for text, tokens in zip(texts, self.count_tokens(texts), strict=True)
        ]
        return np.array(self.embed_documents(texts), np.float32), codes if size else []

    def query_tokens(self, text: str) -> tuple[Matrix, Vector]:
        """(vectors, weights) of a query's tokens."""
        tokens = self.count_tokens([text])[0]
        generator = np.random.default_rng(zlib.crc32(text.encode()))
        vectors = generator.standard_normal((tokens, self.token_dimensions), np.float32)
        return vectors, np.full(tokens, 1 / tokens, np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """A token for every four characters, about what real tokenizers make of English."""
        return [len(text) // 4 + 1 for text in texts]


def passage_texts(folder: Path, limit: int | None = None) -> list[str]:
    """The first `limit` texts of `corpus*.jsonl` or `corpus*.jsonl.gz` in `folder`, or all.

    Raises InvalidInput when there are fewer.
    """
    texts = list(islice(_all_texts(folder), limit))
    if len(texts) < (limit or 1):
        raise InvalidInput(f"{folder.name} has {len(texts):,} passages; {limit or 1:,} are needed.")
    return texts


def _all_texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("corpus*.jsonl*")):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                yield f"{row.get('title', '')}\n{row['text']}".strip()


def invented_texts(count: int, seed: int = 7) -> list[str]:
    """`count` passages of invented words whose frequencies fall as a language's do."""
    generator = np.random.default_rng(seed)
    spelling = random.Random(seed)  # noqa: S311
    words = ["".join(spelling.choices(_SYLLABLES, k=2 + rank % 3)) for rank in range(_VOCABULARY)]
    weights = 1 / np.arange(1, _VOCABULARY + 1)
    size = (count, _WORDS_PER_PASSAGE)
    ranks = generator.choice(_VOCABULARY, size=size, p=weights / weights.sum())
    return [" ".join(words[rank] for rank in row) for row in ranks.tolist()]


def folder_chunks(folder: Path, count_tokens: TokenCounter) -> list[str]:
    """What the embedder sees of the documents in `folder`, chunk by chunk."""
    documents = [load(path.read_bytes(), source) for source, path in find_files([folder])]
    chunks = (part for document in documents for part in chunk(document, count_tokens))
    return [part.embedded_text for part in chunks]


def phrases(texts: Sequence[str], count: int, seed: int = 7) -> list[str]:
    """`count` different runs of 3 to 8 words, each out of a text."""
    chooser = random.Random(seed)  # noqa: S311
    found: dict[str, None] = {}
    while len(found) < count:
        words = chooser.choice(texts).split()
        if len(words) >= 3:
            start = chooser.randrange(len(words) - 2)
            found[" ".join(words[start : start + chooser.randint(3, 8)])] = None
    return list(found)


def repeated(texts: Sequence[str], count: int, seed: int = 7) -> list[str]:
    """`count` passages: `texts`, then again and again with a tenth of each one's words changed
    for words of other passages."""
    chooser = random.Random(seed)  # noqa: S311
    words = [word for text in texts[:2_000] for word in text.split()]
    made = list(texts[:count])
    while len(made) < count:
        changed = texts[len(made) % len(texts)].split()
        for _ in range(len(changed) // 10 + 1):
            changed[chooser.randrange(len(changed))] = chooser.choice(words)
        made.append(" ".join(changed))
    return made


def fill(
    index: ChunkIndex,
    texts: Sequence[str],
    embeddings: RandomEmbeddings,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Add `texts` to `index`, one chunk each, with random vectors."""
    for number, start in enumerate(range(0, len(texts), PASSAGES_PER_DOCUMENT)):
        document, chunks = joined(f"load-{number}", texts[start : start + PASSAGES_PER_DOCUMENT])
        index.replace(document, chunks, *embeddings.passages([chunk.text for chunk in chunks]))
        if progress:
            progress(start + len(chunks))


def joined(name: str, texts: Sequence[str]) -> tuple[Document, list[Chunk]]:
    """One document of several passages, each a chunk."""
    lines = [" ".join(text.split()) or "-" for text in texts]
    document = to_document(Passage(name, name, "\n".join(lines)))
    chunks = [
        Chunk(
            id=f"{name}-{number}",
            document_id=name,
            title=name,
            text=document.text[block.start : block.end],
            start=block.start,
            end=block.end,
        )
        for number, block in enumerate(document.blocks)
    ]
    return document, chunks


def _random_unit(generator: np.random.Generator, rows: int, dimensions: int) -> Matrix:
    drawn = generator.standard_normal((rows, dimensions), np.float32)
    unit: Matrix = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def seconds_each(function: Callable[[Item], object], items: Iterable[Item]) -> list[float]:
    """How long `function` takes for each of `items`."""
    seconds = []
    for item in items:
        begun = time.perf_counter()
        function(item)
        seconds.append(time.perf_counter() - begun)
    return seconds


def milliseconds(seconds: Sequence[float]) -> float:
    """The median of `seconds`, in milliseconds."""
    return statistics.median(seconds) * 1000
