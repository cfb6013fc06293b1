from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rag_cs.crossing import Crossing
from rag_cs.errors import InvalidInput
from rag_cs.index.base import ChunkIndex
from rag_cs.retrieve import MAX_QUERY_CHARACTERS, MOST_RAISED, Retriever, Weights, fuse
from rag_cs.types import Document, Hit
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings, LeaningEmbeddings

DOCUMENTS = [
    make_document("returns.md", "Unused goods can be returned within 7 days."),
    make_document("运费.md", "满199元包邮，偏远地区除外。"),
    make_document("codes.csv", "Code: AQ-300/B; Price: 1299"),
    make_document("codes2.csv", "Code: AQ-300/C; Price: 1399", metadata={"region": "cn"}),
]


@pytest.fixture
def retriever(tmp_path: Path) -> Retriever:
    return Retriever(make_index(tmp_path, *DOCUMENTS), HashEmbeddings())


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("can I return unused goods", "returns.md"),
        ("偏遠地區包郵嗎", "运费.md"),
        ("ＡＱ300B", "codes.csv"),
        ("price of aq-300/c", "codes2.csv"),
    ],
)
def test_the_right_passage_comes_first(retriever: Retriever, query: str, title: str) -> None:
    hits = retriever.search([query], top_k=4)
    assert hits[0].chunk.title == title
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_several_wordings_share_one_ranking(retriever: Retriever) -> None:
    hits = retriever.search(["unused goods returned", "满199元包邮"], top_k=2)
    assert {hit.chunk.title for hit in hits} == {"returns.md", "运费.md"}


def test_filters_reach_the_search(retriever: Retriever) -> None:
    hits = retriever.search(["price of aq-300/b"], filters={"region": "cn"})
    assert [hit.chunk.title for hit in hits] == ["codes2.csv"]


def test_the_day_decides_what_is_searched_and_is_today_by_default(tmp_path: Path) -> None:
    fields = [{"effective_from": "2025-01-01"}, {"effective_from": "2026-01-01"}]
    old, new = (
        make_document(f"{n}.md", f"Filters cost {n} yuan.", title="Filters", metadata=metadata)
        for n, metadata in enumerate(fields)
    )
    clock = lambda: date(2026, 3, 1)  # noqa: E731
    retriever = Retriever(make_index(tmp_path, old, new), HashEmbeddings(), clock=clock)
    (hit,) = retriever.search(["what do filters cost"])
    assert hit.chunk.text == new.text
    (hit,) = retriever.search(["what do filters cost"], as_of=date(2025, 3, 1))
    assert hit.chunk.text == old.text
    assert retriever.search(["what do filters cost"], as_of=date(2024, 3, 1)) == []


@pytest.mark.parametrize("top_k", [0, -1, 101, 10**9])
def test_an_absurd_top_k_is_refused(retriever: Retriever, top_k: int) -> None:
    with pytest.raises(InvalidInput, match="between 1 and 100"):
        retriever.search(["price"], top_k)


@pytest.mark.parametrize("query", ["", "   \n", "?" * (MAX_QUERY_CHARACTERS + 1)])
def test_an_empty_or_endless_query_is_refused(retriever: Retriever, query: str) -> None:
    with pytest.raises(InvalidInput, match="question"):
        retriever.search([query])


@pytest.mark.parametrize("query", ["?", "😀", "a", "Что это?", '"', "NOT", "a AND"])
def test_odd_queries_are_searched_without_a_fuss(retriever: Retriever, query: str) -> None:
    assert len(retriever.search([query])) <= len(DOCUMENTS)


def test_an_empty_store_has_no_hits(tmp_path: Path) -> None:
    retriever = Retriever(make_index(tmp_path), HashEmbeddings())
    assert retriever.search(["anything"]) == []


scores = hnp.arrays(np.float32, st.integers(0, 20), elements=st.floats(0, 50, width=32))


