"""Index data sets, search for their queries, and print how well the passages were found.

    python scripts/evaluate_retrieval.py --data DIR [DIR …] [--json FILE] [--html FILE]

A data set is a folder as BEIR has them: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`. Only
queries with a relevant passage count.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from rag_cs.bootstrap import System
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import Dataset, read_dataset
from rag_cs.evaluation.html import write_page
from rag_cs.evaluation.pages import retrieval_page
from rag_cs.evaluation.reports import (
    retrieval_json,
    retrieval_table,
    slices_table,
    write_json,
)
from rag_cs.evaluation.runs import (
    Progress,
    RetrievalReport,
    build_index,
    evaluate_retrieval,
    filters_of,
    sample_queries,
)
from rag_cs.settings import Settings


def main() -> int:
    """Parse arguments, evaluate each data set, print and write; 2 when something was wrong."""
    arguments = parse_arguments()
    try:
        datasets = [read_dataset(folder) for folder in arguments.data]
        for dataset in datasets:  # indexing takes minutes: say before it what can't work
            for query in sample_queries(dataset.judged_queries(), arguments.limit):
                filters_of(query, arguments.filter)
        with index_folder(arguments.index) as folder:
            settings = settings_for(folder, arguments.embedder)
            with closing(System(settings)) as system:
                reports = [evaluate(system, dataset, arguments) for dataset in datasets]
                embedder = system.embeddings.fingerprint
    except RagError as error:
        print(f"evaluate_retrieval: {error}", file=sys.stderr)
        return 2
    print(retrieval_table(reports))
    print(slices_table(reports))
    if arguments.json:
        write_json(arguments.json, retrieval_json(reports, embedder))
    if arguments.html:
        write_page(arguments.html, retrieval_page(list(zip(datasets, reports, strict=True))))
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots here")
    parser.add_argument("--limit", type=int, metavar="N", help="sample N queries, always the same")
    parser.add_argument("--history", action="store_true", help="use the queries' conversations")
    parser.add_argument(
        "--filter",
        metavar="FIELD",
        help="search only the passages whose metadata.FIELD is that of the query",
    )
    parser.add_argument(
        "--index",
        type=Path,
        metavar="DIR",
        help="keep the indexes here and use them again; delete it after a change to the chunking",
    )
    parser.add_argument("--embedder", metavar="NAME", help="a model of the catalogue, or a folder")
    return parser.parse_args()


@contextmanager
def index_folder(kept: Path | None) -> Iterator[Path]:
    """The folder that is to be kept, or a temporary one."""
    if kept:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="rag-cs-evaluation-") as folder:
        yield Path(folder)


def settings_for(folder: Path, embedder: str | None) -> Settings:
    """The user's settings, with the indexes in `folder` and the embedder, if one was named."""
    settings = Settings()
    settings.storage.indexes = folder
    if embedder:
        settings.embedding.model = embedder
    return settings


def evaluate(system: System, dataset: Dataset, arguments: argparse.Namespace) -> RetrievalReport:
    """Index one data set in a store of its own, and search it."""
    store = system.store(re.sub(r"[^\w-]|^[\W_]", "x", dataset.name)[:64], create=True)
    with progress_bar(f"{dataset.name}: indexing", "passage") as progress:
        build_index(dataset, store.index, store.ingester, progress)
    with progress_bar(f"{dataset.name}: searching", "query") as progress:
        report = evaluate_retrieval(
            dataset,
            store.retriever,
            limit=arguments.limit,
            use_history=arguments.history,
            filter_field=arguments.filter,
            progress=progress,
        )
    files = (path for path in system.folders.path(store.name).rglob("*") if path.is_file())
    return replace(
        report,
        index_bytes=sum(path.stat().st_size for path in files),
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one."""
    with tqdm(desc=title, unit=unit, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


if __name__ == "__main__":
    sys.exit(main())
