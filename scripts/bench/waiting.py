"""How long a shopper waits: a warm server with both default models and the demo store.

    python scripts/bench/waiting.py [--json FILE]

One shopper asks the FAQ's own questions, then those of `tests/data/demo_questions.json` twice, and
reads the answers as they stream. Each wait is to the first verified sentence, or to the end of an
answer that is withheld; grounding's share is that of the answers' whole time. Nothing else should
run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import openpyxl
from prometheus_client.parser import text_string_to_metric_families
from serving import DEMO, demo_store, serving

from rag_cs.evaluation.metrics import latency
from rag_cs.evaluation.reports import figures_table, machine, write_json

QUESTIONS = Path(__file__).resolve().parents[2] / "tests" / "data" / "demo_questions.json"
ROUNDS = 2
# What loads and fills whatever is loaded and filled once; no question of the FAQ.
WARMING = ("你们有实体店吗？", "Can I pay in three instalments?")
# Columns of the FAQ's sheets that hold questions, and what parts several in one cell.
ASKED = ("问题", "相似问法", "Question")
BETWEEN = "|"


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds to the first sentence, None where the answer was withheld, and to the end."""

    first: float | None
    whole: float


def main() -> None:
    """Parse arguments, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    figures = measure()
    print_table(figures)
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), **figures})


def measure() -> dict[str, Any]:
    """The figures of a server of its own."""
    asked = [each["question"] for each in json.loads(QUESTIONS.read_text("utf-8"))]
    with demo_store() as environment, serving(environment) as (base, *_):
        for question in WARMING:
            ask(base, question)
        from_faq = [ask(base, question) for question in faq_questions()]
        before = seconds_by_stage(base)
        others = [ask(base, question) for _ in range(ROUNDS) for question in asked]
        after = seconds_by_stage(base)
    stages = {name: after[name] - before.get(name, 0.0) for name in after}
    return {
        "faq": times([each.first for each in from_faq if each.first is not None]),
        "faq_withheld": sum(each.first is None for each in from_faq),
        "first_sentence": times([each.first for each in others if each.first is not None]),
        "abstention": times([each.whole for each in others if each.first is None]),
        "share_of_stages": {
            name: seconds / sum(each.whole for each in others) for name, seconds in stages.items()
        },
    }


def faq_questions() -> Iterator[str]:
    """The questions of the demo store's FAQ, as they stand there."""
    workbook = openpyxl.load_workbook(DEMO / "faq.xlsx", read_only=True)
    for sheet in workbook:
        names, *rows = sheet.iter_rows(values_only=True)
        for row in rows:
            for name, cell in zip(names, row, strict=False):
                if name in ASKED and cell:
                    yield from str(cell).split(BETWEEN)


def ask(base: str, question: str) -> Wait:
    """Ask for a stream and read it to the end."""
    request = urllib.request.Request(
        f"{base}/v1/stores/demo/ask",
        json.dumps({"question": question, "stream": True}).encode(),
        {"Content-Type": "application/json"},
    )
    begun, first = time.perf_counter(), None
    with urllib.request.urlopen(request, timeout=60) as response:
        for line in response:
            if first is None and line.startswith(b"event: sentence"):
                first = time.perf_counter() - begun
    return Wait(first, time.perf_counter() - begun)


def seconds_by_stage(base: str) -> dict[str, float]:
    """What `/metrics` says of the stages so far."""
    with urllib.request.urlopen(f"{base}/metrics", timeout=30) as response:
        families = text_string_to_metric_families(response.read().decode())
    return {
        sample.labels["stage"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == "rag_cs_stage_seconds_sum"
    }


def times(seconds: Sequence[float]) -> dict[str, float]:
    """Of how many, and their percentiles where there are some."""
    return {"count": len(seconds), **(asdict(latency(seconds)) if seconds else {})}


def print_table(figures: dict[str, Any]) -> None:
    """The figures beside their bars."""
    rows = []
    for name, shown in (
        ("faq", "FAQ hit, ms: p50, p95 (bar: 60)"),
        ("first_sentence", "first sentence, ms: p50, p95 (bars: 1,200, 3,000)"),
        ("abstention", "abstention, ms: p50, p95"),
    ):
        found = figures[name]
        parts = [found.get(f"{part}_milliseconds") for part in ("p50", "p95")]
        said = ", ".join("-" if part is None else f"{part:,.0f}" for part in parts)
        rows.append((shown, f"{said} of {found['count']}"))
    for name, share in figures["share_of_stages"].items():
        bar = " (bar: 10)" if name == "ground" else ""
        rows.append((f"{name}, % of the answers' time{bar}", f"{100 * share:.1f}"))
    rows.append(("FAQ questions withheld", str(figures["faq_withheld"])))
    print(figures_table("Waiting", rows))


if __name__ == "__main__":
    main()
