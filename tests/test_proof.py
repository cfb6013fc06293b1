from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rag_cs.bootstrap import System
from rag_cs.errors import IndexDamaged, NotFound
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.schema import DATABASE_NAME
from rag_cs.load import load
from rag_cs.proof import prove
from rag_cs.retrieve import Retriever
from tests.fakes import make_judge
from tests.test_bootstrap import make_system


@pytest.fixture
def system(tmp_path: Path) -> System:
    system = make_system(tmp_path / "indexes")
    system.__dict__.update(loader=load, judge=make_judge(needed=0.2))
    store = system.store("shop", create=True)
    for number in range(5):
        text = f"# Vase {number}\n\nVase {number} is {number + 20} cm high."
        store.ingester.ingest(text.encode(), f"{number}.md")
    store.ingester.ingest("问题,答案\n几天之内可以退货？,七天之内可以退货。".encode(), "faq.csv")
    return system


def failed(system: System, space: Path) -> str:
    """The first finding that isn't as promised."""
    return next(finding.text for finding in prove(system, "shop", space) if not finding.passed)


def fingerprint(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_a_sound_store_keeps_what_is_promised_and_is_not_touched(
    system: System, tmp_path: Path
) -> None:
    before = fingerprint(tmp_path / "indexes" / "shop")
    findings = list(prove(system, "shop", tmp_path))
    assert [finding.passed for finding in findings] == [True] * 9, findings
    assert "nothing is left of it" in findings[-2].text
    assert fingerprint(tmp_path / "indexes" / "shop") == before
    assert system.folders.names() == ["shop"]


@pytest.mark.slow
def test_a_deletion_that_leaves_the_terms_is_found(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag_cs.index.lexical.LexicalSearch.rebuild", lambda _: None)
    assert "left in" in failed(system, tmp_path)


@pytest.mark.slow
def test_a_deletion_that_is_not_obeyed_is_found(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmbeddedIndex, "delete", lambda *_: True)
    assert "deleted or replaced; searched and asked for at once" in failed(system, tmp_path)


@pytest.mark.slow
def test_stores_that_share_are_found(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that looks into every store that was opened."""
    search, all_of_them = Retriever.search, []

    def everywhere(self: Retriever, *given: object, **named: object) -> object:
        if self not in all_of_them:
            all_of_them.append(self)
        return [hit for each in all_of_them for hit in search(each, *given, **named)]

    monkeypatch.setattr(Retriever, "search", everywhere)
    assert "for another store's document" in failed(system, tmp_path)


def test_a_store_that_cannot_be_read_is_told(system: System, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(prove(system, "nothing", tmp_path))
    system.close()
    database = tmp_path / "indexes" / "shop" / DATABASE_NAME
    database.write_bytes(database.read_bytes()[:4096] + b"\xff" * 90_000)
    with pytest.raises(IndexDamaged):
        list(prove(system, "shop", tmp_path))
