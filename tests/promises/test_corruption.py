"""Bits of a store's files flip, their ends are cut off, their sectors are lost: each is noticed, or
changes nothing that anybody is told; no process dies of it, and a backup makes it good.

    PROOF_DAMAGES=500 pytest -m slow tests/promises/test_corruption.py
"""

from __future__ import annotations

import logging
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME, SNAPSHOT_NAME
from rag_cs.stores.backup import back_up, restore
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.folders import StoreFolders
from rag_cs.types import Citation, Turn
from tests.builders import make_document, make_index
from tests.promises.counts import count
from tests.promises.examined import EMBEDDINGS, examine, look
from tests.promises.victim import forks

log = logging.getLogger(__name__)
DAMAGES = count("DAMAGES", 60)
RETURNS = make_document("returns.md", *(f"Goods {n} go back within {n} days." for n in range(30)))
VASES = make_document("vases.md", *(f"Vase {n} is {n} cm high." for n in range(60)))
LAMPS = make_document("灯.md", "铜灯每盏48元。", "纸灯每盏12元。")
QUOTE = Citation(RETURNS.id, "c", "", None, 0, 29, "", "", RETURNS.sha256)


@pytest.fixture
def shop(tmp_path: Path) -> StoreFolders:
    folders = StoreFolders(tmp_path / "indexes")
    index = make_index(folders.root / "shop", RETURNS, VASES, LAMPS, embeddings=EMBEDDINGS)
    said = [Turn("user", "When?"), Turn("assistant", "Goods 3 go back within 3 days.")]
    Conversations(index.engine).append("talk", said, [QUOTE])
    gone = make_document("gone.md", *(f"What is gone {n}." for n in range(40)))
    make_index(folders.root / "shop", gone, embeddings=EMBEDDINGS).close()
    index.delete(gone.id)  # so that there are free pages
    index.save()
    index.close()
    return folders


@pytest.mark.slow
def test_damage_is_noticed_or_harmless_and_a_backup_makes_it_good(
    shop: StoreFolders, tmp_path: Path
) -> None:
    archive = back_up(shop, "shop", tmp_path)
    whole = look(shop.path("shop"))
    outcomes: Counter[str] = Counter()
    for seed in range(DAMAGES):
        chooser = random.Random(seed)
        trial = tmp_path / "trial"
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(shop.path("shop"), trial)
        name = chooser.choice([DATABASE_NAME, DATABASE_NAME, SNAPSHOT_NAME])
        kind = damage(trial / name, chooser)
        told = examined(trial)
        assert "odd" not in told, (seed, name, kind, told)
        outcome = judge(told, whole)
        assert outcome != "unnoticed", (seed, name, kind, differences(told["seen"], whole))
        if name == SNAPSHOT_NAME:  # a cache: made again from the database
            assert told["seen"] == whole, (seed, kind)
        outcomes[f"{name}: {kind}, {outcome}"] += 1
    log.warning("%s damages: %s", DAMAGES, dict(sorted(outcomes.items())))
    elsewhere = StoreFolders(tmp_path / "elsewhere")
    restore(elsewhere, archive)
    assert look(elsewhere.path("shop")) == whole


def damage(file: Path, chooser: random.Random) -> str:
    data = bytearray(file.read_bytes())
    kind = chooser.choice(["bit", "bit", "bit", "end", "sector", "noise"])
    place = chooser.randrange(len(data))
    if kind == "bit":
        data[place] ^= 1 << chooser.randrange(8)
    elif kind == "end":
        del data[place:]
    elif kind == "sector":
        start = place // 512 * 512
        data[start : start + 512] = bytes(len(data[start : start + 512]))
    else:
        data[place : place + 64] = chooser.randbytes(len(data[place : place + 64]))
    file.write_bytes(data)
    return kind


def examined(folder: Path) -> dict[str, Any]:
    """What another process sees, which may be killed by what it reads, but must not be."""
    context = forks()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=examine, args=(folder, sender))
    process.start()
    sender.close()
    assert receiver.poll(60), "it hangs"
    try:
        told: dict[str, Any] = receiver.recv()
    except EOFError:
        process.join()
        raise AssertionError(f"it died of it: {process.exitcode}") from None
    process.join()
    assert process.exitcode == 0
    return told


def judge(told: dict[str, Any], whole: Any) -> str:
    if told["error"]:
        return "refused"
    if told["faults"]:
        return "noticed"
    return "harmless" if told["seen"] == whole else "unnoticed"


def differences(seen: Any, whole: Any) -> list[Any]:
    return [(a, b) for a, b in zip(seen, whole, strict=True) if a != b]


def test_faiss_reads_nothing_that_was_not_checked(
    shop: StoreFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.path("shop")
    whole = (folder / SNAPSHOT_NAME).read_bytes()

    def never(_: Any) -> Any:
        raise AssertionError("FAISS was given bytes whose checksum doesn't hold")

    monkeypatch.setattr("rag_cs.index.vectors.faiss.deserialize_index", never)
    for place in (len(whole) - 1, len(whole) // 2, whole.index(b"\n") + 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (folder / SNAPSHOT_NAME).write_bytes(damaged)
        EmbeddedIndex(folder, dimensions=64, embedder=EMBEDDINGS.fingerprint).close()
