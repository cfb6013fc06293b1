"""Read files made to hurt, each as the server would, and print what became of each.

    python scripts/prove_bombs.py [--only WORDS] [--json FILE]

The files are made when they are needed and never kept: zip bombs, billion laughs, loops, tables of
ten million rows, deep nesting, huge pictures. Exit status 1: one took more than ten seconds of
processor time or a gigabyte of memory, or said what it must not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the bombs are the tests'

from rag_cs.evaluation.reports import figures_table, machine, write_json  # noqa: E402
from rag_cs.isolated import IsolatedLoader  # noqa: E402
from tests.bombs import BOMBS  # noqa: E402
from tests.bombs.trial import Trial, try_bomb  # noqa: E402

MOST_SECONDS = 10.0
MOST_BYTES = 1_000_000_000


def main() -> int:
    """Parse arguments, try each bomb, print and write; 1 when one went off."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="WORDS", help="those with these in the name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    arguments = parser.parse_args()
    loader = IsolatedLoader()
    loader(b"Words.", "a.txt")  # starts the server of forks
    trials: list[Trial] = []
    print("processor s  wall s   GB    file, MB         what: what became of it", flush=True)
    for bomb in BOMBS:
        if arguments.only in str(bomb):
            trials.append(try_bomb(bomb, loader))
            print(line_of(trials[-1]), flush=True)
    summary = summarise(trials)
    print()
    print(figures_table("Bombs", summary))
    if arguments.json:
        rows = [figures(trial) for trial in trials]
        write_json(arguments.json, {"machine": machine(), "bombs": rows})
    return 0 if trials and all(is_defused(trial) for trial in trials) else 1


def line_of(trial: Trial) -> str:
    """One row of the table."""
    mark = " " if is_defused(trial) else "!"
    cost = f"{trial.cost.seconds:9.2f} {trial.wall_seconds:8.2f} {trial.cost.resident / 1e9:5.2f}"
    file = f"{trial.bomb.source:7} {trial.size / 1e6:5.1f}"
    return f"{mark}{cost}    {file}    {trial.bomb.what}: {trial.verdict[:90]}"


def is_defused(trial: Trial) -> bool:
    """Whether it stayed within the limits, and told nothing of this machine."""
    told = "root:" in trial.text or "laugh" in trial.text or trial.bomb.keeps not in trial.text
    within = trial.cost.seconds <= MOST_SECONDS and trial.cost.resident <= MOST_BYTES
    return within and not told


def summarise(trials: list[Trial]) -> list[tuple[str, str]]:
    """The figures that count."""
    refused = sum(bool(trial.refusal) for trial in trials)
    seconds = max((trial.cost.seconds for trial in trials), default=0.0)
    resident = max((trial.cost.resident for trial in trials), default=0)
    return [
        ("bombs", str(len(trials))),
        ("refused in a sentence", str(refused)),
        ("read like any other file", str(len(trials) - refused)),
        ("longest, processor s (bar: 10)", f"{seconds:.2f}"),
        ("highest memory of a child, GB (bar: 1)", f"{resident / 1e9:.2f}"),
        ("gone off", str(sum(not is_defused(trial) for trial in trials))),
    ]


def figures(trial: Trial) -> dict[str, object]:
    """A trial as JSON."""
    return {
        "what": trial.bomb.what,
        "source": trial.bomb.source,
        "bytes": trial.size,
        "verdict": trial.verdict,
        "processor_seconds": trial.cost.seconds,
        "wall_seconds": trial.wall_seconds,
        "peak_bytes": trial.cost.resident,
    }


if __name__ == "__main__":
    sys.exit(main())
