from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.chunk import chunk
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import Passage, read_dataset, to_document
from rag_cs.types import Turn

CORPUS = [
    {"_id": "p1", "title": "Returns", "text": "Within 7 days.\n\n  Unused only.", "metadata": {}},
    {"_id": "p2", "title": "", "text": "满199元包邮", "metadata": {"shop": "cn", "order": 3}},
    {"_id": "p3", "title": "Warranty", "text": ""},
]
QUERIES = [
    {"_id": "q1", "text": "how long to return?", "metadata": {"shop": "en", "new": True}},
    {
        "_id": "q2",
        "text": "运费呢？",
        "history": [{"role": "user", "text": "退货要几天？"}, {"role": "agent", "text": "7天"}],
    },
    {"_id": "q3", "text": "do you sell boats?"},
]
HEADER = "query-id\tcorpus-id\tscore"
QRELS = [HEADER, "q1\tp1\t2", "q1\tp3\t0", "q2\tp2\t1"]
ANSWERS = [
    {"_id": "q1", "answers": ["7 days", "a week"], "answerable": True},
    {"_id": "q3", "answers": [], "answerable": False},
]


def write(folder: Path, name: str, rows: Sequence[Any]) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    write(folder, "corpus.jsonl", CORPUS)
    write(folder, "queries.jsonl", QUERIES)
    write(folder, "qrels.tsv", QRELS)
    write(folder, "answers.jsonl", ANSWERS)
    return folder


def test_a_folder_is_read_whole(folder: Path) -> None:
    dataset = read_dataset(folder)
    assert dataset.name == "shop"
    assert [passage.id for passage in dataset.passages] == ["p1", "p2", "p3"]
    assert dataset.passages[1].metadata == {"shop": "cn", "order": "3"}
    assert dataset.queries[0].metadata == {"shop": "en", "new": "true"}
    assert dataset.queries[1].history == (Turn("user", "退货要几天？"), Turn("assistant", "7天"))
    assert dataset.relevant == {"q1": {"p1": 2, "p3": 0}, "q2": {"p2": 1}}
    assert dataset.expected["q1"].answers == ("7 days", "a week")
    assert not dataset.expected["q3"].answerable


def test_queries_without_a_relevant_passage_are_not_measured(folder: Path) -> None:
    assert [query.id for query in read_dataset(folder).judged_queries()] == ["q1", "q2"]


def test_answers_may_be_absent_and_lines_may_be_blank_or_end_as_on_windows(folder: Path) -> None:
    (folder / "answers.jsonl").unlink()
    (folder / "qrels.tsv").write_bytes("\r\n".join([*QRELS, "", ""]).encode())
    corpus = (folder / "corpus.jsonl").read_bytes()
    (folder / "corpus.jsonl").write_bytes(b"\xef\xbb\xbf" + corpus + b"\n\n")
    dataset = read_dataset(folder)
    assert not dataset.expected
    assert dataset.relevant["q2"] == {"p2": 1}


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidInput, match=f"shop/{name} is missing"):
        read_dataset(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no folder.*nowhere"):
        read_dataset(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("corpus.jsonl", [CORPUS[0], "{broken"], "shop/corpus.jsonl, line 2, column 2 isn't JSON"),
        ("corpus.jsonl", [CORPUS[0], "", "[1]"], "corpus.jsonl, line 3 must be a JSON object"),
        ("corpus.jsonl", ["[" * 100_000], "corpus.jsonl, line 1 isn't JSON"),
        ("corpus.jsonl", [CORPUS[0], CORPUS[0]], "line 2 repeats the `_id` 'p1'"),
        ("corpus.jsonl", [{"text": "x"}], "line 1 has no `_id`"),
        ("corpus.jsonl", [{"_id": 7, "text": "x"}], "line 1 has no `_id`"),
        ("corpus.jsonl", [{"_id": "p", "text": " "}], "line 1 has neither"),
        ("corpus.jsonl", [{"_id": "p", "text": 4}], "line 1: `text` must be a string"),
        ("corpus.jsonl", [], "corpus.jsonl holds no records"),
        ("queries.jsonl", [], "queries.jsonl holds no records"),
        ("queries.jsonl", [{"_id": "q"}], "queries.jsonl, line 1 has no `text`"),
        ("queries.jsonl", [{"_id": "q", "text": "x", "metadata": 1}], "`metadata` must be"),
        ("queries.jsonl", [{"_id": "q", "text": "x", "history": "y"}], "`history` must be"),
        ("queries.jsonl", [{"_id": "q", "text": "x", "history": ["y"]}], "line 1: a turn"),
        ("qrels.tsv", [], "qrels.tsv must be the header"),
        ("qrels.tsv", QRELS[1:], "qrels.tsv, line 1 must be the header"),
        ("qrels.tsv", [HEADER, "q1\t0\tp1\t1"], "line 2 has 4 columns"),
        ("qrels.tsv", [HEADER, "q1 p1 1"], "line 2 has 1 columns"),
        ("qrels.tsv", [*QRELS, "q9\tp1\t1"], "line 5 names query 'q9'"),
        ("qrels.tsv", [*QRELS, "q1\tp9\t1"], "line 5 names passage 'p9'"),
        ("qrels.tsv", [*QRELS, "q1\tp2\thigh"], "line 5: the score 'high'"),
        ("qrels.tsv", [*QRELS, "q1\tp2\t-1"], "line 5: the score '-1'"),
        ("qrels.tsv", [HEADER, "q1\tp1\t0"], "judges no passage relevant"),
        ("answers.jsonl", [{"_id": "q1", "answers": "x"}], "answers.jsonl, line 1: `answers`"),
        ("answers.jsonl", [{"_id": "q1", "answers": [], "answerable": "no"}], "`answerable`"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    folder: Path, name: str, rows: list[Any], message: str
) -> None:
    write(folder, name, rows)
    with pytest.raises(InvalidInput, match=message):
        read_dataset(folder)


def test_text_that_is_not_utf_8_is_named_with_its_line(folder: Path) -> None:
    with (folder / "queries.jsonl").open("ab") as file:
        file.write("运费".encode("gb18030"))
    with pytest.raises(InvalidInput, match=r"queries\.jsonl, line 4 isn't UTF-8"):
        read_dataset(folder)


def test_a_passage_becomes_a_document_of_its_own_id(folder: Path) -> None:
    first, second, third = (to_document(passage) for passage in read_dataset(folder).passages)
    assert (first.id, first.title, first.language) == ("p1", "Returns", "en")
    texts = [first.text[block.start : block.end] for block in first.blocks]
    assert texts == ["Within 7 days.", "Unused only."]
    assert (second.language, second.metadata["shop"]) == ("zh", "cn")
    assert third.text == "Warranty"


def test_a_changed_title_or_field_is_another_version() -> None:
    versions = [
        Passage("p", "", "text"),
        Passage("p", "title", "text"),
        Passage("p", "", "text", {"shop": "cn"}),
    ]
    assert len({to_document(passage).sha256 for passage in versions}) == 3


@given(st.text(max_size=300))
def test_blocks_leave_out_nothing_but_white_space(text: str) -> None:
    document = to_document(Passage("p", "t", text))
    left, end = "", 0
    for block in document.blocks:
        left += document.text[end : block.start]
        end = block.end
        assert document.text[block.start : block.end].strip()
    assert not (left + document.text[end:]).strip()
    for part in chunk(document, lambda texts: [len(text) for text in texts], max_tokens=80):
        assert part.text == document.text[part.start : part.end]
