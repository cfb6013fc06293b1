"""A data set and a retriever -> a report. The retriever is the one that shoppers' questions meet.

What is ranked are passages: the chunks of one passage collapse to its best.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Protocol

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import Dataset, Query, to_document
from rag_cs.evaluation.metrics import (
    Interval,
    Latency,
    bootstrap,
    latency,
    ndcg,
    recall,
    reciprocal_rank,
)
from rag_cs.evaluation.slices import slices_of
from rag_cs.index.base import ChunkIndex, Filters
from rag_cs.ingest import Ingester
from rag_cs.retrieve import MAX_TOP_K
from rag_cs.rewrite import rewrite
from rag_cs.types import Hit

SAMPLE_SEED = 20240607
# Documents chunked and embedded together: their chunks are batched by length.
DOCUMENTS_PER_BATCH = 256

_MEASURES: Mapping[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "ndcg@10": lambda ranked, grades: ndcg(ranked, grades, 10),
    "recall@1": lambda ranked, grades: recall(ranked, grades, 1),
    "recall@5": lambda ranked, grades: recall(ranked, grades, 5),
    "recall@10": lambda ranked, grades: recall(ranked, grades, 10),
    "mrr@10": lambda ranked, grades: reciprocal_rank(ranked, grades, 10),
}
MEASURES = tuple(_MEASURES)

Progress = Callable[[int, int], None]
"""Called with the number of items done and of items in all."""


class Searcher(Protocol):
    """What is measured: `rag_cs.retrieve.Retriever`, or something that answers like it."""

    def search(
        self, queries: Sequence[str], top_k: int = 10, filters: Filters | None = None
    ) -> list[Hit]:
        """The `top_k` best hits for any of `queries`, best first."""
        ...


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One query's ranking, best passage first, its measures, the seconds of its search, and the
    slices it belongs to."""

    query_id: str
    ranked: tuple[str, ...]
    measures: Mapping[str, float]
    seconds: float
    slices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """One run over one data set. `measures` has the keys of MEASURES; `recall_curve` is the mean
    recall at 1, 2, … `top_k`; `slices` holds each slice's nDCG@10 and number of queries.

    The latency is that of a whole search, the embedding of the query included. `index_bytes` is
    what the store takes on disk, `peak_bytes` the most memory the process ever held, models and
    earlier data sets included; both are 0 where nobody measured them.
    """

    dataset: str
    passages: int
    use_history: bool
    filter_field: str | None
    top_k: int
    measures: Mapping[str, Interval]
    latency: Latency
    recall_curve: tuple[float, ...]
    slices: Mapping[str, tuple[Interval, int]]
    results: tuple[QueryResult, ...]
    index_bytes: int = 0
    peak_bytes: int = 0


def build_index(
    dataset: Dataset, index: ChunkIndex, ingester: Ingester, progress: Progress | None = None
) -> int:
    """Make `index`, which `ingester` writes to, hold exactly the passages of `dataset`.

    Passages it holds already are left as they are, so that an index can be kept between runs;
    the number of those that were added is returned. `progress` counts passages.
    """
    held = {record.id: record.sha256 for record in index.documents()}
    wanted = [to_document(passage) for passage in dataset.passages]
    for identifier in held.keys() - {document.id for document in wanted}:
        index.delete(identifier)
    missing = [document for document in wanted if held.get(document.id) != document.sha256]
    for start in range(0, len(missing), DOCUMENTS_PER_BATCH):
        batch = missing[start : start + DOCUMENTS_PER_BATCH]
        ingester.add(batch)
        if progress:
            progress(start + len(batch), len(missing))
    return len(missing)


