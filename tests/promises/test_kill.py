"""SIGKILL at random moments: what was acknowledged is there once, and nothing half visible.

A process puts, replaces and deletes documents, compacts, backs up and writes snapshots, one after
the other, and is killed; the next goes on with the same store. After each kill the store is opened,
read whole, searched and compared with what was acknowledged.

    PROOF_KILLS=200 pytest -m slow tests/promises/test_kill.py
"""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import SNAPSHOT_NAME
from rag_cs.index.verify import find_faults
from rag_cs.stores.backup import back_up, restore
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.folders import StoreFolders
from rag_cs.text import search_terms
from tests.builders import make_index
from tests.promises.counts import count
from tests.promises.victim import (
    EMBEDDINGS,
    SOURCES,
    STORE,
    Operation,
    document,
    forks,
    word,
    work,
)

log = logging.getLogger(__name__)
KILLS = count("KILLS", 15)
# The longest life: some twenty operations.
LONGEST_SECONDS = 0.5
State = dict[str, int]


@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    state: State = {}
    killed_in: Counter[str] = Counter()
    seconds, operations = [], 0
    for seed in range(KILLS):
        done, pending = life(tmp_path, seed)
        operations += len(done)
        for operation in done:
            apply(state, operation)
        begin = time.monotonic()
        index = make_index(tmp_path / "indexes" / STORE)
        seconds.append(time.monotonic() - begin)
        state = agreed(index, state, pending)
        check_store(tmp_path, index, state)
        check_backups(tmp_path, done)
        index.close()
        killed_in[pending[0] if pending else "between two"] += 1
    log.warning(
        "%s kills, in %s, among %s operations that were acknowledged; opened in %.3f s at the most",
        KILLS, dict(killed_in), operations, max(seconds),
    )  # fmt: skip


def life(root: Path, seed: int) -> tuple[list[Operation], Operation | None]:
    """What a process acknowledged before it was killed, and what it was at."""
    context = forks()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(root, seed, sender))
    process.start()
    sender.close()
    assert receiver.recv()[0] == "ready"
    time.sleep(random.Random(seed).uniform(0, LONGEST_SECONDS))
    os.kill(process.pid, signal.SIGKILL)
    done: list[Operation] = []
    pending: Operation | None = None
    try:
        while True:
            what, operation = receiver.recv()
            pending = operation if what == "begun" else None
            if what == "done":
                done.append(operation)
    except EOFError:
        process.join()
    assert process.exitcode == -signal.SIGKILL
    return done, pending


def apply(state: State, operation: Operation) -> None:
    kind, source, version = operation
    if kind == "put":
        state[source] = version
    elif kind == "delete":
        state.pop(source, None)


def agreed(index: EmbeddedIndex, state: State, pending: Operation | None) -> State:
    """The old state or, if what was begun came to its end, the new; by what the store lists."""
    listed = {record.source: record.sha256 for record in index.documents()}
    states = [state]
    if pending:
        states.append(dict(state))
        apply(states[1], pending)
    fitting = [
        each
        for each in states
        if listed == {source: document(source, each[source]).sha256 for source in each}
    ]
    assert fitting, (listed, states)
    return fitting[0]


def check_store(root: Path, index: EmbeddedIndex, state: State) -> None:
    """Everything fits together, and a search finds each document's chunks, once, and no other."""
    assert find_faults(root / "indexes" / STORE) == []
    sizes = {record.source: record.chunks for record in index.documents()}
    assert len(index) == sum(sizes.values())
    for source in SOURCES:
        version = state.get(source)
        wanted = document(source, version).text if version else ""
        found = index.chunks(index.numbers(document(source, 1).id).tolist())
        assert all(part.text in wanted for part in found.values())
        assert len(found) == sizes.get(source, 0)
        if version:
            name = word(source, version)
            lexical = index.search_lexical(search_terms(name)[:1], 500).numbers
            assert set(lexical.tolist()) == set(found)
            near = index.search_dense(np.array(EMBEDDINGS.embed_query(name), np.float32), 500)
            assert len(near.numbers) == len(set(near.numbers.tolist())) == len(index)
    with index.engine.begin() as connection:
        turns = connection.exec_driver_sql(
            "SELECT conversation_id FROM conversations WHERE role = 'assistant' AND text != ''"
        ).scalars()
        quoted = [Conversations(index.engine).history(name)[-1].text for name in turns]
    texts = [document(source, version).text for source, version in state.items()]
    assert all(any(quote in text for text in texts) for quote in quoted)
    unfinished = {path.name for path in (root / "indexes" / STORE).iterdir()}
    assert unfinished <= {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm", SNAPSHOT_NAME,
                          "vectors.tmp"}  # fmt: skip


def check_backups(root: Path, done: list[Operation]) -> None:
    """Each that was acknowledged is whole, and so is any other that has a name; then they go."""
    files = {path.name for path in (root / "backups").glob("*.zip")}
    assert {source for kind, source, _ in done if kind == "backup"} <= files
    elsewhere = StoreFolders(root / "elsewhere")
    for name in files:
        restore(elsewhere, root / "backups" / name)
        assert find_faults(elsewhere.path(STORE)) == []
        elsewhere.delete(STORE)
        (root / "backups" / name).unlink()


def test_a_killed_process_leaves_nothing_for_ever(tmp_path: Path) -> None:
    """What it had begun to write beside the store and the backups goes with the next."""
    left = [f"indexes/{name}" for name in (".deleted-1", ".restored-999999999-1")]
    paths = [tmp_path / name for name in (*left, ".backup-999999999-1")]
    for path in paths:
        path.mkdir(parents=True)
        (path / "store.sqlite").write_text("x")
    make_index(tmp_path / "indexes" / STORE).close()
    folders = StoreFolders(tmp_path / "indexes")
    file = back_up(folders, STORE, tmp_path)
    restore(folders, file, "copy")
    assert not any(path.exists() for path in paths)
