from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag_cs.errors import IndexDamaged, InvalidInput
from rag_cs.index.embedded import DATABASE_NAME, SNAPSHOT_NAME, EmbeddedIndex
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings

DOCUMENTS = [make_document(f"d{n}", f"fact number {n}") for n in range(20)]


def everything(index: EmbeddedIndex) -> list[str]:
    query = np.array(HashEmbeddings().embed_query("fact"), np.float32)
    numbers = index.search_dense(query, 100).numbers.tolist()
    return sorted(chunk.text for chunk in index.chunks(numbers).values())


WANTED = sorted(document.text for document in DOCUMENTS)


def test_a_snapshot_and_the_rows_after_it_make_the_whole(tmp_path: Path) -> None:
    index = make_index(tmp_path, *DOCUMENTS[:10])
    index.save()
    index.close()
    index = make_index(tmp_path, *DOCUMENTS[10:])
    index.delete(DOCUMENTS[0].id)
    index.close()
    assert everything(make_index(tmp_path)) == sorted(d.text for d in DOCUMENTS[1:])


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_or_missing_snapshot_is_rebuilt(tmp_path: Path, damage: bytes | None) -> None:
    index = make_index(tmp_path, *DOCUMENTS)
    index.save()
    index.close()
    if damage is None:
        (tmp_path / SNAPSHOT_NAME).unlink()
    else:
        (tmp_path / SNAPSHOT_NAME).write_bytes(damage)
    assert everything(make_index(tmp_path)) == WANTED


def test_a_store_of_another_embedder_is_refused_and_kept(tmp_path: Path) -> None:
    make_index(tmp_path, *DOCUMENTS).close()
    with pytest.raises(InvalidInput, match="built with embedder 'hash@1'"):
        EmbeddedIndex(tmp_path, dimensions=64, embedder="other@1")
    assert everything(make_index(tmp_path)) == WANTED


def test_a_file_that_is_no_database_gets_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"this is no database at all" * 100)
    with pytest.raises(IndexDamaged, match="is damaged"):
        make_index(tmp_path)


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    index = make_index(tmp_path, *DOCUMENTS)
    with pytest.raises(ValueError, match="0 chunks, 1 vectors"):
        index.replace(DOCUMENTS[0], [], np.zeros((1, 64), np.float32))
    assert everything(index) == WANTED


def test_terms_in_nearly_every_chunk_are_left_out_of_an_expensive_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag_cs.index.lexical.POSTINGS_BUDGET", 5)
    index = make_index(tmp_path, *DOCUMENTS)
    numbers = index.search_lexical(["fact", "number", "7"], 50).numbers.tolist()
    assert [chunk.text for chunk in index.chunks(numbers).values()] == ["fact number 7"]
    assert len(index.search_lexical(["fact"], 50).numbers) == 20
