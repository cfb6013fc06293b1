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
import tempfile
import uuid
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from rag_cs.errors import InvalidInput, TooLarge
from rag_cs.index.schema import DATABASE_NAME, SNAPSHOT_NAME
from rag_cs.stores.folders import StoreFolders, check_store_name

_MANIFEST = "manifest.json"
_FORMAT = 1
# What SQLite keeps beside a database that is open; its content is in the copy.
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
    appears under its name only when it is complete. Raises NotFound, and InvalidInput when the
    target exists already.
    """
    folder = folders.path(name)
    file = target / f"{name}.zip" if target.is_dir() else target
    if file.exists():
        raise InvalidInput(f"{str(file)!r} exists already. Name another file.")
    unfinished = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as space:
            copy = Path(space) / DATABASE_NAME
            with closing(sqlite3.connect(folder / DATABASE_NAME, timeout=30)) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))
            _write(unfinished, name, {DATABASE_NAME: copy, **_others(folder)})
        unfinished.replace(file)
    except OSError as error:
        raise InvalidInput(f"{str(file)!r} can't be written: {error.strerror}.") from None
    finally:
        unfinished.unlink(missing_ok=True)
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
    backup or is damaged, and when a store of that name exists.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            manifest = _manifest(packed)
            name = check_store_name(name or str(manifest["store"]))
            if name in folders.names():
                raise InvalidInput(f"There is a store {name!r} already. Give another name.")
            folders.root.mkdir(parents=True, exist_ok=True)
            unfinished = folders.root / f".restored-{uuid.uuid4().hex}"
            try:
                _unpack(packed, manifest["files"], unfinished)
                unfinished.rename(folders.root / name)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except _UNSOUND as error:
        raise InvalidInput(f"{str(archive)!r} is not a sound backup: {error}.") from None
    return name


def _manifest(packed: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(packed.read(_MANIFEST))
    if manifest["format"] != _FORMAT or DATABASE_NAME not in manifest["files"]:
        raise ValueError("its format is not known")
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


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
