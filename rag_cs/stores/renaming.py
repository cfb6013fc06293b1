"""Giving a store another name, wherever it stands: its folder, its uploads, the scopes of keys, and
whose pages may use it. One that a program's end interrupted is finished, or was never begun."""

from __future__ import annotations

from rag_cs.errors import Exists
from rag_cs.stores.folders import StoreFolders, check_store_name
from rag_cs.stores.jobs import JobLedger
from rag_cs.stores.keys import Keys


def rename_store(folders: StoreFolders, jobs: JobLedger, keys: Keys, name: str, new: str) -> None:
    """Raises NotFound, Exists for a name that is taken or that another's key was made for,
    InvalidInput for one that it can't have, and Busy while a file is being read into it."""
    finish_renames(folders, jobs, keys)
    folders.path(name)
    if check_store_name(new) in folders.names():
        raise Exists(f"There is a store {new!r} already. Give another name.")
    keys.begin_rename(name, new)
    try:
        with jobs.renaming(name, new):
            folders.rename(name, new)
    except Exception:
        keys.drop_rename(name)
        raise
    keys.rename_store(name, new)


def finish_renames(folders: StoreFolders, jobs: JobLedger, keys: Keys) -> None:
    """Bring those that were interrupted to an end: the folder's name says which it is."""
    for name, new in keys.begun_renames().items():
        if new in folders.names():
            with jobs.renaming(name, new):
                pass
            keys.rename_store(name, new)
        else:
            keys.drop_rename(name)
