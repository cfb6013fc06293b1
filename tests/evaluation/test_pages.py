from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from rag_cs.evaluation import html
from rag_cs.evaluation.charts import bars, curves, differences, histogram
from rag_cs.evaluation.comparison import compare
from rag_cs.evaluation.datasets import Dataset, Passage, Query
from rag_cs.evaluation.metrics import Interval
from rag_cs.evaluation.pages import comparison_page, differing_queries, retrieval_page
from rag_cs.evaluation.runs import MEASURES, QueryResult
from tests.evaluation.test_comparison import make_report

DATASET = Dataset(
    name="shop",
    passages=(Passage("p1", "<b>Returns</b>", "Within 7 days."), Passage("p2", "", "满199元包邮")),
    queries=(Query("a", "<script>alert(1)</script>"), Query("b", "包邮吗")),
    relevant={"a": {"p1": 1}, "b": {"p2": 1}},
)
FIRST = replace(
    make_report({"a": 1.0, "b": 0.0}),
    slices={"language: zh": (Interval(0.0, 0.0, 0.1), 1)},
)
BETTER = QueryResult("b", ("p2",), dict.fromkeys(MEASURES, 1.0), 0.01)
SECOND = replace(FIRST, results=(FIRST.results[0], BETTER))


def svg_texts(svg: str) -> set[str]:
    tree = ET.fromstring(svg)
    return {each.text or "" for each in tree.iter("{http://www.w3.org/2000/svg}text")}


def test_charts_are_svg_with_their_words_as_text() -> None:
    assert {"运费", "recall"} <= svg_texts(curves({"运费": [0.1, 0.5, 1.0]}, "k", "recall"))
    assert {"zh", "50.0"} <= svg_texts(bars({"zh": Interval(0.5, 0.4, 0.6)}, "nDCG"))
    assert "shop: median 2.0" in svg_texts(histogram({"shop": [1, 2, 3]}, "milliseconds"))
    assert "gain" in svg_texts(differences([0.5, 0.0, -0.2], "gain"))


def test_a_table_escapes_texts_and_sets_numbers_right() -> None:
    table = html.table(["name", "n"], [["<i>", 1_200], ["+ good", 3.14159]])
    assert "&lt;i&gt;" in table
    assert "<i>" not in table
    assert '<td class="number">1,200</td>' in table
    assert '<td class="number">3.1</td>' in table
    assert '<td class="good">good</td>' in table


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing(tmp_path: Path) -> None:
    page = retrieval_page([(DATASET, FIRST)])
    html.write_page(tmp_path / "new" / "page.html", page)
    assert (tmp_path / "new" / "page.html").read_text("utf-8") == page
    assert "<script" not in page
    assert not re.search(r"""(src|href)=["'](?!#)""", page)


def test_the_page_of_a_run_shows_what_was_not_found() -> None:
    page = retrieval_page([(DATASET, FIRST)])
    assert "1 of 2 queries found nothing relevant in ten" in page
    assert "<td>包邮吗</td><td>满199元包邮</td>" in page
    assert "language: zh (1)" in page


def test_the_page_of_two_runs_shows_what_changed() -> None:
    page = comparison_page(("before", "after"), [(DATASET, compare(FIRST, SECOND))])
    assert "before against after" in page
    assert "<b>1</b><span>better</span>" in page
    assert "<td>包邮吗</td><td>满199元包邮</td><td>beyond 1</td><td>1</td>" in page


def test_differing_queries_are_rows_to_read() -> None:
    (row,) = differing_queries(DATASET, compare(FIRST, SECOND), 5)
    assert row == ["包邮吗", "满199元包邮", "beyond 1", "1", "满199元包邮"]
