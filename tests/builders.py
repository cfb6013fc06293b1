"""Documents and chunks for tests, without readers or models."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rag_cs.chunk import chunk
from rag_cs.index.base import Matrix
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.rerank import TokenEncoder
from rag_cs.text import detect_language
from rag_cs.types import Block, Chunk, Document
from tests.fakes import HashEmbeddings


def make_document(
    source: str, *paragraphs: str, title: str = "", metadata: Mapping[str, str] | None = None
) -> Document:
    text, blocks = "", []
    for paragraph in paragraphs:
        text += "\n\n" if text else ""
        blocks.append(Block("paragraph", len(text), len(text) + len(paragraph)))
        text += paragraph
    return Document(
        id=hashlib.sha256(source.encode()).hexdigest()[:16],
        source=source,
        title=title or source,
        text=text,
        blocks=tuple(blocks),
        media_type="text/plain",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        language=detect_language(text),
        metadata=metadata or {},
    )


def chunks_and_vectors(
    document: Document, embeddings: HashEmbeddings, max_tokens: int = 60
) -> tuple[list[Chunk], Matrix]:
    chunks = chunk(document, embeddings.count_tokens, max_tokens=max_tokens, min_tokens=1)
    rows = embeddings.embed_documents([part.embedded_text for part in chunks])
    return chunks, np.array(rows, np.float32).reshape(len(chunks), embeddings.dimensions)


def make_index(
    folder: Path, *documents: Document, embeddings: HashEmbeddings | None = None
) -> EmbeddedIndex:
    embeddings = embeddings or HashEmbeddings()
    index = EmbeddedIndex(folder, dimensions=embeddings.dimensions, embedder=embeddings.fingerprint)
    for document in documents:
        chunks, rows = chunks_and_vectors(document, embeddings)
        texts = [part.embedded_text for part in chunks]
        codes = embeddings.passages(texts)[1] if isinstance(embeddings, TokenEncoder) else []
        index.replace(document, chunks, rows, codes)
    return index


def make_chunk(text: str, document: str = "a.md", start: int = 0, **fields: Any) -> Chunk:
    """One chunk by itself, of the document of that source."""
    document_id = hashlib.sha256(document.encode()).hexdigest()[:16]
    titled = {"title": document} | fields
    return Chunk(f"{document_id}-{start}", document_id, text=text, start=start,
                 end=start + len(text), **titled)  # fmt: skip
