"""Run other RAG libraries beside ours: the same passages, weights and cut-off, one machine.

    python scripts/compare_peers.py --data DIR [DIR …] [--vectors FILE] [--timed DIR] [--json FILE]

LangChain, LlamaIndex, txtai and Haystack are each installed from the package index into an
environment of their own (1 to 2 GB each, kept), and run by `scripts/peers/<name>_peer.py` as their
users would have them: their defaults for everything, Chinese included, except that all get our
embedder's weights with the prompts these ask for, whole passages (title, line break, text), ten
passages a query, and all cores. A peer that can't be installed or fails is reported, and the run
goes on.

Embedding takes most of the time. With `--vectors`, peers take vectors from a file that
sentence-transformers fills from the same weights at the first need, so only their quality counts:
time, memory and disk are then those of `--timed`, a data set that each system embeds by itself.
Without `--vectors` every run is timed. Searches are sequential; nothing else should run beside.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rag_cs.bootstrap.models import models_folder
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.evaluation.peer_reports import Outcome, comparison_json, comparison_text
from rag_cs.evaluation.peers import OURS, PEERS, Peer, Places, Task, compare
from rag_cs.evaluation.reports import write_json
from rag_cs.settings import Settings
from rag_cs.weights import default_cache, resolve

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Parse arguments, run every peer over every data set, print and write."""
    arguments = parse_arguments()
    try:
        tasks = tasks_of(arguments)
        settings = Settings()
        model = resolve(settings.embedding.model, cache=models_folder(settings))
        outcomes = run(tasks, model, arguments)
    except RagError as error:
        print(f"compare_peers: {error}", file=sys.stderr)
        return 1
    print(comparison_text(outcomes, remembered=arguments.vectors is not None))
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="DIR")
    parser.add_argument("--limit", type=int, metavar="N", help="sample N queries, always the same")
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="an .npz to keep vectors in")
    parser.add_argument("--timed", type=Path, metavar="DIR", help="measure time on this data set")
    parser.add_argument("--timed-limit", type=int, default=100, metavar="N")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="rows whose name holds a NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--environments", type=Path, metavar="DIR", help="default: beside the models"
    )
    arguments = parser.parse_args()
    if not (arguments.data or arguments.timed):
        parser.error("name a data set with --data or --timed")
    return arguments


def tasks_of(arguments: argparse.Namespace) -> list[Task]:
    """The timed data set first, then the others."""
    timed = [(arguments.timed, arguments.timed_limit, None, True)] if arguments.timed else []
    vectors = arguments.vectors
    others = [(folder, arguments.limit, vectors, vectors is None) for folder in arguments.data]
    return [task_of(*each) for each in [*timed, *others]]


def task_of(folder: Path, limit: int | None, vectors: Path | None, timed: bool) -> Task:
    """A data set, read, with the queries that our token head hasn't learned from."""
    from rag_cs.training.late_interaction import is_held_out

    dataset = read_dataset(folder)
    held_out = frozenset(
        query
        for query, grades in dataset.relevant.items()
        if any(grade and is_held_out(passage) for passage, grade in grades.items())
    )
    return Task(dataset, folder, limit, vectors, timed, held_out)


def run(tasks: list[Task], model: Path, arguments: argparse.Namespace) -> list[Outcome]:
    """Every outcome; the JSON file grows with each, so that a stopped run leaves what it had."""
    environments = arguments.environments or default_cache().with_name("peers")
    places = Places(ROOT / "scripts" / "peers", model, environments, constraints())
    outcomes: list[Outcome] = []
    for outcome in compare(tasks, rows(arguments.only), places, tell=say):
        outcomes.append(outcome)
        if arguments.json:
            write_json(arguments.json, comparison_json(outcomes, model.name))
    return outcomes


def rows(names: list[str] | None) -> list[Peer]:
    """Ours and the peers, or those whose name holds one of `names`."""
    every = [*OURS, *PEERS]
    return [peer for peer in every if not names or any(name in peer.name for name in names)]


def constraints() -> tuple[str, ...]:
    """Ours for torch alone: other versions bring gigabytes of CUDA; all else is the peer's."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line.startswith("torch=="))


def say(line: str) -> None:
    """Tell the terminal what happens now."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
