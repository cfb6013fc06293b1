from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag_cs.index.vectors import VectorTable, load_vectors


def unit_rows(count: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def table() -> VectorTable:
    table = VectorTable(8)
    table.add(np.arange(10, 60), unit_rows(50))
    return table


def test_a_snapshot_round_trips(table: VectorTable, tmp_path: Path) -> None:
    table.save(tmp_path / "v.faiss")
    again = load_vectors(tmp_path / "v.faiss", 8)
    assert sorted(again.numbers()) == list(range(10, 60))
    query = unit_rows(1, seed=2)[0]
    assert again.search(query, 9).tolist() == table.search(query, 9).tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["v.faiss"]


def test_removed_rows_are_neither_found_nor_kept(table: VectorTable) -> None:
    row = unit_rows(50)[2]
    assert table.search(row, 1).tolist() == [12]
    table.remove(np.array([12, 9999]))
    assert 12 not in table.search(row, 50)
    assert len(table) == 49


@pytest.mark.parametrize("position", [0, 5, 60, 130, 400, -1])
def test_any_damage_means_an_empty_table_never_a_crash(
    table: VectorTable, tmp_path: Path, position: int
) -> None:
    path = tmp_path / "v.faiss"
    table.save(path)
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)
    assert len(load_vectors(path, 8)) == 0


@pytest.mark.parametrize("size", [0, 1, 50, 300])
def test_a_truncated_or_missing_snapshot_means_an_empty_table(
    table: VectorTable, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "v.faiss"
    assert len(load_vectors(path, 8)) == 0
    table.save(path)
    path.write_bytes(path.read_bytes()[:size])
    assert len(load_vectors(path, 8)) == 0


def test_a_snapshot_of_another_model_is_left_alone(table: VectorTable, tmp_path: Path) -> None:
    table.save(tmp_path / "v.faiss")
    assert len(load_vectors(tmp_path / "v.faiss", 16)) == 0