class Contrary:
    """A reranker that prefers what the halves like least: the higher number."""

    def scores(self, query: str, numbers: np.ndarray, index: ChunkIndex) -> np.ndarray:
        return numbers.astype(np.float32)


def test_a_reranker_has_its_weight(tmp_path: Path) -> None:
    index = make_index(tmp_path, *DOCUMENTS)
    weights = Weights(dense=0.1, lexical=0.1, reranked=0.8)
    hits = Retriever(index, HashEmbeddings(), Contrary(), weights).search(["unused goods"])
    assert hits[0].chunk.title == "codes2.csv"
    ignored = Weights(dense=0.5, lexical=0.5, reranked=0.0)
    hits = Retriever(index, HashEmbeddings(), Contrary(), ignored).search(["unused goods"])
    assert hits[0].chunk.title == "returns.md"


@given(scores)
def test_fused_scores_lie_between_0_and_1_and_keep_an_order_both_halves_share(
    values: np.ndarray,
) -> None:
    fused = fuse(values, values)
    assert ((fused >= 0) & (fused <= 1.0001)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(fused[order]) >= 0).all()


LEANING = LeaningEmbeddings()
ENGLISH = [make_document(f"{n}.md", f"The filter of series {n} is white.") for n in range(60)]
CHINESE = make_document("滤网.md", "AQ300 滤网的价格是 89 元")


def found(index: ChunkIndex, query: str, crossing: Crossing | None, **more: Any) -> list[Hit]:
    retriever = Retriever(index, LEANING, crossing=crossing)
    return retriever.search([query], **more)


def test_what_stands_in_the_other_language_alone_is_found(tmp_path: Path) -> None:
    index = make_index(tmp_path, *ENGLISH, CHINESE, embeddings=LEANING)
    query = "is the white filter of this series ¥89"
    assert CHINESE.title not in {hit.chunk.title for hit in found(index, query, None)}
    assert CHINESE.title in {hit.chunk.title for hit in found(index, query, Crossing(LEANING))}


@pytest.mark.parametrize(
    ("documents", "query", "more"),
    [
        (ENGLISH, "series 7 filter", {}),
        (ENGLISH, "七系列的滤网", {}),
        ([*ENGLISH, CHINESE], "AQ-300", {}),
        ([*ENGLISH, CHINESE], "series 7 filter", {"filters": {"language": "en"}}),
        ([*ENGLISH, CHINESE], "is the white filter of this series ¥89", {"across": False}),
    ],
    ids=["one language", "the other one alone", "codes alone", "a filter", "not asked for"],
)
def test_where_there_is_nothing_to_cross_the_search_is_as_without(
    tmp_path: Path, documents: list[Document], query: str, more: dict[str, Any]
) -> None:
    index = make_index(tmp_path, *documents, embeddings=LEANING)
    with_it = found(index, query, Crossing(LEANING), **more)
    assert with_it == found(index, query, None, **more)


def test_whatever_found_it_a_passage_in_the_other_language_counts_more(tmp_path: Path) -> None:
    index = make_index(tmp_path, *ENGLISH[:3], CHINESE, embeddings=LEANING)
    query = "aq300 please"
    plain = {hit.chunk.title: hit.score for hit in found(index, query, None)}
    crossed = {hit.chunk.title: hit.score for hit in found(index, query, Crossing(LEANING))}
    assert plain[CHINESE.title] < crossed[CHINESE.title]


def test_the_other_language_does_not_crowd_out_the_question_s_own(tmp_path: Path) -> None:
    chinese = [make_document(f"滤网{n}.md", f"{n} 系列 filter 是白色的") for n in range(6)]
    index = make_index(tmp_path, *ENGLISH[:6], *chinese, embeddings=LEANING)
    plain, crossed = (
        {hit.chunk.title: hit.score for hit in found(index, "a white filter", crossing, top_k=12)}
        for crossing in (None, Crossing(LEANING))
    )
    raised = [title for title, score in crossed.items() if score > plain[title] + 0.2]
    assert len(raised) == MOST_RAISED
    assert all(title.startswith("滤网") for title in raised)
