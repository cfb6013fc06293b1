from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag_cs.errors import InvalidInput, TooLarge, UnreadableDocument
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.ingest import Ingester, find_files
from tests.builders import make_index
from tests.fakes import HashEmbeddings


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    return make_index(tmp_path / "store")


@pytest.fixture
def ingester(index: EmbeddedIndex) -> Ingester:
    embeddings = HashEmbeddings()
    return Ingester(index, embeddings, embeddings.count_tokens)


def test_a_file_is_added_then_unchanged_then_replaced(
    ingester: Ingester, index: EmbeddedIndex
) -> None:
    seen: list[tuple[str, int, int]] = []
    first = ingester.ingest(b"# Returns\n\nWithin 7 days.", "a.md", lambda *step: seen.append(step))
    assert (first.outcome, first.chunks) == ("added", 1)
    assert seen == [("a.md", 1, 1)] * 2  # embedded; about to be written
    assert ingester.ingest(b"# Returns\n\nWithin 7 days.", "a.md").outcome == "unchanged"
    again = ingester.ingest(b"# Returns\n\nWithin 14 days.", "a.md")
    assert (again.outcome, again.document_id) == ("replaced", first.document_id)
    assert "14 days" in index.document(first.document_id).text
    assert len(index) == 1


class CountingEmbeddings(HashEmbeddings):
    """Notes how many texts it embedded."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += len(texts)
        return super().embed_documents(texts)


def test_only_what_changed_is_embedded_again(index: EmbeddedIndex) -> None:
    embeddings = CountingEmbeddings()
    ingester = Ingester(index, embeddings, embeddings.count_tokens)
    seen: list[tuple[str, int, int]] = []
    rows = [f"Why number {n}?,Because it is {n} and nothing else at all." for n in range(30)]
    pairs = "\n".join(["question,answer", *rows])
    ingester.ingest(pairs.encode(), "faq.csv")
    assert embeddings.embedded == 30
    changed = pairs.replace("it is 7 and", "it was 7 and")
    done = ingester.ingest(changed.encode(), "faq.csv", lambda *step: seen.append(step))
    assert (done.outcome, done.chunks, embeddings.embedded) == ("replaced", 30, 31)
    assert seen[-1] == ("faq.csv", 30, 30)
    query = np.array(embeddings.embed_query("Because it was 7"), np.float32)
    (best,) = index.search_dense(query, 1).numbers.tolist()
    assert "it was 7" in index.chunks([best])[best].text
    given = {"version": "2"}
    ingester.ingest(changed.encode(), "faq.csv", lambda *step: seen.append(step), given)
    assert embeddings.embedded == 31
    assert seen[-1] == ("faq.csv", 30, 30)


def test_dates_come_from_the_caller_or_the_file_and_new_ones_replace(
    ingester: Ingester, index: EmbeddedIndex
) -> None:
    data = "---\n生效日期: 2026年3月1日\n---\n# 礼品卡\n\n有效期三年。".encode()
    first = ingester.ingest(data, "a.md")
    assert index.document(first.document_id).metadata == {"effective_from": "2026-03-01"}
    given = {"effective_from": "2026-04-01", "version": "2"}
    assert ingester.ingest(data, "a.md", given=given).outcome == "replaced"
    assert index.document(first.document_id).metadata == given
    assert ingester.ingest(data, "a.md", given=given).outcome == "unchanged"
    assert ingester.ingest(data, "a.md").outcome == "unchanged"
    with pytest.raises(InvalidInput, match=r"b\.md: effective is 'soon'"):
        ingester.ingest(b"---\neffective: soon\n---\n# B\n\nWords.", "b.md")


def test_one_bad_file_never_stops_the_others(tmp_path: Path, ingester: Ingester) -> None:
    (tmp_path / "a.md").write_text("fine")
    (tmp_path / "b.pdf").write_bytes(b"not a PDF at all")
    (tmp_path / "c.txt").write_text("fine too")
    done = list(ingester.ingest_files(find_files([tmp_path])[0:3]))
    outcomes = {item.source: item.outcome for item in done if not item.source.startswith("store")}
    assert outcomes == {"a.md": "added", "b.pdf": "failed", "c.txt": "added"}
    assert "it holds text, not PDF" in next(item.reason for item in done if item.reason)


def test_a_bad_new_version_leaves_the_old_one(ingester: Ingester, index: EmbeddedIndex) -> None:
    ingester.ingest(b"good words", "a.txt")
    with pytest.raises(UnreadableDocument):
        ingester.ingest(b"", "a.txt")
    assert [record.source for record in index.documents()] == ["a.txt"]


def test_files_are_found_by_folder_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/x.md", "a.md", ".hidden/y.md", ".z"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert [source for source, _ in find_files([tmp_path / "docs"])] == ["a.md", "b/x.md"]
    assert [source for source, _ in find_files([tmp_path / "docs" / "b" / "x.md"])] == ["x.md"]


def test_missing_paths_and_clashing_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no file or folder"):
        find_files([tmp_path / "nowhere"])
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.md").write_text("x")
    with pytest.raises(InvalidInput, match=r"would both be stored as 'x\.md'"):
        find_files([tmp_path / "one", tmp_path / "two"])


def test_a_document_of_too_many_passages_is_refused(index: EmbeddedIndex) -> None:
    embeddings = HashEmbeddings()
    ingester = Ingester(index, embeddings, embeddings.count_tokens, max_chunks=2)
    rows = "name,price\n" + "\n".join(f"Kettle {n},{n}" for n in range(3))
    with pytest.raises(TooLarge, match="makes 3 passages; 2 is the limit"):
        ingester.ingest(rows.encode(), "prices.csv")
    assert index.documents() == []
