"""API keys: make, list, revoke, rotate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rag_cs.cli.common import AsJson, changing, day, errors, fail, print_json

if TYPE_CHECKING:
    from rag_cs.stores.entries import Action
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
    expires: Annotated[
        str, typer.Option(help="From this day on it doesn't work, YYYY-MM-DD, UTC.")
    ] = "",
) -> None:
    """Make a key. It is shown once."""
    if every == bool(stores):
        fail("Name the stores with --store, or give --all-stores.")
    with errors():
        last = day(expires, "expires")
        with _changing("key.create", stores) as tell:
            secret, key = opened().create(role, None if every else stores, label, last)
            tell(f"{key.id} ({role})")
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
        if key.expires_on and not key.revoked_at:
            state = f"expire{'s' if key.works else 'd'} {key.expires_on}, {state}"
        print(f"{key.id}  {key.role:9}  {stores:20}  {state:33}  {key.label}")
    if not keys:
        print("There is no key yet. Make one with `rag-cs keys create`.")


@app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The id that the list shows.")]) -> None:
    """Make a key worthless, at once."""
    with errors(), _changing("key.revoke", _scope(key_id)) as tell:
        tell(key_id)
        opened().revoke(key_id)
    print(f"Key {key_id} is revoked.")


@app.command("rotate")
def rotate_key(key_id: Annotated[str, typer.Argument(help="The id that the list shows.")]) -> None:
    """Make a key in the place of another, which is worthless at once."""
    with errors(), _changing("key.rotate", _scope(key_id)) as tell:
        secret, key = opened().rotate(key_id)
        tell(f"{key_id} -> {key.id} ({key.role})")
    print(f"{secret}\nThis is key {key.id}. Keep it: it can't be shown again.")


def _scope(key_id: str) -> Sequence[str] | None:
    return next((key.stores for key in opened().list() if key.id == key_id), None)


@contextmanager
def _changing(action: Action, stores: Sequence[str] | None) -> Iterator[Callable[[str], None]]:
    """An entry in the trail of each store that a key names; what is yielded tells of which key."""
    with ExitStack() as stack:
        changes = [stack.enter_context(changing(action, store)) for store in stores or [""]]

        def tell(target: str) -> None:
            for change in changes:
                change.target = target

        yield tell


def opened() -> Keys:
    """The keys beside the stores."""
    from rag_cs.settings import Settings
    from rag_cs.stores.keys import Keys

    return Keys(Settings().storage.indexes)
