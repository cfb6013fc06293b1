"""The stores on this machine: one folder each below one root."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from rag_cs.errors import Exists, InvalidInput, NotFound
from rag_cs.stores.disk import refusals_told, sweep_unfinished, sync_folder

# Leading dots: no store can have these names.
_DELETED = ".deleted-"
RESTORED = "restored"
_NAME = re.compile(r"[^\W_][\w-]{0,63}")
# What programs write for no name at all: shops whose pages have that fault would share a store.
_NO_NAMES = {"none", "null", "undefined"}


def check_store_name(name: str) -> str:
    """`name`, if it can name a store; raises InvalidInput otherwise, also for None: no name never
    means all stores.

    Letters of any script, digits, `-` and `_`, at most 64, beginning with a letter or digit:
    so no name can point outside the root, and a leading dot stays ours.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.lower() in _NO_NAMES:
        shown = str(name)[:40] + "…" * (len(str(name)) > 40)
        raise InvalidInput(
            f"{shown!r} can't name a store. Use 1 to 64 letters, digits, '-' or '_', "
            "beginning with a letter or a digit."
        )
    return name


class StoreFolders:
    """Which stores exist, and where. A store exists when its folder does."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """The stores, by name."""
        if not self.root.is_dir():
            return []
        found = (path.name for path in self.root.iterdir() if path.is_dir())
        return sorted(name for name in found if _NAME.fullmatch(name))

    def path(self, name: str, *, create: bool = False) -> Path:
        """The folder of a store. Raises NotFound unless it exists or `create` is set, and
        DiskFailed where it can't be made."""
        folder = self.root / check_store_name(name)
        if create and not folder.is_dir():
            with refusals_told(f"Store {name!r} can't be made"):
                folder.mkdir(parents=True, exist_ok=True)
                sync_folder(self.root)
        elif not folder.is_dir():
            raise NotFound(
                f"There is no store {name!r}. Make one with `rag-cs ingest --store {name} PATH`, "
                "or see `rag-cs store list`."
            )
        return folder

    def make(self, name: str) -> Path:
        """The folder of a new store. Raises Exists, and InvalidInput for a name it can't have."""
        folder = self.root / check_store_name(name)
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            raise Exists(f"There is a store {name!r} already. Give another name.") from None
        return folder

    def rename(self, name: str, new: str) -> None:
        """Give a store another name, at once. Raises NotFound, Exists for a name that is taken, and
        InvalidInput for one that it can't have."""
        folder, target = self.path(name), self.root / check_store_name(new)
        if target.exists():
            raise Exists(f"There is a store {new!r} already. Give another name.")
        with refusals_told(f"Store {name!r} can't be renamed"):
            folder.rename(target)
            sync_folder(self.root)

    def delete(self, name: str) -> None:
        """Remove a store and all that is in it. It is out of sight at once, in one rename. Raises
        NotFound and DiskFailed."""
        folder = self.path(name)
        with refusals_told(f"Store {name!r} can't be deleted"):
            folder.rename(self.root / f"{_DELETED}{uuid.uuid4().hex}")
            sync_folder(self.root)
        self.sweep()

    def sweep(self) -> None:
        """Remove what deletions, and restorations by processes that are gone, left unfinished."""
        for condemned in self.root.glob(f"{_DELETED}*"):
            shutil.rmtree(condemned, ignore_errors=True)
        sweep_unfinished(self.root, RESTORED)
