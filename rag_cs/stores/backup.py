"""A store in one file and back: its database as of one moment, and what lies beside it.

The file is a ZIP archive with a manifest that names every file in it with its SHA-256. The FAISS
snapshot is left out: the database holds the vectors.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from rag_cs.errors import InvalidInput, TooLarge
from rag_cs.index.schema import DATABASE_NAME, SNAPSHOT_NAME
from rag_cs.index.sqlite import in_words
from rag_cs.stores.disk import refusals_told, sweep_unfinished, sync_folder, unfinished_name
from rag_cs.stores.folders import RESTORED, StoreFolders, check_store_name

_MANIFEST = "manifest.json"
_FORMAT = 1
# What SQLite keeps beside a database that is open; its content is in the copy.
_UNFINISHED = "backup"
_LEFT_OUT = {SNAPSHOT_NAME, DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"}
# What an archive may unpack to, so that a hostile one can't fill the disk.
MAX_BYTES = 200 * 10**9
_STEP = 1 << 20
# What Python's zipfile and json raise for files that aren't what they should be.
_UNSOUND = (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError,
            NotImplementedError, RuntimeError)  # fmt: skip


def back_up(folders: StoreFolders, name: str, target: Path) -> Path:
    """Write a store to `target`, or into it where it is a folder; the file's path.

    The store may be in use: what was committed when this began is in the copy, whole. The file
    appears under its name only when it is complete. Raises NotFound, InvalidInput when the target
    exists already or its folder doesn't, IndexDamaged and DiskFailed.
    """
    folder = folders.path(name)
    file = target / f"{name}.zip" if target.is_dir() else target
    if file.exists():
        raise InvalidInput(f"{str(file)!r} exists already. Name another file.")
    if not file.parent.is_dir():
        raise InvalidInput(f"There is no folder {str(file.parent)!r}. Make it, or name another.")
    sweep_unfinished(file.parent, _UNFINISHED)
    space = file.parent / unfinished_name(_UNFINISHED)
    try:
        with refusals_told(f"{str(file)!r} can't be written"):
            space.mkdir()
            copy, packed = space / DATABASE_NAME, space / file.name
            database = folder / DATABASE_NAME
            with in_words(database), closing(sqlite3.connect(database, timeout=30)) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))
            _write(packed, name, {DATABASE_NAME: copy, **_others(folder)})
            packed.replace(file)
            sync_folder(file.parent)
    finally:
        shutil.rmtree(space, ignore_errors=True)
    return file


def _others(folder: Path) -> dict[str, Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path
        for path in files
        if path.name not in _LEFT_OUT and path.suffix != ".tmp"
    }


def _write(archive: Path, store: str, files: dict[str, Path]) -> None:
    hashes = {name: _sha256(path) for name, path in files.items()}
    with archive.open("wb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
            manifest = {"format": _FORMAT, "store": store, "files": hashes}
            packed.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
            for name, path in files.items():
                packed.write(path, name)
        stream.flush()
        os.fsync(stream.fileno())


def restore(folders: StoreFolders, archive: Path, name: str = "") -> str:
    """Make the store of a backup, under its own name or `name`; the name it got.

    The store appears only when every file was checked. Raises InvalidInput for a file that isn't a
    backup or is damaged, and when a store of that name exists, and DiskFailed.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            manifest = _manifest(packed)
            name = check_store_name(name or str(manifest["store"]))
            if name in folders.names():
                raise InvalidInput(f"There is a store {name!r} already. Give another name.")
            with refusals_told(f"Store {name!r} can't be restored"):
                folders.root.mkdir(parents=True, exist_ok=True)
                folders.sweep()
                unfinished = folders.root / unfinished_name(RESTORED)
                try:
                    _unpack(packed, manifest["files"], unfinished)
                    unfinished.rename(folders.root / name)
                    sync_folder(folders.root)
                finally:
                    shutil.rmtree(unfinished, ignore_errors=True)
    except _UNSOUND as error:
        raise InvalidInput(f"{str(archive)!r} is not a sound backup: {error}.") from None
    return name


def _manifest(packed: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(packed.read(_MANIFEST))
    files = set(manifest["files"])
    if manifest["format"] != _FORMAT or DATABASE_NAME not in files:
        raise ValueError("its format is not known")
    if files & (_LEFT_OUT - {DATABASE_NAME}):  # FAISS would read a snapshot that somebody made
        raise ValueError("it holds files that no backup has")
    sizes = sum(packed.getinfo(name).file_size for name in manifest["files"])
    if sizes > MAX_BYTES:
        raise TooLarge(f"The backup unpacks to more than {MAX_BYTES / 1e9:,.0f} GB.")
    return manifest


def _unpack(packed: zipfile.ZipFile, hashes: dict[str, str], folder: Path) -> None:
    folder.mkdir()
    for name, expected in hashes.items():
        target = (folder / name).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise ValueError(f"{name!r} points outside")
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(name) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream, _STEP)
            stream.flush()
            os.fsync(stream.fileno())
        if _sha256(target) != expected:
            raise ValueError(f"{name!r} is damaged")
    for inner in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(inner)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
