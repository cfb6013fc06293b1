"""Reports -> pages to look at. Knows what a person wants to see of a run, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag_cs.evaluation import html
from rag_cs.evaluation.charts import bars, curves, differences, histogram
from rag_cs.evaluation.comparison import Comparison, gain_of
from rag_cs.evaluation.datasets import Dataset, Passage
from rag_cs.evaluation.metrics import Interval
from rag_cs.evaluation.reports import machine
from rag_cs.evaluation.runs import MEASURES, QueryResult, RetrievalReport

# Queries shown to be read: enough to see a pattern, few enough to be read.
MOST_SHOWN = 25
_SHOWN_CHARACTERS = 160


def retrieval_page(runs: Sequence[tuple[Dataset, RetrievalReport]]) -> str:
    """Every data set's measures side by side, then each one's slices, times and failures."""
    reports = [report for _, report in runs]
    recalls = {report.dataset: report.recall_curve for report in reports}
    every = {report.dataset: report.measures["ndcg@10"] for report in reports}
    sections = [
        html.section(
            "All data sets",
            html.table(["data set", "queries", *MEASURES], [_row(report) for report in reports]),
            bars(every, "nDCG@10, per cent, with 95% intervals"),
        ),
        html.section("Recall at k", curves(recalls, "k: passages read", "recall, per cent")),
        html.section(
            "Latency",
            html.text("Of whole searches, the embedding of the query included."),
            histogram({each.dataset: _milliseconds(each) for each in reports}, "milliseconds"),
            html.table(
                ["data set", "p50 ms", "p95 ms", "p99 ms"], [_times(each) for each in reports]
            ),
        ),
    ]
    return html.page(
        "How well passages are found", _note(), sections + [_run(*run) for run in runs]
    )


def _run(dataset: Dataset, report: RetrievalReport) -> str:
    settings = [
        f"{report.passages:,} passages, {report.index_bytes / 1e6:.1f} MB on disk",
        f"memory of the process at most {report.peak_bytes / 1e6:,.0f} MB",
        "with the conversation before each query" if report.use_history else "last turn alone",
        f"only passages of the query's {report.filter_field}" if report.filter_field else "",
    ]
    slices = {f"{name} ({count:,})": value for name, (value, count) in report.slices.items()}
    failures = sorted(
        (each for each in report.results if each.measures["recall@10"] == 0),
        key=lambda each: each.query_id,
    )
    rows = [_failure(dataset, each) for each in failures[:MOST_SHOWN]]
    lost = f"{len(failures):,} of {len(report.results):,} queries found nothing relevant in ten"
    return html.section(
        report.dataset,
        html.text(", ".join(filter(None, settings)) + "."),
        bars(slices, "nDCG@10 by kind of query, per cent"),
        html.folded(lost, html.table(["query", "what answers it", "what came first"], rows)),
    )


def comparison_page(names: tuple[str, str], compared: Sequence[tuple[Dataset, Comparison]]) -> str:
    """Two configurations: each data set's measures in both, and the queries that differ."""
    gains = {each.dataset: each.measures["ndcg@10"].gain for _, each in compared}
    rows = [_gain(each, name) for _, each in compared for name in MEASURES]
    summary = html.section(
        "All data sets",
        html.table(["data set", "measure", *names, "gain", "95% interval", "p"], rows),
        html.text(
            "p: how often random signs would make a difference as large (Fisher's randomisation "
            "test). Below 0.05 the difference is hardly chance."
        ),
    )
    title = f"{names[0]} against {names[1]}"
    best = max(gains, key=lambda name: gains[name].mean)
    note = f"{_note()} Greatest gain: {best}."
    return html.page(title, note, [summary, *(_compared(names, *each) for each in compared)])


