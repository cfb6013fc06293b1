"""Two configurations over the same queries: which finds more, how surely, and where they differ.

    python scripts/compare_retrieval.py A.toml B.toml --data DIR [DIR …] [--json FILE] [--html FILE]

A configuration is a TOML file of settings, such as

    [retrieval]
    reranker = "none"

What it leaves out keeps its default. Passages are indexed once and shared, unless the two name
different embedders.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from evaluate_retrieval import evaluate, index_folder

from rag_cs.bootstrap import System
from rag_cs.errors import RagError
from rag_cs.evaluation.comparison import Comparison, compare
from rag_cs.evaluation.datasets import Dataset, read_dataset
from rag_cs.evaluation.html import write_page
from rag_cs.evaluation.pages import comparison_page, differing_queries
from rag_cs.evaluation.reports import comparison_table, machine, write_json
from rag_cs.evaluation.runs import RetrievalReport
from rag_cs.settings import Settings, read_settings


def main() -> int:
    """Parse arguments, run both configurations, print and write; 2 when something was wrong."""
    arguments = parse_arguments()
    try:
        configurations = [read_settings(arguments.first), read_settings(arguments.second)]
        datasets = [read_dataset(folder) for folder in arguments.data]
        with index_folder(arguments.index) as folder:
            first, second = (run(each, datasets, folder, arguments) for each in configurations)
        compared = [
            (dataset, compare(*reports))
            for dataset, *reports in zip(datasets, first, second, strict=True)
        ]
    except RagError as error:
        print(f"compare_retrieval: {error}", file=sys.stderr)
        return 2
    show((arguments.first.stem, arguments.second.stem), compared, arguments)
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path, metavar="A.toml")
    parser.add_argument("second", type=Path, metavar="B.toml")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots here")
    parser.add_argument("--limit", type=int, metavar="N", help="sample N queries, always the same")
    parser.add_argument("--history", action="store_true", help="use the queries' conversations")
    parser.add_argument("--filter", metavar="FIELD", help="as in evaluate_retrieval.py")
    parser.add_argument("--index", type=Path, metavar="DIR", help="keep the indexes here")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="queries to print")
    return parser.parse_args()


def run(
    settings: Settings, datasets: list[Dataset], folder: Path, arguments: argparse.Namespace
) -> list[RetrievalReport]:
    """One configuration over every data set."""
    settings.storage.indexes = folder / Path(settings.embedding.model).name
    with closing(System(settings)) as system:
        return [evaluate(system, dataset, arguments) for dataset in datasets]


def show(
    names: tuple[str, str],
    compared: list[tuple[Dataset, Comparison]],
    arguments: argparse.Namespace,
) -> None:
    """Print the table and the queries that differ most; write what was asked for."""
    print(comparison_table(names, [each for _, each in compared]))
    for dataset, comparison in compared:
        for row in differing_queries(dataset, comparison, arguments.show):
            labels = ("query", "answered by", *(f"rank, {name}" for name in names), "first now")
            print(f"\n{dataset.name}")
            print("\n".join(f"  {label}: {cell}" for label, cell in zip(labels, row, strict=True)))
    if arguments.json:
        values = [asdict(comparison) for _, comparison in compared]
        write_json(arguments.json, {"machine": machine(), "names": names, "compared": values})
    if arguments.html:
        write_page(arguments.html, comparison_page(names, compared))


if __name__ == "__main__":
    sys.exit(main())
