"""What a merchant does: put documents in, look at what they say, test whether they are found."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_cs.cli.common import (
    AsJson,
    AsOf,
    StoreName,
    changing,
    day,
    errors,
    fail,
    open_system,
    print_json,
    progress_bar,
)

if TYPE_CHECKING:
    from rag_cs.bootstrap import Store, System
    from rag_cs.contradictions import Conflict

app = typer.Typer()

Paths = Annotated[list[Path], typer.Argument(help="Files, or folders to read whole.")]


@app.command()
def ingest(
    paths: Paths,
    store: StoreName,
    effective_from: Annotated[str, typer.Option(help="First day in force, YYYY-MM-DD.")] = "",
    effective_until: Annotated[str, typer.Option(help="Last day in force, YYYY-MM-DD.")] = "",
    version: Annotated[str, typer.Option("--policy-version", help="The files' version.")] = "",
    policy: Annotated[str, typer.Option(help="What they are a version of.")] = "",
) -> None:
    """Read files into a store, made if it isn't there. A file of the same name is replaced."""
    from rag_cs.ingest import find_files
    from rag_cs.policies import stated
    from rag_cs.stores.audit import COMMAND_LINE

    with errors():
        given = stated(effective_from, effective_until, version, policy)
        files = find_files(paths)
    if not files:
        fail(f"There is no file in {', '.join(map(str, paths))}.")
    failed = 0
    conflicts: list[Conflict] = []
    unfit = 0
    with open_system() as system:
        opened = system.ensure_store(store, COMMAND_LINE)
        with progress_bar(len(files)) as (bar, progress):
            for file in files:
                with changing("document.upload", store, file[0]) as change:
                    (done,) = opened.ingester.ingest_files([file], progress, given)
                    change.note_file(done.outcome)
                bar.update()
                failed += done.outcome == "failed"
                conflicts += done.conflicts
                unfit += len(done.unfit)
                detail = done.reason or f"{done.chunks} chunks"
                bar.write(f"{done.outcome:9}  {done.source}  ({detail})", file=sys.stdout)
    print(f"{len(files) - failed} of {len(files)} files are in store {store!r}.")
    if conflicts:
        print(
            f"They disagree with each other or with other documents in {len(conflicts)} places: "
            f"`rag-cs check --store {store}` shows them."
        )
    if unfit:
        print(
            f"{unfit} corrections have no place in the new versions: "
            f"`rag-cs corrections list --store {store}` shows them."
        )
    if failed:
        raise typer.Exit(1)


@app.command()
def evaluate(
    store: StoreName,
    questions: Annotated[
        Path | None, typer.Option(help="A CSV file of questions; default: the store's own.")
    ] = None,
    top_k: Annotated[
        int, typer.Option("--top-k", "-k", help="A passage counts among so many.")
    ] = 5,
    update: Annotated[
        bool, typer.Option("--update", help="Add questions about documents that have none.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take this run as what later ones are compared with.")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Fit how sure an answer must be to this store.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Test whether a store's documents are found, with questions made from them.

    The questions are written once, to a file you can edit. Exit status 1: a question that was
    answered in the accepted run isn't any more; 2: something was wrong with the input.
    """
    with open_system(failure=2) as system:
        from rag_cs.evaluation.regression import Files, check_store
        from rag_cs.evaluation.suite_reports import suite_text

        opened = system.store(store)
        folder = system.folders.path(store)
        files = Files.beside(questions, create=update) if questions else Files.of(folder)
        result = check_store(
            store, opened.index, opened.retriever, files, top_k=top_k, update=update, accept=accept
        )
        if calibrate:
            _calibrate(system, opened, files.questions)
    if as_json:
        changes = asdict(result.changes) if result.changes else None
        print_json({"run": asdict(result.run), "changes": changes})
    else:
        if result.made:
            print(f"{result.made} questions were written to {files.questions}: edit them freely.\n")
        print(suite_text(store, result.run, result.changes))
        print(f"\nThe whole report: {files.page}")
    if result.is_regression and not accept:
        raise typer.Exit(1)


def _calibrate(system: System, store: Store, questions: Path) -> None:
    from rag_cs.bootstrap import CALIBRATION_NAME
    from rag_cs.calibration import StoreCalibration
    from rag_cs.evaluation.question_file import read_questions
    from rag_cs.evaluation.store_calibration import MAX_QUESTIONS, calibrate_store

    judge = system.judge
    if judge is None:
        fail("There is no judge for this embedder or reranker, so nothing to calibrate.", 2)
    documents = [store.index.document(record.id) for record in store.index.documents()]
    with progress_bar(MAX_QUESTIONS) as (bar, _):
        fitted = calibrate_store(
            read_questions(questions),
            documents,
            store.retriever,
            judge,
            lambda _done, _all: bar.update(),
            ask=system.choose if judge.hears else None,
        )
    own = StoreCalibration(fitted, judge.calibration.fingerprint)
    with changing("store.calibrate", store.name):
        own.save(system.folders.path(store.name) / CALIBRATION_NAME)


@app.command()
def check(store: StoreName, as_of: AsOf = "", as_json: AsJson = False) -> None:
    """Look for documents that disagree, say the same twice, or are past their day.

    Exit status 1: something was found; 2: something was wrong with the input.
    """
    with open_system(failure=2) as system:
        from rag_cs.check import check_documents
        from rag_cs.check_report import as_rows, as_text
        from rag_cs.retrieve import today

        index = system.store(store).index
        with progress_bar(len(index.documents())) as (bar, _):
            found = check_documents(index, day(as_of) or today(), lambda _done, _all: bar.update())
    if as_json:
        print_json(as_rows(found))
    else:
        print(as_text(found, store))
    if len(found):
        raise typer.Exit(1)
