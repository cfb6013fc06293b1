"""Measure the answers on every set and print the table of the bars.

    python scripts/answer_bars.py --data-root DIR --work DIR [--limit N] [--items FILE.jsonl]

`--data-root` holds the data sets by name; indexes and reports are kept in `--work`, and a report
that is there already isn't made again. Each set is asked its own questions and those of sets that
its corpus can't answer; then one shopper's waits are measured at the demo store; `--items` are
attacks, as `evaluate_injection.py` reads them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from rag_cs.evaluation.answer_bars import (
    Bar,
    answer_bars,
    bars_table,
    injection_bars,
    waiting_bars,
)

HERE = Path(__file__).parent
# A data set, what else is asked of its corpus, further options, and what the table says of them.
RUNS = (
    ("squad2_en", ("stackfaq_en", "doc2bot_zh"), (), ""),
    ("epqa_en", ("stackfaq_en",), ("--filter", "product_id"), ""),
    ("doc2bot_zh", ("cmrc2018_zh", "squad2_en"), (), ""),
    # Nine of ten of its questions go on from what was said before.
    ("doc2bot_zh", (), ("--history",), "in conversation"),
)


def main() -> int:
    """Parse the arguments, run what is missing, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--limit", type=int, default=200, help="questions of each set")
    parser.add_argument("--items", type=Path, metavar="FILE", help="attacks to be tried")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    bars: list[Bar] = []
    for name, others, options, note in RUNS:
        report = arguments.work / f"{'-'.join([name, *note.split()])}.json"
        also = ["--also", *(str(arguments.data_root / other) for other in others)]
        run(
            report, "evaluate_answers.py", "--data", str(arguments.data_root / name),
            *(also if others else ()), "--system", "both", "--limit", str(arguments.limit),
            "--index", str(arguments.work / "indexes"), *options,
        )  # fmt: skip
        found = answer_bars(json.loads(report.read_text("utf-8")))
        bars += (replace(each, group=" ".join([each.group, note]).strip()) for each in found)
    report = arguments.work / "waiting.json"
    run(report, "bench/waiting.py")
    bars += waiting_bars(json.loads(report.read_text("utf-8")))
    if arguments.items:
        report = arguments.work / "injection.json"
        run(report, "evaluate_injection.py", "--items", str(arguments.items))
        bars += injection_bars(json.loads(report.read_text("utf-8")))
    print(bars_table(bars))
    return 0


def run(report: Path, script: str, *options: str) -> None:
    """Make a report, unless it is there; what the script prints goes beside it. A run that failed
    ends the program in its own words."""
    if report.exists():
        return
    command = [sys.executable, str(HERE / script), "--json", str(report), *options]
    with report.with_suffix(".txt").open("w", encoding="utf-8") as output:
        subprocess.run(command, stdout=output, check=False)
    if not report.exists():
        sys.exit(f"answer_bars: {script} wrote no {report.name}; see {report.with_suffix('.txt')}.")


if __name__ == "__main__":
    sys.exit(main())
