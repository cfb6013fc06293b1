"""The audit trail: read it, and see that nobody was at it."""

from __future__ import annotations

import json
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rag_cs.cli.common import audit_trail, errors, fail

app = typer.Typer(help="Who changed what in which store.", no_args_is_help=True)


@app.command("export")
def export_trail(
    stores: Annotated[
        list[str] | None, typer.Option("--store", "-s", help="A store; may be repeated.")
    ] = None,
    every: Annotated[bool, typer.Option("--all-stores", help="Every entry there is.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file that isn't there yet.")
    ] = None,
) -> None:
    """Write entries as JSON lines, the oldest first: of whatever ever had the stores' names, even
    when it is gone."""
    if every == bool(stores):
        fail("Name the stores with --store, or give --all-stores.")
    with errors(), closing(audit_trail()) as trail:
        try:
            with output.open("x", encoding="utf-8") if output else nullcontext() as file:
                for entry in trail.export(None if every else stores):
                    print(json.dumps(asdict(entry), ensure_ascii=False), file=file)
        except OSError as error:
            fail(f"{str(output)!r} can't be written: {error.strerror}.")


@app.command("verify")
def verify_trail(
    expected: Annotated[
        str, typer.Option("--expect", help="The last hash that an earlier run printed.")
    ] = "",
) -> None:
    """Read the trail whole: every entry must be as it was written, and none may be missing. Keep
    the hash that it prints elsewhere: only with it can it be told whether the end was cut off or
    all was written anew. Exit status 1: something is wrong."""
    with errors(), closing(audit_trail()) as trail:
        found = trail.verify(expected)
    print(f"{found.entries} entries are as they were written; the last one's hash is {found.last}.")
    if found.fault:
        fail(f"The audit trail is not sound: {found.fault}.")
