from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.personal import read_labelled, score, untouched
from rag_cs.privacy import find_personal

LABELLED = read_labelled(Path(__file__).parent.parent / "data" / "privacy.jsonl")


@pytest.mark.parametrize(
    ("part", "least", "least_names"),
    [("development", 0.97, 0.9), ("held out", 0.97, 0.9), ("fresh", 0.9, 0.7)],
)
def test_labelled_texts(part: str, least: float, least_names: float) -> None:
    texts = [each for each in LABELLED if each.part == part]
    for row in score(texts, find_personal):
        if row.kind == "all":
            assert min(row.recall, row.precision) >= least, row
        elif row.kind == "NAME":
            assert min(row.recall, row.precision) >= least_names, row
        else:
            assert min(row.recall, row.precision) >= 0.87, row
    left, clean = untouched(texts, find_personal)
    assert left >= clean - 1


def test_findings_are_in_order_and_of_several_kinds() -> None:
    text = "收件人：王小明，电话13812345678，地址：文三路100号，邮箱a@example.com，身份证11010519491231002X"
    found = find_personal(text)
    assert [each.kind for each in found] == ["NAME", "PHONE", "ADDRESS", "EMAIL", "ID"]


WORDS = st.sampled_from(
    [
        *"路号区市栋室省，。 .-+@(",
        "13812345678",
        "my name is ",
        "收件人",
        "张伟",
        "Ab ",
        "1",
        "62",
        "St",
    ]
)


@given(st.lists(WORDS, max_size=60).map("".join) | st.text(max_size=200))
def test_findings_never_overlap_and_lie_within_the_text(text: str) -> None:
    found = find_personal(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    "piece", ["1-", "区", "浙江省杭州市西湖区文三", "Ab ", "1 Ab ", "a@", "my name is "]
)
def test_no_question_takes_long(piece: str) -> None:
    text = (piece * 2_000)[:2_000]
    find_personal(text)
    start = time.process_time()
    find_personal(text)
    assert time.process_time() - start < 1
