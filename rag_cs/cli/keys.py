"""API keys: make, list, revoke."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rag_cs.cli.common import AsJson, errors, fail, print_json

if TYPE_CHECKING:
    from rag_cs.stores.keys import Keys

app = typer.Typer(help="API keys: who may use which store over HTTP.", no_args_is_help=True)


@app.command("create")
def create_key(
    role: Annotated[str, typer.Argument(help="shopper, evaluator, merchant or admin.")],
    stores: Annotated[
        list[str] | None, typer.Option("--store", "-s", help="A store it opens; may be repeated.")
    ] = None,
    every: Annotated[bool, typer.Option("--all-stores", help="It opens every store.")] = False,
    label: Annotated[str, typer.Option(help="Whose it is, for the list.")] = "",
) -> None:
    """Make a key. It is shown once."""
    if every == bool(stores):
        fail("Name the stores with --store, or give --all-stores.")
    with errors():
        secret, key = opened().create(role, None if every else stores, label)
    print(f"{secret}\nThis is key {key.id}. Keep it: it can't be shown again.")


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show every key, without its secret."""
    keys = opened().list()
    if as_json:
        print_json({"keys": [asdict(key) for key in keys]})
        return
    for key in keys:
        stores = "all stores" if key.stores is None else ", ".join(key.stores)
        state = f"revoked {key.revoked_at}" if key.revoked_at else f"used {key.used_at or 'never'}"
        print(f"{key.id}  {key.role:9}  {stores:20}  {state:33}  {key.label}")
    if not keys:
        print("There is no key yet. Make one with `rag-cs keys create`.")


@app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The id that the list shows.")]) -> None:
    """Make a key worthless, at once."""
    with errors():
        opened().revoke(key_id)
    print(f"Key {key_id} is revoked.")


def opened() -> Keys:
    """The keys beside the stores."""
    from rag_cs.settings import Settings
    from rag_cs.stores.keys import Keys

    return Keys(Settings().storage.indexes)
