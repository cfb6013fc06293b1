"""The models: which there are, and fetching them."""

from __future__ import annotations

from typing import Annotated

import typer

from rag_cs.cli.common import AsJson, errors, print_json

app = typer.Typer(help="The models: which there are, and fetching them.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the catalogue, and which models are on this machine."""
    from rag_cs.bootstrap.models import models_folder
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
        print_json({"models": rows})
        return
    for row in rows:
        state = "installed" if row["installed"] else "-"
        print(
            f"{row['name']:28} {row['kind']:10} {row['languages']:6} {row['licence']:11} "
            f"{row['megabytes']:>5} MB  {state}"
        )


@app.command("fetch")
def fetch_models(
    names: Annotated[
        list[str] | None, typer.Argument(help="Catalogue names; the defaults when left out.")
    ] = None,
) -> None:
    """Download models and convert them, once. An interrupted fetch continues where it was."""
    from rag_cs.bootstrap.models import models_folder
    from rag_cs.settings import Settings
    from rag_cs.weights import resolve

    settings = Settings()
    for name in names or [settings.embedding.model, settings.generation.model]:
        with errors():
            folder = resolve(name, cache=models_folder(settings))
        print(f"{name}: {folder}")
