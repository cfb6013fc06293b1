"""The command line: parse arguments, call one function, print. An error is one sentence."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime

import typer

from rag_cs.cli import answers, audit, corrections, keys, knowledge, models, privacy, stores
from rag_cs.cli.answers import format_answer
from rag_cs.errors import RagError
from rag_cs.weights import default_cache

__all__ = ["app", "format_answer", "main"]

# The status of a command that ended so, as sysexits.h has it.
UNFORESEEN = 70

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
app.add_typer(audit.app, name="audit")
app.add_typer(corrections.app, name="corrections")


def main() -> None:
    """The entry point of the `rag-cs` command."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except RagError as error:
        print(f"rag-cs: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - a traceback is for those who mend it
        tell_unforeseen(error)
        sys.exit(UNFORESEEN)


def tell_unforeseen(error: Exception) -> None:
    """Say in a sentence that something failed, and put the traceback where it can be found."""
    kind = type(error).__name__
    try:
        file = default_cache().parent / "errors.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as log:
            file.chmod(0o600)
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} rag-cs\n")
            traceback.print_exception(error, file=log)
        where = f"{file} says where"
    except OSError:
        where = "no file could be written that says where"
    print(f"rag-cs: something went wrong that nobody foresaw ({kind}): {where}.", file=sys.stderr)
