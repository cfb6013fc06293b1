"""The command line: parse arguments, call one function, print. An error is one sentence."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rag_cs.errors import RagError

if TYPE_CHECKING:
    from rag_cs.bootstrap import System
    from rag_cs.types import Answer, Hit

app = typer.Typer(
    help="A customer-service assistant that answers from a store's own documents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models = typer.Typer(help="The models: which there are, and fetching them.", no_args_is_help=True)
stores = typer.Typer(help="The stores on this machine.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(stores, name="store")

StoreName = Annotated[str, typer.Option("--store", "-s", help="The store's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
TopK = Annotated[int, typer.Option("--top-k", "-k", help="How many hits, 1 to 100.")]
AsOf = Annotated[str, typer.Option(help="By what was in force on this day, YYYY-MM-DD.")]
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

    with _errors():
        given = stated(effective_from, effective_until, version, policy)
        files = find_files(paths)
    if not files:
        _fail(f"There is no file in {', '.join(map(str, paths))}.")
    failed = 0
    with _system() as system:
        opened = system.store(store, create=True)
        with _progress_bar(len(files)) as (bar, progress):
            for done in opened.ingester.ingest_files(files, progress, given):
                bar.update()
                failed += done.outcome == "failed"
                detail = done.reason or f"{done.chunks} chunks"
                bar.write(f"{done.outcome:9}  {done.source}  ({detail})", file=sys.stdout)
    print(f"{len(files) - failed} of {len(files)} files are in store {store!r}.")
    if failed:
        raise typer.Exit(1)


@app.command()
def search(
    query: str, store: StoreName, top_k: TopK = 10, as_of: AsOf = "", as_json: AsJson = False
) -> None:
    """Print the passages that are found for a query, best first."""
    with _system() as system:
        hits = system.store(store).retriever.search([query], top_k, as_of=_day(as_of))
    if as_json:
        _print_json({"hits": [_hit(hit) for hit in hits]})
        return
    for rank, hit in enumerate(hits, start=1):
        page = f", page {hit.chunk.page}" if hit.chunk.page else ""
        print(f"{rank}. {hit.chunk.title}{page}  [{hit.score:.3f}]\n{hit.chunk.text}\n")
    if not hits:
        print(f"Store {store!r} holds no documents{f' in force on {as_of}' if as_of else ' yet'}.")


@app.command()
def ask(question: str, store: StoreName, as_of: AsOf = "", as_json: AsJson = False) -> None:
    """Answer a question from a store's documents, with the quotes that support it."""
    import asyncio

    with _system() as system:
        assistant = system.assistant(system.store(store))
        answer = asyncio.run(assistant.answer(question, as_of=_day(as_of)))
    if as_json:
        _print_json(_answer(answer))
    else:
        print(format_answer(answer))


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
    as_json: AsJson = False,
) -> None:
    """Test whether a store's documents are found, with questions made from them.

    The questions are written once, to a file you can edit. Exit status 1: a question that was
    answered in the accepted run isn't any more; 2: something was wrong with the input.
    """
    with _system(failure=2) as system:
        from rag_cs.evaluation.regression import Files, check_store
        from rag_cs.evaluation.suite_reports import suite_text

        opened = system.store(store)
        folder = system.folders.path(store)
        files = Files.beside(questions, create=update) if questions else Files.of(folder)
        result = check_store(
            store, opened.index, opened.retriever, files, top_k=top_k, update=update, accept=accept
        )
    if as_json:
        changes = asdict(result.changes) if result.changes else None
        _print_json({"run": asdict(result.run), "changes": changes})
    else:
        if result.made:
            print(f"{result.made} questions were written to {files.questions}: edit them freely.\n")
        print(suite_text(store, result.run, result.changes))
        print(f"\nThe whole report: {files.page}")
    if result.is_regression and not accept:
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 picks one.")] = None,
) -> None:
    """Serve the HTTP interface and the page."""
    import uvicorn

    from rag_cs.server.app import create_app

    with _system() as system:
        server = system.settings.server
        uvicorn.run(
            create_app(system),
            host=host or server.host,
            port=server.port if port is None else port,
            log_level="info",
            # Streams that are still running get this long at a shutdown.
            timeout_graceful_shutdown=10,
        )


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the catalogue, and which models are on this machine."""
    from rag_cs.bootstrap import models_folder
    from rag_cs.settings import Settings
    from rag_cs.weights import status

    rows = [
        {
            "name": entry.name,
            "kind": entry.kind,
            "languages": "+".join(entry.languages),
            "licence": entry.licence,
            "megabytes": round(entry.installed_bytes / 1e6),
            "installed": installed,
        }
        for entry, installed, _path in status(models_folder(Settings()))
    ]
    if as_json:
        _print_json({"models": rows})
        return
    for row in rows:
        state = "installed" if row["installed"] else "-"
        print(
            f"{row['name']:28} {row['kind']:10} {row['languages']:6} {row['licence']:11} "
            f"{row['megabytes']:>5} MB  {state}"
        )


@models.command("fetch")
def fetch_models(
    names: Annotated[
        list[str] | None, typer.Argument(help="Catalogue names; the defaults when left out.")
    ] = None,
) -> None:
    """Download models and convert them, once. An interrupted fetch continues where it was."""
    from rag_cs.bootstrap import models_folder
    from rag_cs.settings import Settings
    from rag_cs.weights import resolve

    settings = Settings()
    for name in names or [settings.embedding.model, settings.generation.model]:
        with _errors():
            folder = resolve(name, cache=models_folder(settings))
        print(f"{name}: {folder}")


@stores.command("list")
def list_stores(as_json: AsJson = False) -> None:
    """Show the stores."""
    with _system() as system:
        names = system.folders.names()
    if as_json:
        _print_json({"stores": names})
    else:
        print("\n".join(names) or "There is no store yet. Make one with `rag-cs ingest`.")


@stores.command("delete")
def delete_store(
    store: Annotated[str, typer.Argument(help="The store's name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a store with its documents, its index and its conversations."""
    with _system() as system:
        system.folders.path(store)
        if not yes:
            typer.confirm(f"Delete store {store!r} and everything in it?", abort=True)
        system.delete_store(store)
    print(f"Store {store!r} is deleted.")


