"""Makes, renames and deletes stores until it is killed: `python -m tests.stores.changing FOLDER`.

Prints each change once it is acknowledged, its entry in the audit trail included."""

from __future__ import annotations

import sys
from pathlib import Path

from rag_cs.stores.audit import AuditTrail
from rag_cs.stores.folders import StoreFolders
from rag_cs.stores.jobs import JobLedger
from rag_cs.stores.keys import Keys
from rag_cs.stores.renaming import rename_store


def main(root: Path, turn: str) -> None:
    folders, trail, keys, jobs = StoreFolders(root), AuditTrail(root), Keys(root), JobLedger(root)
    number = 0
    while True:
        number += 1
        old, new = f"a{turn}-{number}", f"b{turn}-{number}"
        with trail.change("k1", "store.create", old):
            folders.make(old)
        print("store.create", old, flush=True)  # noqa: T201
        with trail.change("k1", "store.rename", old, new):
            rename_store(folders, jobs, keys, old, new)
        print("store.rename", old, flush=True)  # noqa: T201
        with trail.change("k1", "store.delete", new):
            folders.delete(new)
        print("store.delete", new, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
