from __future__ import annotations

import pytest

from rag_cs.evaluation.datasets import Passage, Query
from rag_cs.evaluation.slices import slices_of
from rag_cs.types import Turn

FAQ = Passage("a", "Do you ship abroad?", "Yes. " * 100)
LINE = Passage("b", "Fees", "49 yuan.")
SECTION = Passage("c", "Fees", "words " * 100)


@pytest.mark.parametrize(
    ("query", "relevant", "expected"),
    [
        (
            Query("1", "shipping fee"),
            [LINE],
            ("language: en", "conversation: first question", "query: short",
             "answered by: short passage"),
        ),
        (
            Query("2", "那么偏远地区的运费由谁来承担呢？", (Turn("user", "运费多少"),)),
            [FAQ, SECTION],
            ("language: zh", "conversation: follow-up", "query: medium",
             "answered by: FAQ", "answered by: section"),
        ),
        (
            Query("3", "I bought a lamp last week and it does not turn on any more what now"),
            [SECTION],
            ("language: en", "conversation: first question", "query: long",
             "answered by: section"),
        ),
    ],
)  # fmt: skip
def test_a_query_belongs_to_a_slice_of_each_sort(
    query: Query, relevant: list[Passage], expected: tuple[str, ...]
) -> None:
    assert slices_of(query, relevant) == expected
