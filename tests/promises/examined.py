"""What a process sees of a store whose files were damaged, told to another that must not die."""

from __future__ import annotations

import hashlib
import json
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from rag_cs.errors import RagError
from rag_cs.index import vectors
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import SNAPSHOT_NAME
from rag_cs.index.verify import find_faults
from rag_cs.retrieve import Retriever
from rag_cs.stores.conversations import Conversations
from tests.fakes import TokenHashEmbeddings

EMBEDDINGS = TokenHashEmbeddings()
QUESTIONS = ("How high is vase 7?", "Within how many days do goods go back?", "灯多少钱？")


def look(folder: Path) -> Any:
    """All that a store says: documents, chunks, hits with their scores, conversations."""
    index = EmbeddedIndex(folder, dimensions=EMBEDDINGS.dimensions, embedder=EMBEDDINGS.fingerprint)
    try:
        records = index.documents()
        numbers = index.search_dense(np.ones(64, np.float32) / 8, 500).numbers.tolist()
        retriever = Retriever(index, EMBEDDINGS)
        hits = [retriever.search([question], 5) for question in QUESTIONS]
        held = index.vectors(np.array(sorted(numbers), np.int64))
        codes = index.token_codes(np.array(sorted(numbers), np.int64))
        return [
            [repr(each) for each in records],
            [index.document(each.id).text for each in records],
            [repr(each) for _, each in sorted(index.chunks(numbers).items())],
            [repr(each) for each in hits],
            hashlib.sha256(b"".join(each.tobytes() for each in held.values())).hexdigest(),
            hashlib.sha256(b"".join(codes[n] for n in sorted(codes))).hexdigest(),
            [repr(each) for each in Conversations(index.engine).history("talk")],
        ]
    finally:
        index.close()


def examine(folder: Path, sender: Connection) -> None:
    """First a verification, then a look; with FAISS watched: it may only read what was checked."""
    read: list[bytes] = []
    original = vectors.faiss.deserialize_index

    def watched(payload: Any) -> Any:
        header, _, content = (folder / SNAPSHOT_NAME).read_bytes().partition(b"\n")
        assert json.loads(header)["sha256"] == hashlib.sha256(content).hexdigest()
        read.append(content)
        return original(payload)

    vectors.faiss.deserialize_index = watched
    told: dict[str, Any] = {"faults": [], "error": "", "seen": None}
    try:
        told["faults"] = [fault.kind for fault in find_faults(folder)]
        told["seen"] = look(folder)
    except RagError as error:
        told["error"] = f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - it is told, and fails the proof
        told["odd"] = repr(error)
    told["read"] = len(read)
    sender.send(told)
