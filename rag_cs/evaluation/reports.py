"""Reports -> JSON and text. Knows how figures are shown, not how they came about."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag_cs.evaluation.comparison import Comparison
from rag_cs.evaluation.metrics import Interval
from rag_cs.evaluation.runs import MEASURES, RetrievalReport


def machine() -> dict[str, str | int]:
    """What the figures of a run depend on: cores this process may use, processor, Python."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return {
        "cores": len(usable) or os.cpu_count() or 1,
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def retrieval_table(reports: Sequence[RetrievalReport]) -> str:
    """One row a data set: each measure in per cent with half its interval, and the latency."""
    width = max(len("data set"), *(len(report.dataset) for report in reports))
    columns = "".join(f"{name:>14}" for name in MEASURES)
    lines = [
        f"{'data set':<{width}}{'queries':>9}{columns}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"
        f"{'disk MB':>9}{'peak MB':>9}"
    ]
    for report in reports:
        figures = "".join(f"{_per_cent(report.measures[name]):>14}" for name in MEASURES)
        times = report.latency
        lines.append(
            f"{report.dataset:<{width}}{len(report.results):>9}{figures}"
            f"{times.p50_milliseconds:>9.1f}{times.p95_milliseconds:>9.1f}"
            f"{times.p99_milliseconds:>9.1f}{report.index_bytes / 1e6:>9.1f}"
            f"{report.peak_bytes / 1e6:>9.0f}"
        )
    return "\n".join(lines)


def slices_table(reports: Sequence[RetrievalReport]) -> str:
    """One row a slice of each data set: its nDCG@10 in per cent with half its interval."""
    rows = [
        (f"{report.dataset}, {name}", count, _per_cent(value))
        for report in reports
        for name, (value, count) in report.slices.items()
    ]
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{'slice':<{width}}{'queries':>9}{'ndcg@10':>14}"]
    return "\n".join([*lines, *(f"{name:<{width}}{n:>9}{value:>14}" for name, n, value in rows)])


def _per_cent(interval: Interval) -> str:
    half = (interval.high - interval.low) / 2
    return f"{100 * interval.mean:.1f} ±{100 * half:.1f}"


def retrieval_json(reports: Sequence[RetrievalReport], embedder: str) -> dict[str, Any]:
    """The reports as plain values, every query's ranking included."""
    runs = [{**asdict(report), "queries": len(report.results)} for report in reports]
    return {"machine": machine(), "embedder": embedder, "runs": runs}


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path`, for people and programs; the folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")


def figures_table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A small table for a terminal: a title, the machine, and named figures."""
    where = machine()
    width = max(len(name) for name, _ in rows)
    lines = [f"{title} ({where['cores']} cores, {where['processor']})"]
    return "\n".join([*lines, *(f"  {name:<{width}}  {figure}" for name, figure in rows)])


def comparison_table(names: tuple[str, str], comparisons: Sequence[Comparison]) -> str:
    """A row a data set and measure: both runs in per cent, the gain with its interval, and p."""
    width = max(len("data set"), *(len(each.dataset) for each in comparisons))
    first, second = (name[:12] for name in names)
    lines = [
        f"{'data set':<{width}}  {'measure':<10}{first:>13}{second:>13}{'gain':>8}"
        f"{'95% interval':>16}{'p':>9}"
    ]
    for each in comparisons:
        for name, found in each.measures.items():
            gain = found.gain
            interval = f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}"
            lines.append(
                f"{each.dataset:<{width}}  {name:<10}{100 * found.first:>13.1f}"
                f"{100 * found.second:>13.1f}{100 * gain.mean:>+8.1f}{interval:>16}"
                f"{found.p_value:>9.4f}"
            )
    return "\n".join(lines)
