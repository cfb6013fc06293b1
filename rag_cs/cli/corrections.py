"""What a merchant corrects in documents without another file: made, listed, taken back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from rag_cs.cli.common import AsJson, StoreName, changing, fail, open_system, print_json

app = typer.Typer(
    help="Corrections of documents, which survive their next versions.", no_args_is_help=True
)

Source = Annotated[str, typer.Argument(help="The document's file, as it was ingested.")]


@app.command("make")
def make(
    document: Source,
    store: StoreName,
    old: Annotated[str, typer.Option("--old", help="What stands there, once.")],
    new: Annotated[str, typer.Option("--new", help="What shall stand there; may be empty.")],
) -> None:
    """Put a text in the place of another, in a document and in its versions to come."""
    with open_system() as system:
        opened = system.store(store)
        records = {record.source: record for record in opened.index.documents()}
        if document not in records:
            fail(f"There is no document {document!r} in store {store!r}.")
        text = opened.index.document(records[document].id).text
        times = text.count(old) if old else 0
        if times != 1:
            fail(f"{document} says {old[:60]!r} {times} times, not once.")
        start = text.index(old)
        with changing("document.correct", store, document):
            made = opened.corrector.make(records[document].id, start, start + len(old), new)
    print(f"{document} is corrected, and will be when it is uploaded again ({made.id}).")


@app.command("list")
def list_corrections(store: StoreName, as_json: AsJson = False) -> None:
    """List a store's corrections; those in conflict have no place in the present version."""
    with open_system() as system:
        opened = system.store(store)
        made = opened.corrector.all()
        sources = {record.id: record.source for record in opened.index.documents()}
    if as_json:
        print_json({"corrections": [asdict(each) for each in made]})
        return
    for each in made:
        print(f"{each.id}  {each.state:8}  {sources.get(each.document_id, '?')}")
        print(f"    {each.before!r} -> {each.after!r}")
    if not made:
        print(f"Nothing is corrected in store {store!r}.")


@app.command("take-back")
def take_back(correction: Annotated[str, typer.Argument(help="Its id.")], store: StoreName) -> None:
    """Let a document say again what its file says."""
    with open_system() as system:
        opened = system.store(store)
        with changing("document.uncorrect", store, correction):
            opened.corrector.take_back(correction)
    print("It is taken back.")
