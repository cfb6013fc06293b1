from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import Dataset, Passage, Query
from rag_cs.evaluation.runs import (
    MEASURES,
    build_index,
    evaluate_retrieval,
    passages_of,
    sample_queries,
)
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.ingest import Ingester
from rag_cs.retrieve import Retriever
from rag_cs.types import Chunk, Hit, Turn
from tests.builders import make_index
from tests.fakes import HashEmbeddings

DATASET = Dataset(
    name="shop",
    passages=(
        Passage("returns", "Returns", "Unused goods can be returned within 7 days.", {"shop": "a"}),
        Passage("shipping", "Shipping", "Parcels leave the warehouse daily.", {"shop": "a"}),
        Passage("运费", "", "满199元包邮，偏远地区除外。", {"shop": "b"}),
        Passage("codes", "", "Returned goods of code AQ-300/B are tested.", {"shop": "b"}),
    ),
    queries=(
        Query("q1", "can unused goods be returned", metadata={"shop": "a"}),
        Query("q2", "偏远地区包邮吗", metadata={"shop": "b"}),
        Query(
            "q3",
            "within how many days?",
            history=(Turn("user", "AQ-300/B tested"), Turn("assistant", "Yes.")),
            metadata={"shop": "b"},
        ),
        Query("q4", "do you sell boats?"),
    ),
    relevant={"q1": {"returns": 2, "codes": 0}, "q2": {"运费": 1}, "q3": {"codes": 1}},
)


def open_index(folder: Path) -> tuple[EmbeddedIndex, Ingester, Retriever]:
    embeddings = HashEmbeddings()
    index = make_index(folder)
    return index, Ingester(index, embeddings, embeddings.count_tokens), Retriever(index, embeddings)


@dataclass
class ScriptedSearcher:
    """Ranks chunks as it is told to, and notes what it was asked."""

    ranked: Sequence[str]
    asked: list[tuple[Sequence[str], int, Mapping[str, str] | None]] = field(default_factory=list)

    def search(
        self, queries: Sequence[str], top_k: int = 10, filters: Mapping[str, str] | None = None
    ) -> list[Hit]:
        self.asked.append((queries, top_k, filters))
        chunks = (
            Chunk(
                id=f"{document}-{number}", document_id=document, title="", text="", start=0, end=0
            )
            for number, document in enumerate(self.ranked)
        )
        return [Hit(chunk, 1.0) for chunk in chunks][:top_k]


def test_a_data_set_is_indexed_and_measured(tmp_path: Path) -> None:
    index, ingester, retriever = open_index(tmp_path)
    seen: list[tuple[int, int]] = []
    added = build_index(DATASET, index, ingester, lambda done, total: seen.append((done, total)))
    assert (added, seen) == (4, [(4, 4)])
    report = evaluate_retrieval(DATASET, retriever)
    assert [result.query_id for result in report.results] == ["q1", "q2", "q3"]
    assert report.results[0].ranked[0] == "returns"
    assert report.results[1].measures["ndcg@10"] == 1
    assert tuple(report.measures) == MEASURES
    assert report.measures["recall@10"].mean == 1
    assert report.latency.p95_milliseconds >= report.latency.p50_milliseconds > 0


def test_a_kept_index_is_brought_up_to_date(tmp_path: Path) -> None:
    index, ingester, _ = open_index(tmp_path)
    build_index(DATASET, index, ingester)
    assert build_index(DATASET, index, ingester) == 0
    changed = replace(DATASET.passages[0], text="No returns.")
    smaller = replace(DATASET, passages=(changed, *DATASET.passages[2:]))
    assert build_index(smaller, index, ingester) == 1
    assert {record.id for record in index.documents()} == {"returns", "运费", "codes"}
    assert index.document("returns").text == "No returns."


def test_history_joins_the_search_only_when_asked_for() -> None:
    searcher = ScriptedSearcher(["codes"])
    evaluate_retrieval(DATASET, searcher)
    assert searcher.asked[-1][0] == ["within how many days?"]
    evaluate_retrieval(DATASET, searcher, use_history=True)
    assert searcher.asked[-1][0] == [
        "within how many days?",
        "within how many days? Yes. AQ-300/B tested",
    ]


def test_a_filter_takes_the_querys_own_value(tmp_path: Path) -> None:
    index, ingester, retriever = open_index(tmp_path)
    build_index(DATASET, index, ingester)
    report = evaluate_retrieval(DATASET, retriever, filter_field="shop")
    assert set(report.results[0].ranked) == {"returns", "shipping"}
    assert set(report.results[2].ranked) == {"运费", "codes"}


def test_a_query_without_the_field_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"'q1' has no `metadata.region`.*has: shop"):
        evaluate_retrieval(DATASET, ScriptedSearcher([]), filter_field="region")


def test_chunks_collapse_to_their_passage_and_more_are_asked_for() -> None:
    searcher = ScriptedSearcher(["shipping"] * 10 + ["returns", "codes"])
    report = evaluate_retrieval(DATASET, searcher, limit=None)
    assert report.results[0].ranked == ("shipping", "returns", "codes")
    assert report.results[0].measures["mrr@10"] == 0.5
    assert [top_k for _, top_k, _ in searcher.asked[1:3]] == [10, 100]


def test_the_best_hit_of_a_passage_counts() -> None:
    hits = ScriptedSearcher(["a", "b", "a", "c", "b"]).search(["x"])
    assert passages_of(hits) == ["a", "b", "c"]


def test_a_short_list_is_not_asked_for_again() -> None:
    searcher = ScriptedSearcher(["returns", "returns"])
    evaluate_retrieval(DATASET, searcher)
    assert {top_k for _, top_k, _ in searcher.asked} == {10}


def test_a_limit_samples_the_same_queries_in_their_order() -> None:
    queries = [Query(f"q{number}", "x") for number in range(100)]
    sample = sample_queries(queries, 10)
    assert sample == sample_queries(queries, 10)
    assert len({query.id for query in sample}) == 10
    assert sample == sorted(sample, key=queries.index)
    assert sample_queries(queries, 1000) == sample_queries(queries, None) == queries


@pytest.mark.parametrize("limit", [0, -5])
def test_an_absurd_limit_is_refused(limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        sample_queries([], limit)


def test_progress_counts_queries() -> None:
    seen: list[tuple[int, int]] = []
    evaluate_retrieval(
        DATASET, ScriptedSearcher([]), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
