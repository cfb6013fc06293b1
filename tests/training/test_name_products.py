"""`scripts/data/name_products.py`, whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rag_cs.evaluation.datasets import read_dataset

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "data" / "name_products.py"


def write(path: Path, *rows: dict[str, Any]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    passages = [
        {"_id": f"inn_{number}_review_0", "title": "Inn", "text": f"Room {number} is quiet."}
        for number in (1, 2)
    ]
    write(folder / "corpus.jsonl", *passages)
    queries = [{"_id": name, "text": "Quiet?", "metadata": {"turn": 1}} for name in "abc"]
    write(folder / "queries.jsonl", *queries)
    write(folder / "answers.jsonl", *({"_id": name, "answers": ["Yes."]} for name in "abc"))
    judgements = ["a\tinn_1_review_0\t1", "b\tinn_1_review_0\t1", "b\tinn_2_review_0\t1"]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judgements]))
    return folder


def run(data: Path, out: Path, ids: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, data, out, "--ids", ids]
    return subprocess.run(command, capture_output=True, text=True)


def test_queries_about_one_product_are_kept_and_name_it(data: Path, tmp_path: Path) -> None:
    done = run(data, tmp_path / "out", "(.+?)_review_")
    assert done.returncode == 0, done.stderr
    named = read_dataset(tmp_path / "out")
    assert [passage.metadata["product_id"] for passage in named.passages] == ["inn_1", "inn_2"]
    assert [(each.id, each.metadata["product_id"]) for each in named.queries] == [("a", "inn_1")]
    assert named.relevant == {"a": {"inn_1_review_0": 1}}
    assert named.expected["a"].answers == ("Yes.",)


def test_an_id_that_doesn_t_match_is_named(data: Path, tmp_path: Path) -> None:
    done = run(data, tmp_path / "out", "(.+?)_faq_")
    assert done.returncode == 2
    assert done.stderr.strip() == "inn_1_review_0 doesn't match (.+?)_faq_"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("ids", "said"), [("(", "no regular expression"), ("inn", "no group in brackets")]
)
def test_a_pattern_that_tells_no_product_is_refused(
    data: Path, tmp_path: Path, ids: str, said: str
) -> None:
    done = run(data, tmp_path / "out", ids)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_folder_itself_and_none_at_all_are_refused(data: Path, tmp_path: Path) -> None:
    assert "name another folder" in run(data, data, "(inn)").stderr
    assert "There is no folder" in run(tmp_path / "none", tmp_path / "out", "(inn)").stderr
