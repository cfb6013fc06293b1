"""What every `ChunkIndex` must do. Each implementation adds itself to `OPENERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag_cs.errors import NotFound
from rag_cs.index.base import ChunkIndex
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.text import search_terms
from rag_cs.types import Document
from tests.builders import chunks_and_vectors, make_document
from tests.fakes import HashEmbeddings

Opener = Callable[[Path], ChunkIndex]
EMBEDDINGS = HashEmbeddings()


def open_embedded(folder: Path) -> ChunkIndex:
    return EmbeddedIndex(folder, dimensions=EMBEDDINGS.dimensions, embedder=EMBEDDINGS.fingerprint)


OPENERS: list[Opener] = [open_embedded]


@pytest.fixture(params=OPENERS, ids=lambda opener: opener.__name__)
def opener(request: pytest.FixtureRequest) -> Opener:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def index(opener: Opener, tmp_path: Path) -> ChunkIndex:
    return opener(tmp_path / "store")


def put(index: ChunkIndex, document: Document) -> None:
    index.replace(document, *chunks_and_vectors(document, EMBEDDINGS))


def query(text: str) -> np.ndarray:
    return np.array(EMBEDDINGS.embed_query(text), np.float32)


RETURNS = make_document("returns.md", "Unused goods go back within 7 days.", "退货需在七天内申请。")
SHIPPING = make_document(
    "shipping.md", "Standard shipping costs 49 yuan.", metadata={"region": "cn"}
)
MANUAL = make_document("manual.md", "The filter of the AQ-300/B lasts 6 months.")


def found_texts(index: ChunkIndex, numbers: np.ndarray) -> list[str]:
    chunks = index.chunks(numbers.tolist())
    return [chunks[number].text for number in numbers.tolist()]


def test_the_languages_are_those_of_the_documents_that_are_there(index: ChunkIndex) -> None:
    assert index.languages() == set()
    put(index, SHIPPING)
    assert index.languages() == {"en"}
    put(index, chinese := make_document("运费.md", "满199元包邮。"))
    assert index.languages() == {"en", "zh"}
    index.delete(chinese.id)
    assert index.languages() == {"en"}


def test_dense_search_returns_what_brute_force_does(index: ChunkIndex) -> None:
    random = np.random.default_rng(7)
    rows = random.normal(size=(300, EMBEDDINGS.dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    document = make_document("many.md", *(f"paragraph {n}" for n in range(300)))
    chunks, _ = chunks_and_vectors(document, EMBEDDINGS, max_tokens=43)
    assert len(chunks) == 300
    index.replace(document, chunks, rows)
    for _ in range(20):
        wanted = random.normal(size=EMBEDDINGS.dimensions).astype(np.float32)
        found = index.search_dense(wanted, 10)
        order = np.argsort(-(rows @ wanted), kind="stable")[:10]
        assert found_texts(index, found.numbers) == [chunks[n].text for n in order]
        np.testing.assert_allclose(found.scores, (rows @ wanted)[order], rtol=1e-5)
        np.testing.assert_allclose(index.cosines(wanted, found.numbers), found.scores, rtol=1e-5)


def test_lexical_order_is_that_of_a_reference_bm25(index: ChunkIndex) -> None:
    random = np.random.default_rng(3)
    vocabulary = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)]
    # Zipfian words, none so frequent that FTS5's and Robertson's idf would differ (df < n / 2).
    weights = 1 / np.arange(8, 68)
    texts = [
        " ".join(random.choice(vocabulary, random.integers(5, 30), p=weights / weights.sum()))
        for _ in range(200)
    ]
    for number, text in enumerate(texts):
        document = make_document(f"d{number}", text)
        index.replace(document, *chunks_and_vectors(document, EMBEDDINGS, max_tokens=200))
    indexed = [list(search_terms(f"d{n}\n{text}")) for n, text in enumerate(texts)]
    reference = bm25s.BM25(method="robertson", k1=1.2, b=0.75)
    reference.index(indexed, show_progress=False)
    for _ in range(20):
        terms = random.choice(vocabulary, size=4, replace=False).tolist()
        expected = reference.get_scores(terms)
        found = index.search_lexical(terms, 10)
        names = [int(index.chunks([number])[number].title[1:]) for number in found.numbers.tolist()]
        ranked = sorted(expected, reverse=True)[: len(names)]
        np.testing.assert_allclose([expected[name] for name in names], ranked, rtol=1e-4)


def test_a_product_code_is_found_exactly(index: ChunkIndex) -> None:
    for document in (RETURNS, SHIPPING, MANUAL):
        put(index, document)
    found = index.search_lexical(search_terms("aq300b"), 5)
    assert found_texts(index, found.numbers) == ["The filter of the AQ-300/B lasts 6 months."]


def test_a_replaced_document_is_the_new_one_only(index: ChunkIndex) -> None:
    put(index, RETURNS)
    put(index, SHIPPING)
    newer = make_document("returns.md", "Goods go back within 14 days.")
    put(index, newer)
    assert index.document(RETURNS.id).text == newer.text
    assert len(index) == 2
    assert found_texts(index, index.search_lexical(search_terms("退货"), 5).numbers) == []
    assert found_texts(index, index.search_dense(query("go back 14"), 1).numbers) == [newer.text]


def test_a_deleted_document_is_gone_from_both_sides(index: ChunkIndex) -> None:
    for document in (RETURNS, SHIPPING):
        put(index, document)
    assert index.delete(RETURNS.id)
    assert not index.delete(RETURNS.id)
    for numbers in (
        index.search_dense(query("unused goods 7 days"), 10).numbers,
        index.search_lexical(search_terms("goods costs"), 10).numbers,
    ):
        assert found_texts(index, numbers) == [SHIPPING.text]
    assert [record.source for record in index.documents()] == ["shipping.md"]
    assert index.record(RETURNS.id) is None
    with pytest.raises(NotFound):
        index.document(RETURNS.id)


def test_what_was_stored_comes_back_after_reopening(opener: Opener, tmp_path: Path) -> None:
    index = opener(tmp_path / "store")
    put(index, RETURNS)
    put(index, SHIPPING)
    before = index.search_dense(query("shipping"), 5)
    index.close()
    again = opener(tmp_path / "store")
    after = again.search_dense(query("shipping"), 5)
    assert after.numbers.tolist() == before.numbers.tolist()
    assert after.scores.tolist() == before.scores.tolist()
    stored = again.document(SHIPPING.id)
    assert (stored.text, stored.metadata) == (SHIPPING.text, {"region": "cn"})
    record = again.record(SHIPPING.id)
    assert record is not None
    assert (record.chunks, record.characters) == (1, len(SHIPPING.text))


def test_two_openings_of_one_store_see_each_others_changes(opener: Opener, tmp_path: Path) -> None:
    here, there = opener(tmp_path / "store"), opener(tmp_path / "store")
    put(here, RETURNS)
    assert len(there.search_dense(query("goods"), 5).numbers) == 1
    there.delete(RETURNS.id)
    put(there, SHIPPING)
    numbers = here.search_dense(query("goods"), 5).numbers
    assert found_texts(here, numbers) == [SHIPPING.text]


def test_filters_restrict_both_halves_before_ranking(index: ChunkIndex) -> None:
    for number in range(30):
        put(index, make_document(f"x{number}", "shipping shipping shipping"))
    put(index, SHIPPING)
    for filters in ({"region": "cn"}, {"document_id": SHIPPING.id}):
        dense = index.search_dense(query("shipping"), 1, filters).numbers
        lexical = index.search_lexical(search_terms("shipping"), 1, filters).numbers
        assert found_texts(index, dense) == found_texts(index, lexical) == [SHIPPING.text]
    assert len(index.search_dense(query("shipping"), 1, {"region": "nowhere"}).numbers) == 0
    assert (
        len(index.search_lexical(search_terms("shipping"), 1, {"region": "nowhere"}).numbers) == 0
    )


OLD = make_document(
    "old.md", "Gift cards last 12 months.", title="Gift cards",
    metadata={"effective_from": "2025-01-01", "version": "1"},
)  # fmt: skip
NEW = make_document(
    "new.md", "Gift cards last 36 months.", title="Gift cards",
    metadata={"effective_from": "2026-01-01", "effective_until": "2026-12-31", "version": "2"},
)  # fmt: skip


def held(index: ChunkIndex, day: str | None, filters: dict[str, str] | None = None) -> list[str]:
    """What both halves find; each may find one chunk only, so ranking comes after the dates."""
    as_of = date.fromisoformat(day) if day else None
    dense = index.search_dense(query("gift cards 36"), 1, filters, as_of).numbers
    lexical = index.search_lexical(search_terms("cards 36"), 1, filters, as_of).numbers
    assert dense.tolist() == lexical.tolist()
    return found_texts(index, dense)


def test_only_what_is_in_force_on_the_day_is_searched(index: ChunkIndex) -> None:
    for document in (OLD, NEW):
        put(index, document)
    assert held(index, None) == held(index, "2026-06-01") == [NEW.text]
    assert held(index, "2025-06-01") == held(index, "2027-01-01") == [OLD.text]
    assert held(index, "2024-06-01") == []
    assert held(index, "2025-06-01", {"version": "2"}) == []
    assert held(index, "2026-06-01", {"version": "2", "language": "en"}) == [NEW.text]
    put(index, RETURNS)
    assert len(index.search_dense(query("gift"), 9, None, date(2026, 6, 1)).numbers) == 2


def test_a_change_of_the_store_changes_what_is_in_force(opener: Opener, tmp_path: Path) -> None:
    index, other = opener(tmp_path / "store"), opener(tmp_path / "store")
    plain = make_document("plain.md", "Gift cards are fine.", title="GIFT cards")
    put(index, plain)
    assert held(index, "2025-06-01") == [plain.text]
    put(other, OLD)
    assert held(index, "2025-06-01") == [OLD.text]
    put(index, NEW)
    assert held(other, "2026-06-01") == [NEW.text]
    assert other.delete(NEW.id)
    assert held(index, "2026-06-01") == [OLD.text]
    for day in range(1, 29):
        for month in range(1, 5):
            assert held(index, f"2024-{month:02}-{day:02}") == [plain.text]


def test_a_chunk_names_its_document_s_file_and_version(index: ChunkIndex) -> None:
    for document in (OLD, RETURNS):
        put(index, document)
    numbers = index.search_dense(query("gift"), 9).numbers.tolist()
    told = {(chunk.sha256, chunk.version) for chunk in index.chunks(numbers).values()}
    assert told == {(OLD.sha256, "1"), (RETURNS.sha256, "")}


def test_the_chunks_of_a_document_are_numbered_in_text_order(index: ChunkIndex) -> None:
    long = make_document("long.md", *(f"Paragraph {n} is about word{n}. " * 8 for n in range(9)))
    for document in (SHIPPING, long, RETURNS):
        put(index, document)
    numbers = index.numbers(long.id).tolist()
    chunks = index.chunks(numbers)
    starts = [chunks[number].start for number in numbers]
    assert starts == sorted(starts)
    assert len(starts) > 3
    assert {chunk.document_id for chunk in chunks.values()} == {long.id}
    assert not len(index.numbers("nothing"))


def test_which_versions_are_there_is_told(index: ChunkIndex) -> None:
    put(index, RETURNS)
    put(index, OLD)
    put(index, replace(OLD, sha256="1" * 64))
    versions = {(RETURNS.id, RETURNS.sha256), (OLD.id, OLD.sha256), ("nothing", "")}
    assert index.holds(versions) == {(RETURNS.id, RETURNS.sha256)}
    assert index.holds(set()) == set()


def test_a_change_without_a_permit_changes_nothing(index: ChunkIndex) -> None:
    put(index, RETURNS)

    def permit() -> None:
        raise KeyError("no")

    changed = replace(RETURNS, title="Other")
    chunks, rows = chunks_and_vectors(changed, EMBEDDINGS)
    with pytest.raises(KeyError):
        index.replace(changed, chunks, rows, (), permit)
    assert [record.title for record in index.documents()] == [RETURNS.title]


def test_an_empty_index_finds_nothing(index: ChunkIndex) -> None:
    assert len(index) == 0
    assert len(index.search_dense(query("anything"), 5).numbers) == 0
    assert len(index.search_lexical(search_terms("anything"), 5).numbers) == 0
    assert index.documents() == []
    assert index.chunks([]) == {}


steps = st.lists(
    st.tuples(st.sampled_from("pdr"), st.integers(0, 4), st.integers(1, 3)), max_size=15
)


@given(steps)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_of_changes_leaves_just_what_was_put_last(
    opener: Opener, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    index, wanted = opener(folder), {}
    for step, name, paragraphs in steps:
        if step == "p":
            parts = [f"text {name} version {paragraphs} part {n}" for n in range(paragraphs)]
            wanted[f"d{name}"] = make_document(f"d{name}", *parts)
            put(index, wanted[f"d{name}"])
        elif step == "d":
            gone = wanted.pop(f"d{name}", None)
            assert index.delete(make_document(f"d{name}", "").id) == (gone is not None)
        else:
            index.close()
            index = opener(folder)
    texts = sorted(
        part.text
        for document in wanted.values()
        for part in chunks_and_vectors(document, EMBEDDINGS)[0]
    )
    dense = index.search_dense(query("text"), 100).numbers
    lexical = index.search_lexical(search_terms("text"), 100).numbers
    assert sorted(found_texts(index, dense)) == texts
    assert sorted(found_texts(index, lexical)) == texts
