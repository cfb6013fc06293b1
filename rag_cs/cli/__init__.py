"""The command line: parse arguments, call one function, print. An error is one sentence."""

from __future__ import annotations

import logging

import typer

from rag_cs.cli import answers, keys, knowledge, models, privacy, stores
from rag_cs.cli.answers import format_answer

__all__ = ["app", "format_answer", "main"]

app = typer.Typer(
    help="A customer-service assistant that answers from a store's own documents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(knowledge.app)
app.add_typer(answers.app)
app.add_typer(models.app, name="models")
app.add_typer(stores.app, name="store")
app.add_typer(keys.app, name="keys")
app.add_typer(privacy.app, name="privacy")


def main() -> None:
    """The entry point of the `rag-cs` command."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()