def _compared(names: tuple[str, str], dataset: Dataset, comparison: Comparison) -> str:
    wins, ties, losses = comparison.wins_ties_losses
    better = comparison.pairs[: min(MOST_SHOWN, wins)]
    worse = comparison.pairs[::-1][: min(MOST_SHOWN, losses)]
    header = ["query", "what answers it", f"rank: {names[0]}", f"rank: {names[1]}", "first now"]
    return html.section(
        comparison.dataset,
        html.figures({"better": f"{wins:,}", "the same": f"{ties:,}", "worse": f"{losses:,}"}),
        differences(comparison.gains, "difference in nDCG@10"),
        html.folded(
            f"Better with {names[1]}",
            html.table(header, [_pair(dataset, *each) for each in better]),
        ),
        html.folded(
            f"Worse with {names[1]}", html.table(header, [_pair(dataset, *each) for each in worse])
        ),
    )


def differing_queries(dataset: Dataset, comparison: Comparison, most: int) -> list[list[str]]:
    """The `most` queries that differ most, as rows for a terminal: query, what answers it, its
    rank in both runs, and what the second run puts first."""
    changed = sorted(comparison.pairs, key=lambda pair: -abs(gain_of(pair)))
    return [
        [str(cell) for cell in _pair(dataset, *pair)] for pair in changed[:most] if gain_of(pair)
    ]


def _row(report: RetrievalReport) -> list[html.Cell]:
    return [
        report.dataset,
        len(report.results),
        *(_with_interval(report.measures[name]) for name in MEASURES),
    ]


def _with_interval(value: Interval) -> str:
    return f"{100 * value.mean:.1f} ({100 * value.low:.1f} to {100 * value.high:.1f})"


def _times(report: RetrievalReport) -> list[html.Cell]:
    times = report.latency
    return [
        report.dataset, times.p50_milliseconds, times.p95_milliseconds, times.p99_milliseconds,
    ]  # fmt: skip


def _milliseconds(report: RetrievalReport) -> list[float]:
    return [1000 * result.seconds for result in report.results]


def _gain(comparison: Comparison, name: str) -> list[html.Cell]:
    found = comparison.measures[name]
    gain = found.gain
    news = "" if found.p_value >= 0.05 else "+ " if gain.mean > 0 else "- "
    return [
        comparison.dataset, name, 100 * found.first, 100 * found.second,
        f"{news}{100 * gain.mean:+.1f}",
        f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}", f"{found.p_value:.4f}",
    ]  # fmt: skip


def _failure(dataset: Dataset, result: QueryResult) -> list[html.Cell]:
    passages = _passages(dataset)
    return [_query(dataset, result), _answer(dataset, result, passages), _first(result, passages)]


def _pair(dataset: Dataset, first: QueryResult, second: QueryResult) -> list[html.Cell]:
    passages = _passages(dataset)
    return [
        _query(dataset, first),
        _answer(dataset, first, passages),
        _rank(dataset, first),
        _rank(dataset, second),
        _first(second, passages),
    ]


def _passages(dataset: Dataset) -> Mapping[str, Passage]:
    return {passage.id: passage for passage in dataset.passages}


def _query(dataset: Dataset, result: QueryResult) -> str:
    return next(query.text for query in dataset.queries if query.id == result.query_id)


def _answer(dataset: Dataset, result: QueryResult, passages: Mapping[str, Passage]) -> str:
    grades = dataset.relevant[result.query_id]
    return _shown(passages[max(grades, key=lambda identifier: grades[identifier])])


def _first(result: QueryResult, passages: Mapping[str, Passage]) -> str:
    return _shown(passages[result.ranked[0]]) if result.ranked else "nothing"


def _rank(dataset: Dataset, result: QueryResult) -> str:
    grades = dataset.relevant[result.query_id]
    ranks = (rank for rank, each in enumerate(result.ranked, 1) if grades.get(each, 0) > 0)
    return str(next(ranks, f"beyond {len(result.ranked)}"))


def _shown(passage: Passage) -> str:
    words = " ".join(f"{passage.title}: {passage.text}".strip(": ").split())
    return words if len(words) <= _SHOWN_CHARACTERS else f"{words[:_SHOWN_CHARACTERS]}…"


def _note() -> str:
    where = machine()
    return f"{where['cores']} cores, {where['processor']}, Python {where['python']}."
