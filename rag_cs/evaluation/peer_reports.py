"""A comparison's outcomes -> text and JSON. Knows how figures are shown, not how they came
about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rag_cs.evaluation.metrics import Interval
from rag_cs.evaluation.peers import Costs, PeerFailure, PeerRun
from rag_cs.evaluation.reports import machine

HELD_OUT_NOTE = (
    "Held out: nDCG over the queries that our token head can't have been trained on. It learned "
    "from the other half of some of these data sets, the peers' parts from none: compare here."
)
Outcome = PeerRun | PeerFailure
# What the columns of time leave unsaid.
TIMES_NOTE = (
    "Time, memory and disk: everything embedded by each system's own means, the model loaded "
    "before. Ingestion goes from texts in memory to an index on disk; a query includes its "
    "embedding; the peak is that of the whole process."
)
REMEMBERED_NOTE = (
    "Quality of the peers: with vectors that sentence-transformers computed once from the same "
    "weights. Ours embeds its own chunks with its own engine."
)


def comparison_text(outcomes: Sequence[Outcome], *, remembered: bool) -> str:
    """Every table: quality by data set, then times, then what failed."""
    runs = [outcome for outcome in outcomes if isinstance(outcome, PeerRun)]
    groups: dict[tuple[str, bool], list[PeerRun]] = {}
    for run in runs:
        groups.setdefault((run.dataset, run.costs is not None), []).append(run)
    parts = [_quality_table(group) for group in groups.values()]
    parts += [REMEMBERED_NOTE] if remembered else []
    parts += [HELD_OUT_NOTE] if any(run.held_out for run in runs) else []
    parts += [_times_table(group) for (_, timed), group in groups.items() if timed]
    parts += [TIMES_NOTE] if any(timed for _, timed in groups) else []
    failures = [outcome for outcome in outcomes if isinstance(outcome, PeerFailure)]
    parts += [f"failed: {each.peer} on {each.dataset}: {each.reason}" for each in failures]
    return "\n\n".join(parts)


def _quality_table(runs: Sequence[PeerRun]) -> str:
    title = f"{runs[0].dataset}{', everything embedded' if runs[0].costs else ''}"
    names = [*runs[0].measures, "held out"]
    width = max(len(run.peer) for run in runs)
    head = "".join(f"{name:>14}" for name in names)
    lines = [f"{title}: {runs[0].queries} queries, per cent", f"  {'':<{width}}{head}"]
    for run in runs:
        figures = "".join(
            f"{_per_cent(each):>14}" for each in [*run.measures.values(), run.held_out]
        )
        lines.append(f"  {run.peer:<{width}}{figures}")
    return "\n".join(lines)


def _per_cent(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    half = (interval.high - interval.low) / 2
    return f"{100 * interval.mean:.1f} ±{100 * half:.1f}"


def _times_table(runs: Sequence[PeerRun]) -> str:
    width = max(len(run.peer) for run in runs)
    columns = ("ingest s", "passages/s", "p50 ms", "p95 ms", "peak MB", "disk MB")
    head = "".join(f"{name:>12}" for name in columns)
    count = f"{runs[0].passages} passages, {runs[0].queries} queries"
    lines = [f"{runs[0].dataset}, time: {count}", f"  {'':<{width}}{head}"]
    for run in runs:
        figures = "".join(f"{figure:>12.1f}" for figure in _costs(run.costs)) if run.costs else ""
        lines.append(f"  {run.peer:<{width}}{figures}")
    return "\n".join(lines)


def _costs(costs: Costs) -> tuple[float, ...]:
    return (
        costs.ingest_seconds,
        costs.passages_per_second,
        costs.latency.p50_milliseconds,
        costs.latency.p95_milliseconds,
        costs.peak_bytes / 1e6,
        costs.disk_bytes / 1e6,
    )


def comparison_json(outcomes: Sequence[Outcome], model: str) -> dict[str, Any]:
    """The outcomes as plain values, each query's nDCG included."""
    return {
        "machine": machine(),
        "model": model,
        "runs": [asdict(each) for each in outcomes if isinstance(each, PeerRun)],
        "failures": [asdict(each) for each in outcomes if isinstance(each, PeerFailure)],
    }