def _day(as_of: str) -> date | None:
    from rag_cs.policies import parse_day

    return parse_day(as_of, "as_of") if as_of else None


def format_answer(answer: Answer) -> str:
    """An answer with its quotes, for a terminal."""
    lines = [answer.text]
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page else ""
        lines.append(f"  — {citation.title}{page}: “{citation.quote}”")
    return "\n".join(lines)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "answer": answer.text,
        "language": answer.language,
        "citations": [asdict(citation) for citation in answer.citations],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    chunk = hit.chunk
    return {
        "document_id": chunk.document_id,
        "chunk_id": chunk.id,
        "title": chunk.title,
        "text": chunk.text,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "score": hit.score,
    }


@contextmanager
def _system(failure: int = 1) -> Iterator[System]:
    """The wired program, closed at the end; an error of it ends the command with that status."""
    with _errors(failure):
        from rag_cs.bootstrap import System

        system = System()
        try:
            yield system
        finally:
            system.close()


@contextmanager
def _errors(failure: int = 1) -> Iterator[None]:
    try:
        yield
    except RagError as error:
        _fail(str(error), failure)


@contextmanager
def _progress_bar(total: int) -> Iterator[tuple[Any, Any]]:
    from tqdm import tqdm

    with tqdm(total=total, unit="file", disable=None, leave=False) as bar:

        def progress(source: str, done: int, chunks: int) -> None:
            bar.set_postfix_str(f"{source[-40:]}: {done} of {chunks} chunks")

        yield bar, progress


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _fail(message: str, status: int = 1) -> NoReturn:
    print(f"rag-cs: {message}", file=sys.stderr)
    raise typer.Exit(status)


def main() -> None:
    """The entry point of the `rag-cs` command."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()
