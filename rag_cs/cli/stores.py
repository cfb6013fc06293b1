"""The stores on this machine."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_cs.cli.common import AsJson, changing, errors, open_system, print_json

if TYPE_CHECKING:
    from rag_cs.stores.folders import StoreFolders

StoreArgument = Annotated[str, typer.Argument(help="The store's name.")]

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


@app.command("create")
def create_store(store: StoreArgument) -> None:
    """Make an empty store. `rag-cs ingest` makes one too, with its first document."""
    with open_system() as system, changing("store.create", store):
        system.make_store(store)
    print(f"Store {store!r} is made.")


@app.command("delete")
def delete_store(
    store: StoreArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a store with its documents, its index and its conversations."""
    with open_system() as system:
        system.folders.path(store)
        if not yes:
            typer.confirm(f"Delete store {store!r} and everything in it?", abort=True)
        with changing("store.delete", store):
            keys = system.delete_store(store)
    print(f"Store {store!r} is deleted.")
    for key in keys:
        print(f"Key {key.id} still names it: `rag-cs keys revoke {key.id}` takes that back.")


@app.command("rename")
def rename_store(
    store: StoreArgument, new: Annotated[str, typer.Argument(help="The name that it gets.")]
) -> None:
    """Give a store another name. Keys, uploads and conversations follow it."""
    with open_system() as system, changing("store.rename", store, new):
        system.rename_store(store, new)
    print(f"Store {store!r} is now {new!r}.")


@app.command("origins")
def store_origins(
    store: StoreArgument,
    add: Annotated[
        list[str] | None, typer.Option(help="As https://shop.example; may be repeated.")
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whose pages may use a store from a browser; without options, show it."""
    from rag_cs.stores.origins import check_origin

    with open_system() as system:
        system.folders.path(store)
        origins = list(system.keys.origins.of(store))
        if add or remove:
            gone = {check_origin(origin) for origin in remove or []}
            wanted = [*(origin for origin in origins if origin not in gone), *(add or [])]
            with changing("store.origins", store) as change:
                origins = list(system.keys.origins.set(store, wanted))
                change.target = " ".join(origins)
    if as_json:
        print_json({"origins": origins})
    else:
        print("\n".join(origins) or f"No page of another origin may use store {store!r}.")


@app.command("backup")
def backup_store(
    store: StoreArgument,
    target: Annotated[Path, typer.Argument(help="A file that isn't there yet, or a folder.")],
) -> None:
    """Write a store to one file, as of this moment; it may be in use meanwhile."""
    from rag_cs.stores.backup import back_up

    with errors():
        folders().path(store)
        with changing("store.export", store, target.name):
            file = back_up(folders(), store, target)
    print(f"Store {store!r} is in {file} ({file.stat().st_size / 1e6:,.1f} MB).")


@app.command("restore")
def restore_store(
    file: Annotated[Path, typer.Argument(help="What `rag-cs store backup` wrote.")],
    name: Annotated[str, typer.Option("--as", help="Another name for the store.")] = "",
) -> None:
    """Make a store from a backup. Every file in it is checked first."""
    from rag_cs.stores.backup import restore

    with errors(), changing("store.restore", name, file.name) as change:
        change.store = name = restore(folders(), file, name)
    print(f"Store {name!r} is restored.")


@app.command("compact")
def compact_store(store: StoreArgument) -> None:
    """Rewrite a store's files, so that nothing is left in them of what was deleted. It may be in
    use meanwhile."""
    from rag_cs.compaction import compact_store as compact

    with errors():
        done = compact(folders().path(store))
    print(
        f"Store {store!r} is compact: {done.bytes_before / 1e6:,.1f} MB became "
        f"{done.bytes_after / 1e6:,.1f} MB. Nothing is left of {done.erased} documents that were "
        "deleted or replaced."
    )
    if done.questions:
        print(f"{done.questions} questions about them are gone from `rag-cs evaluate`'s file.")


@app.command("verify")
def verify_store(
    store: StoreArgument,
    mend: Annotated[bool, typer.Option("--repair", help="Make again what can be.")] = False,
    absent: Annotated[
        str, typer.Option(help="A text that must stand in no file of the store.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Read a store whole and say what doesn't fit together: every vector must have its chunk, every
    chunk its document and its words, every span its text, and nothing may be left of what was
    deleted. Exit status 1: something doesn't, or the absent text was found."""
    from rag_cs.index.repair import repair
    from rag_cs.index.traces import find_traces
    from rag_cs.index.verify import erased, find_faults

    with errors():
        folder = folders().path(store)
        found = find_faults(folder)
        left = 0 if found else erased(folder)
        traces = find_traces(folder, absent) if absent else []
    if found and mend:
        from rag_cs.ingest import embed_passages

        with open_system() as system, changing("store.repair", store):
            found = repair(folder, found, partial(embed_passages, system.embeddings))
    if as_json:
        print_json(
            {
                "faults": [asdict(fault) for fault in found],
                "deleted_since_compaction": left,
                "traces": [asdict(trace) for trace in traces],
            }
        )
    else:
        for fault in found:
            hint = "" if fault.is_repairable else " Restore a backup, or ingest again."
            print(f"{fault.kind}: {fault.detail}.{hint}")
        for trace in traces:
            print(f"The text stands in {trace.file}, from byte {trace.offset} ({trace.form}).")
        print(f"{len(found)} faults." if found else f"Store {store!r} is sound.")
        if left:
            print(
                f"Text of {left} documents that were deleted or replaced may still stand in free "
                f"space of its files: `rag-cs store compact {store}` removes it."
            )
    if found or traces:
        raise typer.Exit(1)


@app.command("prove")
def prove_store(
    store: StoreArgument,
    space: Annotated[
        Path | None,
        typer.Option(help="A folder with room for two copies; default: a new one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove on a copy of a store that stores are apart, and that what is deleted is gone from
    searches, answers, conversations and the disk. The store itself is only read. Exit status 1:
    something isn't as promised."""
    import tempfile

    from rag_cs.proof import prove

    failed = 0
    rows = []
    with (
        open_system() as system,
        tempfile.TemporaryDirectory(prefix="rag-cs-proof-", dir=space) as folder,
    ):
        for finding in prove(system, store, Path(folder)):
            failed += not finding.passed
            rows.append(asdict(finding))
            if not as_json:
                print(f"{'ok' if finding.passed else 'FAILED':7} {finding.text}")
    if as_json:
        print_json({"store": store, "passed": not failed, "findings": rows})
    elif failed:
        print(f"{failed} promises aren't kept. Please report this.")
    else:
        print(f"What is promised of store {store!r} holds.")
    if failed:
        raise typer.Exit(1)


def folders() -> StoreFolders:
    """Where the stores are; opens none."""
    from rag_cs.settings import Settings
    from rag_cs.stores.folders import StoreFolders

    return StoreFolders(Settings().storage.indexes)
