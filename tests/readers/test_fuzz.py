"""Files that once came out of a reader as something else than a sentence are read again."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from rag_cs.errors import RagError
from rag_cs.isolated import IsolatedLoader
from tests.fuzz import FOUND, TARGETS, try_file

# How the fuzzer names what no Python code can catch.
_ENDINGS = ("crash-", "oom-", "timeout-")


@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_starts_from_is_read(name: str) -> None:
    for seed in TARGETS[name].seeds():
        try_file(TARGETS[name], seed)


RAISED, ENDED = (
    [path for path in sorted(FOUND.glob("*/*")) if path.name.startswith(_ENDINGS) is ended]
    for ended in (False, True)
)


@pytest.mark.parametrize("path", RAISED, ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path) -> None:
    try_file(TARGETS[path.parent.name], path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("path", ENDED, ids=lambda path: path.name[:12])
def test_what_ended_its_reader_ends_it_alone(path: Path) -> None:
    target = TARGETS[path.parent.name]
    with contextlib.suppress(RagError):
        IsolatedLoader()(target.wrap(path.read_bytes()), target.source)
