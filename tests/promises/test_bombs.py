"""Hostile files are refused, or read like any other, within ten seconds and a gigabyte."""

from __future__ import annotations

import pytest

from rag_cs.isolated import IsolatedLoader
from tests.bombs import BOMBS, Bomb
from tests.bombs.trial import try_bomb

MOST_SECONDS = 10.0
MOST_BYTES = 1_000_000_000
# Made and refused in a moment.
QUICK = {
    "a.docx zip: hostile names within", "a.docx billion laughs", "a.docx external entity",
    "a.docx a cell over 10^9 columns", "a.xlsx cells at both ends of a sheet",
    "a.pdf page tree that loops", "a.jpg claims 4,290 million pixels",
    "a.html cells over 100 rows and columns", "a.json 5 million lists deep",
}  # fmt: skip


@pytest.fixture(scope="module")
def loader() -> IsolatedLoader:
    loader = IsolatedLoader()
    loader(b"Words.", "a.txt")  # starts the server of forks
    return loader


def is_defused(bomb: Bomb, loader: IsolatedLoader) -> None:
    trial = try_bomb(bomb, loader)
    assert trial.text or trial.refusal.endswith((".", "retry."))
    assert bomb.keeps in trial.text
    assert "root:" not in trial.text
    assert "laugh" not in trial.text
    assert trial.cost.seconds <= MOST_SECONDS
    assert trial.cost.resident <= MOST_BYTES


@pytest.mark.parametrize("bomb", [b for b in BOMBS if str(b) in QUICK], ids=str)
def test_a_small_bomb(bomb: Bomb, loader: IsolatedLoader) -> None:
    is_defused(bomb, loader)


@pytest.mark.slow
@pytest.mark.parametrize("bomb", [b for b in BOMBS if str(b) not in QUICK], ids=str)
def test_a_bomb(bomb: Bomb, loader: IsolatedLoader) -> None:
    is_defused(bomb, loader)
