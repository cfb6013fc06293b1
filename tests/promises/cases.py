"""Operations that change what is on the disk, each with what there is before and how to tell what
there is after. For the proofs of faults and of a full disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag_cs.errors import RagError
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME
from rag_cs.index.verify import find_faults
from rag_cs.stores.backup import back_up, restore
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.folders import StoreFolders
from rag_cs.stores.jobs import JobLedger
from rag_cs.stores.keys import Keys
from rag_cs.types import Citation, Document, Turn
from tests.builders import chunks_and_vectors, make_document, make_index
from tests.fakes import HashEmbeddings
from tests.index.test_migrate import FIXTURES, made
from tests.test_bootstrap import make_system

EMBEDDINGS = HashEmbeddings()
OLD = make_document(
    "returns.md", *(f"Goods go back within {n} days, says clause {n}." for n in range(9))
)
NEW = make_document(
    "returns.md", *(f"Goods go back within {n} weeks, says rule {n}." for n in range(30))
)
LAMPS = make_document("lamps.md", "Lamps are blue.", "Lamps cost 12 yuan.")
VASES = make_document("vases.md", *(f"Vase {n} is {n} cm high." for n in range(20)))
QUOTE = Citation(OLD.id, "c", "", None, 0, 19, OLD.text[:19], OLD.text[:19], OLD.sha256)


@dataclass(frozen=True)
class Case:
    """`prepare` fills a folder; `open` gives what `act` is done with; `state` says what is there,
    by a new opening or, when it is given one, as a program sees it that goes on. `once`: it can't
    be done again when it is done."""

    name: str
    prepare: Callable[[Path], object]
    act: Callable[[Any], object]
    state: Callable[[Path, Any], Any]
    open: Callable[[Path], Any]
    close: Callable[[Any], object]
    once: bool = False


def put(index: EmbeddedIndex, document: Document) -> None:
    index.replace(document, *chunks_and_vectors(document, EMBEDDINGS))


def prepare_store(folder: Path) -> None:
    """Two documents, a conversation that quotes one, a snapshot, and a log that isn't empty."""
    index = make_index(folder / "shop", OLD, LAMPS)
    said = [Turn("user", "When?"), Turn("assistant", QUOTE.quote)]
    Conversations(index.engine).append("talk", said, [QUOTE])
    index.save()
    put(index, make_document("last.md", "It was put in last."))
    index.close()


def open_index(folder: Path) -> EmbeddedIndex:
    return make_index(folder / "shop")


def store_state(folder: Path, index: Any) -> Any:
    """Documents, chunks, what a search finds in memory and on the disk, and what was said."""
    opened = index or open_index(folder)
    try:
        documents = [(each.source, each.sha256, each.chunks) for each in opened.documents()]
        query = np.array(EMBEDDINGS.embed_query("goods"), np.float32)
        near = opened.search_dense(query, 500).numbers.tolist()
        words = opened.search_lexical(["goods", "good", "lamp", "vase"], 500).numbers.tolist()
        texts = sorted(part.text for part in opened.chunks(near).values())
        with opened.engine.begin() as connection:
            said = connection.exec_driver_sql("SELECT text FROM conversations").scalars().all()
    finally:
        if index is None:
            opened.close()
    faults = [] if index else find_faults(folder / "shop")
    return [documents, texts, len(words), list(said), [str(fault) for fault in faults]]


def of_index(
    name: str, act: Callable[[EmbeddedIndex], object], prepare: Any = prepare_store
) -> Case:
    return Case(name, prepare, act, store_state, open_index, EmbeddedIndex.close)


def prepare_log(folder: Path) -> None:
    """A store as a kill leaves it: with a log that was not worked in."""
    living = folder.parent / "living"
    shutil.rmtree(living, ignore_errors=True)
    index = make_index(living / "shop", OLD, LAMPS)
    put(index, NEW)
    shutil.copytree(living, folder, dirs_exist_ok=True)
    index.close()


def prepare_earlier(folder: Path) -> None:
    made(folder / "shop", FIXTURES / "r0001.sql")


def of_opening(name: str, prepare: Callable[[Path], object]) -> Case:
    return Case(
        name, prepare, lambda folder: open_index(folder).close(),
        lambda folder, _: store_state(folder, None), lambda folder: folder, lambda _: None,
    )  # fmt: skip


def folders_of(folder: Path) -> StoreFolders:
    return StoreFolders(folder)


def prepare_archive(folder: Path) -> None:
    prepare_store(folder)
    back_up(folders_of(folder), "shop", folder / "given.zip")


