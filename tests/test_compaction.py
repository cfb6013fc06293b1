from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np
import pytest

from rag_cs.compaction import compact_store
from rag_cs.errors import Busy
from rag_cs.evaluation.question_file import read_questions, write_questions
from rag_cs.evaluation.questions import Question
from rag_cs.evaluation.regression import Files, check_store
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME
from rag_cs.index.traces import find_traces
from rag_cs.index.verify import erased, find_faults
from rag_cs.retrieve import Retriever
from rag_cs.stores.conversations import Conversations
from rag_cs.text import search_terms
from rag_cs.types import Citation, Document, Turn
from tests.builders import chunks_and_vectors, make_document, make_index
from tests.fakes import TokenHashEmbeddings

EMBEDDINGS = TokenHashEmbeddings()
WORDS = ("qzvxkwjqbplatypus", "xqjzwvkgondolier")
CANARY = f"# {WORDS[0]}: within 7 days of the {WORDS[1]} goods go back。紫色长颈鹿在月亮上跳舞"
DOCUMENTS = [
    make_document(f"d{n}.md", f"Parcel {n} waits for {n} days in the parcel locker of the station.")
    for n in range(40)
]
GONE = make_document("gone.md", "Nothing of note.", CANARY)
QUOTE_SPAN = (18, 18 + len(CANARY))
QUOTE = Citation(GONE.id, "c", "", None, *QUOTE_SPAN, CANARY, CANARY, GONE.sha256)


def put(index: EmbeddedIndex, document: Document) -> None:
    chunks, rows = chunks_and_vectors(document, EMBEDDINGS)
    codes = EMBEDDINGS.passages([part.embedded_text for part in chunks])[1]
    index.replace(document, chunks, rows, codes)


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    """A store that was used: asked, tested, changed; its log is not empty."""
    folder = tmp_path / "shop"
    index = make_index(folder, *DOCUMENTS[:20], GONE, *DOCUMENTS[20:], embeddings=EMBEDDINGS)
    said = [Turn("user", "How?"), Turn("assistant", CANARY)]
    Conversations(index.engine).append("talk", said, [QUOTE])
    question = Question("What?", "paragraph", "", "gone.md", CANARY, *QUOTE_SPAN)
    own = Question("Mine?", "own", "", "d1.md", DOCUMENTS[1].text, 0, len(DOCUMENTS[1].text))
    write_questions(Files.of(folder).questions, [question, own])
    check_store("shop", index, Retriever(index, EMBEDDINGS), Files.of(folder), top_k=3, accept=True)
    index.save()
    return index


def files_with(folder: Path, content: bytes) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.is_file() and content in p.read_bytes()]


def in_memory(index: EmbeddedIndex, number: int) -> bytes:
    """A chunk's vector as FAISS holds it, and the snapshot with it."""
    held = index._vectors._index
    codes = faiss.vector_to_array(faiss.downcast_index(held.index).codes).reshape(len(index), -1)
    row: bytes = codes[index._vectors.numbers().tolist().index(number)].tobytes()
    return row


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_nothing_is_left_on_the_disk(index: EmbeddedIndex, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "shop"
    number = int(index.numbers(GONE.id)[-1])
    vector = index.vectors(np.array([number]))[number].astype("<f4").tobytes()
    code = index.token_codes(np.array([number]))[number]
    rounded = in_memory(index, number)
    forms = {trace.form for trace in find_traces(folder, CANARY, WORDS)}
    assert forms >= {"text", "terms", f"word {WORDS[0]!r}", f"word {WORDS[1]!r}"}
    assert files_with(folder, vector)
    assert files_with(folder, rounded) == ["vectors.faiss"]
    if how == "deleted":
        index.delete(GONE.id)
    else:
        put(index, make_document("gone.md", "Nothing of note.", "It was never here."))
    assert erased(folder) == 1
    assert find_traces(folder, CANARY, WORDS) != []
    done = compact_store(folder)  # while the store is open
    assert (done.erased, done.questions) == (1, 1)
    assert find_traces(folder, CANARY, WORDS) == []
    for content in (vector, code, rounded):
        assert files_with(folder, content) == []
    assert erased(folder) == 0
    assert find_faults(folder) == []
    assert [each.question for each in read_questions(Files.of(folder).questions)] == ["Mine?"]
    hits = Retriever(index, EMBEDDINGS).search(["parcel 7 waits"], 3)
    assert hits[0].chunk.text == DOCUMENTS[7].text
    put(index, GONE)
    assert len(index.search_lexical(search_terms(WORDS[0]), 3).numbers) == 1
    index.close()
    assert find_faults(folder) == []


def test_what_another_program_deleted_without_care_goes_too(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    index.delete(GONE.id)
    compact_store(folder)
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        for command in ("INSERT INTO facts VALUES ('x', ?)", "DELETE FROM facts WHERE value = ?"):
            connection.execute(command, (CANARY,))
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert find_traces(folder, CANARY, WORDS) != []
    compact_store(folder)
    assert find_traces(folder, CANARY, WORDS) == []


def test_a_store_where_nothing_was_deleted_keeps_its_suite(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    done = compact_store(tmp_path / "shop")
    assert (done.erased, done.questions) == (0, 0)
    assert Files.of(tmp_path / "shop").page.exists()
    assert len(index) == 41


def test_a_log_that_is_read_all_the_time_is_told(
    index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag_cs.index.sqlite.TIMEOUT_SECONDS", 0.2)
    other = EmbeddedIndex(
        index._folder, dimensions=EMBEDDINGS.dimensions, embedder=EMBEDDINGS.fingerprint
    )
    with index.engine.begin() as reading:
        reading.exec_driver_sql("SELECT * FROM facts").all()
        with pytest.raises(Busy, match="is read all the time"):
            other.compact()
    other.compact()
    assert (index._folder / f"{DATABASE_NAME}-wal").stat().st_size == 0
