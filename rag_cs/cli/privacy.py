"""What a store keeps of its shoppers: for how long, shown, erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rag_cs.cli.common import AsJson, StoreName, changing, errors, fail, print_json

if TYPE_CHECKING:
    from rag_cs.stores.entries import Action
    from rag_cs.stores.personal import Erased, PersonalData

app = typer.Typer(help="What a store keeps of its shoppers.", no_args_is_help=True)

ConversationId = Annotated[str, typer.Option("--conversation", help="The conversation's id.")]
Subject = Annotated[str, typer.Option("--subject", help="Whom the shop takes the shopper for.")]


@app.command("retention")
def retention(
    store: StoreName,
    days: Annotated[
        int | None, typer.Option(help="Keep conversations so long; 0 keeps none.")
    ] = None,
    default: Annotated[
        bool, typer.Option("--default", help="Keep them as the settings say.")
    ] = False,
) -> None:
    """Show or set for how many days a store keeps conversations."""
    if days is not None or default:
        with _opened(store) as personal, changing("store.retention", store):
            personal.set_retention(None if default else days)
    with _opened(store) as personal:
        kept = personal.retention_days()
    print(f"Store {store!r} keeps conversations for {kept} days." if kept else
          f"Store {store!r} keeps no conversations.")  # fmt: skip


@app.command("purge")
def purge(store: StoreName) -> None:
    """Delete what was kept long enough, now. A server does so once a day."""
    with _opened(store) as personal, changing("conversation.purge", store):
        _tell(personal.purge())


@app.command("export")
def export(store: StoreName, conversation: ConversationId = "", subject: Subject = "") -> None:
    """Print all that is stored of a conversation or of a subject, as JSON."""
    _one_of(conversation, subject)
    with _opened(store) as personal:
        stored = personal.of_subject(subject) if subject else [personal.conversation(conversation)]
    print_json({"conversations": [asdict(each) for each in stored]})


@app.command("erase")
def erase(
    store: StoreName,
    conversation: ConversationId = "",
    subject: Subject = "",
    as_json: AsJson = False,
) -> None:
    """Erase a conversation or all of a subject. A server that is running forgets what its
    placeholders stood for within an hour; over HTTP it does so at once."""
    _one_of(conversation, subject)
    action: Action = "subject.erase" if subject else "conversation.erase"
    with _opened(store) as personal, changing(action, store, conversation):
        erased = (
            personal.erase_subject(subject)
            if subject
            else personal.erase_conversation(conversation)
        )
    if as_json:
        print_json({"erased": [asdict(each) for each in erased]})
    else:
        _tell(erased)


def _one_of(conversation: str, subject: str) -> None:
    if bool(conversation) == bool(subject):
        fail("Name either a conversation with --conversation or a subject with --subject.")


def _tell(erased: Sequence[Erased]) -> None:
    turns = sum(each.turns for each in erased)
    print(f"{turns} turns of {len(erased)} conversations are erased.")


@contextmanager
def _opened(store: str) -> Iterator[PersonalData]:
    """A store's records of its shoppers; loads no model."""
    with errors():
        from rag_cs.settings import Settings
        from rag_cs.stores.folders import StoreFolders
        from rag_cs.stores.personal import open_personal

        settings = Settings()
        folder = StoreFolders(settings.storage.indexes).path(store)
        with open_personal(folder, settings.privacy.retention_days) as personal:
            yield personal
