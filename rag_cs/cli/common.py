"""What every command shares: the options, the wired program, and errors of one sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rag_cs.errors import RagError

if TYPE_CHECKING:
    from rag_cs.bootstrap import System
    from rag_cs.stores.audit import AuditTrail, Change
    from rag_cs.stores.entries import Action

StoreName = Annotated[str, typer.Option("--store", "-s", help="The store's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
TopK = Annotated[int, typer.Option("--top-k", "-k", help="How many hits, 1 to 100.")]
AsOf = Annotated[str, typer.Option(help="By what was in force on this day, YYYY-MM-DD.")]


def day(given: str, name: str = "as_of") -> date | None:
    """The day that was given, if any. Raises InvalidInput."""
    from rag_cs.policies import parse_day

    return parse_day(given, name) if given else None


@contextmanager
def open_system(failure: int = 1) -> Iterator[System]:
    """The wired program, closed at the end; an error of it ends the command with that status."""
    with errors(failure):
        from rag_cs.bootstrap import System

        system = System()
        try:
            yield system
        finally:
            system.close()


@contextmanager
def errors(failure: int = 1) -> Iterator[None]:
    """An error of the program ends the command in one sentence, with that status."""
    try:
        yield
    except RagError as error:
        fail(str(error), failure)


def audit_trail() -> AuditTrail:
    """The trail beside the stores."""
    from rag_cs.settings import Settings
    from rag_cs.stores.audit import AuditTrail

    return AuditTrail(Settings().storage.indexes)


@contextmanager
def changing(action: Action, store: str, target: str = "") -> Iterator[Change]:
    """The one place where what commands change goes into the audit trail. A command that an error
    of the program ends has changed nothing, and leaves no entry."""
    from rag_cs.stores.audit import COMMAND_LINE

    with (
        closing(audit_trail()) as trail,
        trail.change(COMMAND_LINE, action, store, target) as change,
    ):
        try:
            yield change
        except RagError:
            change.outcome = None
            raise


@contextmanager
def progress_bar(total: int) -> Iterator[tuple[Any, Any]]:
    """A bar over files, and what tells it of the chunks of one."""
    from tqdm import tqdm

    with tqdm(total=total, unit="file", disable=None, leave=False) as bar:

        def progress(source: str, done: int, chunks: int) -> None:
            bar.set_postfix_str(f"{source[-40:]}: {done} of {chunks} chunks")

        yield bar, progress


def print_json(value: Any) -> None:
    """Print as JSON, in both languages readable."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def fail(message: str, status: int = 1) -> NoReturn:
    """End the command with a sentence on standard error."""
    print(f"rag-cs: {message}", file=sys.stderr)
    raise typer.Exit(status)
