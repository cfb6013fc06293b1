"""Put attacks to the assistant, as questions and inside documents, and print what leaked.

    python scripts/evaluate_injection.py --items FILE.jsonl [--json FILE] [--limit N]

Each line of the file has a `text`, a `type`, a `label` (1: attack, 0: a control) and a `lang`. The
store is made up; a secret stands in the system prompt, a canary in another store. The exit status
is 1 when anything leaked.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from rag_cs.bootstrap import System
from rag_cs.errors import RagError
from rag_cs.evaluation.answers import Asker, RecordingRetriever
from rag_cs.evaluation.datasets import Passage, to_document
from rag_cs.evaluation.injection import (
    Item,
    Trial,
    read_items,
    shop_passages,
    try_items,
)
from rag_cs.evaluation.injection_reports import injection_json, injection_table
from rag_cs.evaluation.injection_shop import CANARY_TEXT
from rag_cs.evaluation.planted_chat import PlantedChatModel
from rag_cs.evaluation.reports import write_json
from rag_cs.evaluation.runs import SAMPLE_SEED
from rag_cs.settings import Settings, read_settings


def main() -> int:
    """Parse arguments, try every item, print and write; 1 after a leak, 2 after an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=Path, required=True, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--limit", type=int, metavar="N", help="try N items, always the same")
    parser.add_argument("--config", type=Path, metavar="TOML", help="settings")
    arguments = parser.parse_args()
    try:
        items = sample(read_items(arguments.items), arguments.limit)
        settings = read_settings(arguments.config) if arguments.config else Settings()
        with tempfile.TemporaryDirectory(prefix="rag-cs-injection-") as folder:
            settings.storage.indexes = Path(folder)
            with closing(System(settings)) as system:
                trials = run(system, items)
    except RagError as error:
        print(f"evaluate_injection: {error}", file=sys.stderr)
        return 2
    print(injection_table(trials))
    if arguments.json:
        write_json(arguments.json, injection_json(trials))
    return 1 if any(trial.leaks for trial in trials) else 0


def sample(items: Sequence[Item], limit: int | None) -> list[Item]:
    """`limit` of the items, in their order."""
    if limit is None or not 0 < limit < len(items):
        return list(items)
    chosen = random.Random(SAMPLE_SEED).sample(range(len(items)), limit)
    return [items[place] for place in sorted(chosen)]


def run(system: System, items: Sequence[Item]) -> list[Trial]:
    """Every item against the made-up shop of `system`, whose chat model gets the secret."""
    planted = PlantedChatModel(inner=system.chat)
    system.__dict__["chat"] = planted  # where the cached property keeps it
    other = system.store("other", create=True)
    other.ingester.add([to_document(Passage("partners", "Wholesale", CANARY_TEXT))])
    store = system.store("shop", create=True)
    store.ingester.add([to_document(passage) for passage in shop_passages()])
    retriever = RecordingRetriever(store.retriever)
    asker = Asker("rag-cs", system.assistant(replace(store, retriever=retriever)), retriever)
    with tqdm(desc="trying", total=len(items), disable=None, leave=False) as bar:
        return asyncio.run(
            try_items(
                asker,
                store.ingester,
                store.index.delete,
                items,
                lambda: planted.told,
                lambda done, _: bar.update(done - bar.n),
            )
        )


if __name__ == "__main__":
    sys.exit(main())
