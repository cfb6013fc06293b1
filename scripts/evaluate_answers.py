"""Ask data sets' questions of the assistant, and print what its answers are worth.

    python scripts/evaluate_answers.py --data DIR [DIR …] [--json FILE] [--html FILE] [--limit N]
    python scripts/evaluate_answers.py --data DIR --also OTHER --system both --json FILE

A data set is a folder as BEIR has them, with `answers.jsonl` (`_id`, `answers`, `answerable`).
`--also` asks the questions of other data sets of each corpus, which can't answer them. One line an
answer goes to `--answers` or, with `--json`, beside the summary; `--limit` is for each data set.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from rag_cs.bootstrap import Store, System
from rag_cs.errors import RagError
from rag_cs.evaluation.answer_comparison import compare_answers
from rag_cs.evaluation.answer_marks import Marked, mark
from rag_cs.evaluation.answer_measures import Summary, summaries
from rag_cs.evaluation.answer_pages import answers_page
from rag_cs.evaluation.answer_questions import (
    HeldOut,
    Question,
    foreign_questions,
    nothing_held_out,
    questions_of,
)
from rag_cs.evaluation.answer_reports import (
    answer_comparison_table,
    answers_json,
    answers_table,
    cases_of,
    cases_text,
    json_line,
    worst_cases,
)
from rag_cs.evaluation.answers import AnswerRecord, Asker, RecordingRetriever, ask_all
from rag_cs.evaluation.datasets import Dataset, Query, read_dataset, to_document
from rag_cs.evaluation.html import write_page
from rag_cs.evaluation.plain_chain import DenseSearcher, PlainChain
from rag_cs.evaluation.reports import write_json
from rag_cs.evaluation.runs import Progress, build_index
from rag_cs.settings import Settings, read_settings

OURS, PLAIN = "rag-cs", "plain-chain"


def main() -> int:
    """Parse arguments, ask, print and write; 2 when something was wrong."""
    arguments = parse_arguments()
    systems = [PLAIN, OURS] if arguments.system == "both" else [arguments.system]
    try:
        datasets = [read_dataset(folder) for folder in arguments.data]
        others = [read_dataset(folder) for folder in arguments.also]
        questions = [choose(dataset, others, arguments) for dataset in datasets]
        settings = read_settings(arguments.config) if arguments.config else Settings()
        with (
            index_folder(arguments.index) as settings.storage.indexes,
            closing(System(settings)) as system,
            answers_file(arguments) as lines,
        ):
            marked = run(system, systems, list(zip(datasets, questions, strict=True)), lines)
        report(marked, settings, arguments)
    except RagError as error:
        print(f"evaluate_answers: {error}", file=sys.stderr)
        return 2
    return 0


def parse_arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, metavar="DIR")
    add("--also", type=Path, nargs="+", default=[], metavar="DIR", help="ask its questions too")
    add("--json", type=Path, metavar="FILE", help="write the figures here")
    add("--html", type=Path, metavar="FILE", help="write a page with plots here")
    add("--answers", type=Path, metavar="FILE", help="write one JSON line an answer here")
    add("--limit", type=int, metavar="N", help="sample N questions of each set, always the same")
    add("--history", action="store_true", help="use the questions' conversations")
    add(
        "--filter",
        metavar="FIELD",
        help="search only the passages whose metadata.FIELD is that of the question",
    )
    add("--system", choices=[OURS, PLAIN, "both"], default=OURS, help="what answers")
    add("--config", type=Path, metavar="TOML", help="settings; default: the environment's")
    add("--index", type=Path, metavar="DIR", help="keep the indexes here and use them again")
    return parser.parse_args(given)


def choose(
    dataset: Dataset, others: Sequence[Dataset], arguments: argparse.Namespace
) -> list[Question]:
    """What a data set's corpus is asked: its own questions, then those of the others."""
    held_out = held_out_rule()
    questions = questions_of(
        dataset,
        limit=arguments.limit,
        use_history=arguments.history,
        filter_field=arguments.filter,
        held_out=held_out,
    )
    for other in others:
        if other.name != dataset.name:
            questions += foreign_questions(
                dataset,
                other,
                limit=arguments.limit,
                use_history=arguments.history,
                filter_field=arguments.filter,
                held_out=held_out,
            )
    return questions