def evaluate_retrieval(
    dataset: Dataset,
    retriever: Searcher,
    *,
    limit: int | None = None,
    use_history: bool = False,
    filter_field: str | None = None,
    top_k: int = 10,
    progress: Progress | None = None,
) -> RetrievalReport:
    """Search for every query that has a relevant passage, or for `limit` of them, and measure.

    `use_history` rewrites a query with its conversation, as the assistant does; without it the
    last turn stands alone. `filter_field` names a metadata field whose value a passage must
    share with the query. Raises InvalidInput when a query lacks that field, and what the
    retriever raises.
    """
    queries = sample_queries(dataset.judged_queries(), limit)
    if not queries:
        raise InvalidInput(f"{dataset.name} has no query with a relevant passage to look for.")
    passages = {passage.id: passage for passage in dataset.passages}
    retriever.search(["warm up 预热"], top_k)
    results = []
    for query in queries:
        result = _evaluate_query(dataset, retriever, query, use_history, filter_field, top_k)
        grades = dataset.relevant[query.id]
        relevant = [passages[identifier] for identifier, grade in grades.items() if grade > 0]
        results.append(replace(result, slices=slices_of(query, relevant)))
        if progress:
            progress(len(results), len(queries))
    return RetrievalReport(
        dataset=dataset.name,
        passages=len(dataset.passages),
        use_history=use_history,
        filter_field=filter_field,
        top_k=top_k,
        measures={
            name: bootstrap([result.measures[name] for result in results]) for name in MEASURES
        },
        latency=latency([result.seconds for result in results]),
        recall_curve=tuple(
            mean(recall(each.ranked, dataset.relevant[each.query_id], k) for each in results)
            for k in range(1, top_k + 1)
        ),
        slices=_by_slice(results),
        results=tuple(results),
    )


def _by_slice(results: Sequence[QueryResult]) -> dict[str, tuple[Interval, int]]:
    """The nDCG@10 and the number of queries of each slice, by name."""
    values: dict[str, list[float]] = {}
    for result in results:
        for name in result.slices:
            values.setdefault(name, []).append(result.measures["ndcg@10"])
    return {name: (bootstrap(some), len(some)) for name, some in sorted(values.items())}


def sample_queries(queries: Sequence[Query], limit: int | None) -> list[Query]:
    """`limit` of the queries, in their order, always the same ones. Raises InvalidInput for a
    limit below 1."""
    if limit is not None and limit < 1:
        raise InvalidInput(f"The limit is {limit}; at least one query must be searched for.")
    if limit is None or limit >= len(queries):
        return list(queries)
    chosen = random.Random(SAMPLE_SEED).sample(range(len(queries)), limit)  # noqa: S311
    return [queries[position] for position in sorted(chosen)]


def filters_of(query: Query, field: str | None) -> dict[str, str] | None:
    """The filter that restricts a search to passages which share `field` with the query."""
    if field is None:
        return None
    if field not in query.metadata:
        raise InvalidInput(
            f"Query {query.id!r} has no `metadata.{field}` to filter by. It has: "
            f"{', '.join(query.metadata) or 'none'}."
        )
    return {field: query.metadata[field]}


def _evaluate_query(
    dataset: Dataset,
    retriever: Searcher,
    query: Query,
    use_history: bool,
    filter_field: str | None,
    top_k: int,
) -> QueryResult:
    filters = filters_of(query, filter_field)
    wordings = rewrite(query.text, query.history if use_history else ())
    begun = time.perf_counter()
    hits = retriever.search(wordings, top_k, filters)
    seconds = time.perf_counter() - begun
    ranked = passages_of(hits)
    if len(ranked) < top_k == len(hits):
        # Several chunks of one passage took places; a longer list makes up for them. It isn't
        # timed: nobody but a measure of passages needs it.
        ranked = passages_of(retriever.search(wordings, MAX_TOP_K, filters))[:top_k]
    grades = dataset.relevant[query.id]
    measures = {name: measure(ranked, grades) for name, measure in _MEASURES.items()}
    return QueryResult(query.id, tuple(ranked), measures, seconds)


def passages_of(hits: Sequence[Hit]) -> list[str]:
    """The ids of the hits' documents, each once, by their best hit."""
    return list(dict.fromkeys(hit.chunk.document_id for hit in hits))
