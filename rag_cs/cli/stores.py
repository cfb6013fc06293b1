"""The stores on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from rag_cs.cli.common import AsJson, open_system, print_json

app = typer.Typer(help="The stores on this machine.", no_args_is_help=True)


@app.command("list")
def list_stores(as_json: AsJson = False) -> None:
    """Show the stores."""
    with open_system() as system:
        names = system.folders.names()
    if as_json:
        print_json({"stores": names})
    else:
        print("\n".join(names) or "There is no store yet. Make one with `rag-cs ingest`.")


@app.command("delete")
def delete_store(
    store: Annotated[str, typer.Argument(help="The store's name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a store with its documents, its index and its conversations."""
    with open_system() as system:
        system.folders.path(store)
        if not yes:
            typer.confirm(f"Delete store {store!r} and everything in it?", abort=True)
        system.delete_store(store)
    print(f"Store {store!r} is deleted.")