def held_out_rule() -> HeldOut:
    """Which questions the package's trained parts learned nothing from; none are called so where
    the training code can't be imported."""
    try:
        from rag_cs.training.answer_pairs import group_of
        from rag_cs.training.late_interaction import is_held_out
    except ImportError:
        return nothing_held_out

    def rule(query: Query, dataset: Dataset) -> bool:
        return all(map(is_held_out, group_of(query, dataset)))

    return rule


@contextmanager
def index_folder(kept: Path | None) -> Iterator[Path]:
    """The folder that is to be kept, or a temporary one."""
    if kept:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="rag-cs-evaluation-") as folder:
        yield Path(folder)


@contextmanager
def answers_file(arguments: argparse.Namespace) -> Iterator[TextIO | None]:
    """Where the answers go, each as soon as it is there, if anywhere."""
    path = arguments.answers
    if path is None and arguments.json:
        path = arguments.json.with_suffix(".answers.jsonl")
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        yield file


def run(
    system: System,
    names: Sequence[str],
    asked: Sequence[tuple[Dataset, Sequence[Question]]],
    lines: TextIO | None = None,
) -> dict[str, list[Marked]]:
    """Each system's marked answers to every data set's questions."""
    marked: dict[str, list[Marked]] = {name: [] for name in names}
    for dataset, questions in asked:
        store = system.store(re.sub(r"[^\w-]|^[\W_]", "x", dataset.name)[:64], create=True)
        with progress_bar(f"{dataset.name}: indexing") as progress:
            build_index(dataset, store.index, store.ingester, progress)
        texts = {passage.id: to_document(passage).text for passage in dataset.passages}
        for name in names:
            asker = make_asker(system, store, name)
            with progress_bar(f"{dataset.name}: asking {name}") as progress:
                marked[name] += ask_and_mark(asker, questions, texts, lines, progress)
    return marked


def make_asker(system: System, store: Store, name: str) -> Asker:
    """A system over a store, with a retriever that notes what it gives."""
    if name == PLAIN:
        retriever = RecordingRetriever(DenseSearcher(store.index, system.embeddings))
        return Asker(name, PlainChain(retriever, system.plain_chat), retriever, cites=False)
    retriever = RecordingRetriever(store.retriever)
    return Asker(name, system.assistant(replace(store, retriever=retriever)), retriever)


def ask_and_mark(
    asker: Asker,
    questions: Sequence[Question],
    texts: dict[str, str],
    lines: TextIO | None,
    progress: Progress,
) -> list[Marked]:
    """Ask one system all questions of one corpus; each answer is written as soon as it is there,
    so that a run that is stopped isn't lost."""
    marked: list[Marked] = []

    def keep(record: AnswerRecord) -> None:
        marked.append(mark(record, texts))
        if lines:
            lines.write(json_line(marked[-1]))
            lines.flush()

    asyncio.run(ask_all(asker, questions, on_answer=keep, progress=progress))
    return marked


def report(
    marked: dict[str, list[Marked]], settings: Settings, arguments: argparse.Namespace
) -> None:
    """Print the figures and the cases to read, and write what was asked for."""
    figures: dict[str, list[Summary]] = {name: summaries(each) for name, each in marked.items()}
    for name, each in marked.items():
        print(f"\n{name}\n\n{answers_table(figures[name])}\n")
        print(cases_text(worst_cases(cases_of(each))))
    comparisons = []
    if len(marked) > 1:
        comparisons = compare_answers(marked[PLAIN], marked[OURS])
        print(f"\n{answer_comparison_table((PLAIN, OURS), comparisons)}")
    if arguments.json:
        used = settings.model_dump(mode="json", exclude={"storage", "server"})
        used |= {"limit": arguments.limit, "filter": arguments.filter, "history": arguments.history}
        write_json(arguments.json, answers_json(figures, comparisons, used))
    if arguments.html:
        both = {name: (marked[name], figures[name]) for name in marked}
        write_page(arguments.html, answers_page(both, comparisons))


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one."""
    with tqdm(desc=title, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


if __name__ == "__main__":
    sys.exit(main())