def backup_state(folder: Path, _: Any) -> Any:
    """Whether there is a backup, which then is whole."""
    file = folder / "out.zip"
    if not file.exists():
        return "none"
    elsewhere = StoreFolders(folder.parent / "elsewhere")
    shutil.rmtree(elsewhere.root, ignore_errors=True)
    restore(elsewhere, file)
    return store_state(elsewhere.root, None)


def stores_state(folder: Path, _: Any) -> Any:
    """The stores, each whole."""
    return [
        (name, store_state_of(folder, name))
        for name in folders_of(folder).names()
        if (folder / name / DATABASE_NAME).exists()
    ]


def store_state_of(folder: Path, name: str) -> Any:
    alone = folder.parent / "alone"
    shutil.rmtree(alone, ignore_errors=True)
    shutil.copytree(folder / name, alone / "shop")
    return store_state(alone, None)


def of_stores(
    name: str, act: Any, state: Any, prepare: Any = prepare_store, once: bool = True
) -> Case:
    return Case(name, prepare, act, state, folders_of, lambda _: None, once)


def prepare_ledger(folder: Path) -> None:
    ledger = JobLedger(folder)
    for name in ("a.md", "b.md", "a.md"):
        ledger.add("shop", name, name.encode() * 500)
    ledger.take()
    ledger.close()


def ledger_state(folder: Path, handle: Any) -> Any:
    """Every job, with its bytes where they are needed; none are kept that aren't, but by a process
    that is gone."""
    ledger = handle or JobLedger(folder)
    jobs = ledger.of_store("shop")
    needed = [job for job in jobs if job.state in ("queued", "running", "failed")]
    held = [len(ledger.bytes_of(job.id)) for job in needed]
    left = len(list((folder / ".uploads").iterdir()))
    assert handle is None or left == len(needed), (left, needed)
    if handle is None:
        ledger.close()
    return [[(job.source, job.state, job.document_id) for job in jobs], held]


def of_ledger(name: str, act: Callable[[JobLedger], object], *, once: bool = True) -> Case:
    return Case(name, prepare_ledger, act, ledger_state, JobLedger, JobLedger.close, once)


def running(ledger: JobLedger) -> str:
    return next(job.id for job in ledger.of_store("shop") if job.state == "running")


def finish(ledger: JobLedger) -> None:
    """The last one is the first: jobs are told the latest first."""
    ledger.finish(ledger.of_store("shop")[-1].id, "d1")


def keys_state(folder: Path, _: Any) -> Any:
    return sorted((key.role, bool(key.revoked_at)) for key in Keys(folder).list())


def prepare_secret(folder: Path) -> None:
    secret, _ = Keys(folder).create("shopper", ["shop"])
    (folder / "secret").write_text(secret)


def use_key(keys: Keys) -> None:
    """Whatever the disk does."""
    try:
        assert keys.find((keys._file.parent / "secret").read_text())
    except RagError as error:
        raise AssertionError("nobody is let in") from error


def new_store(folder: Path) -> None:
    system = make_system(folder)
    try:
        system.store("other", create=True)
    finally:
        system.close()


CASES = (
    of_index("ingest", lambda index: put(index, VASES)),
    of_index("replace", lambda index: put(index, NEW)),
    of_index("delete", lambda index: index.delete(OLD.id)),
    of_index("snapshot", EmbeddedIndex.save),
    of_index("compact", EmbeddedIndex.compact),
    of_opening("migrate", prepare_earlier),
    of_opening("recover", prepare_log),
    of_stores(
        "backup", lambda stores: back_up(stores, "shop", stores.root / "out.zip"), backup_state
    ),
    of_stores(
        "restore", lambda stores: restore(stores, stores.root / "given.zip", "copy"),
        stores_state, prepare_archive,
    ),
    of_stores("delete store", lambda stores: stores.delete("shop"), stores_state),
    of_stores("rename store", lambda stores: stores.rename("shop", "other"), stores_state),
    Case(
        "new store", prepare_store, new_store, stores_state, lambda folder: folder,
        lambda _: None,
    ),
    of_ledger("take an upload in",
              lambda ledger: ledger.add("shop", "c.md", b"c" * 9_000, {}, "key"), once=False),
    of_ledger("work on an upload", JobLedger.take),
    of_ledger("end an upload", finish, once=False),
    of_ledger("take uploads back", lambda ledger: ledger.withdraw("shop", "a.md"), once=False),
    of_ledger("forget a store", lambda ledger: ledger.forget_store("shop"), once=False),
    Case("make a key", lambda folder: Keys(folder).create("shopper", ["shop"]),
         lambda keys: keys.create("merchant", ["shop"]), keys_state, Keys,
         lambda keys: keys._engine.dispose(), once=True),
    Case("use a key", prepare_secret, use_key, keys_state, Keys,
         lambda keys: keys._engine.dispose()),
)  # fmt: skip
