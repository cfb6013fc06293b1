from __future__ import annotations

import json
from pathlib import Path

from rag_cs.evaluation.comparison import compare
from rag_cs.evaluation.metrics import Interval, Latency
from rag_cs.evaluation.reports import (
    comparison_table,
    figures_table,
    machine,
    retrieval_json,
    retrieval_table,
    slices_table,
    write_json,
)
from rag_cs.evaluation.runs import MEASURES, QueryResult, RetrievalReport

REPORT = RetrievalReport(
    dataset="shop",
    passages=4,
    use_history=True,
    filter_field=None,
    top_k=10,
    measures=dict.fromkeys(MEASURES, Interval(0.5, 0.4, 0.62)),
    latency=Latency(12.34, 56.78, 60.0),
    recall_curve=(0.3, 0.5),
    slices={"language: zh": (Interval(0.5, 0.4, 0.62), 1)},
    results=(QueryResult("q1", ("运费", "codes"), dict.fromkeys(MEASURES, 0.5), 0.01),),
    index_bytes=2_500_000,
    peak_bytes=900_000_000,
)


def test_the_table_has_a_row_a_data_set_in_per_cent() -> None:
    header, row = retrieval_table([REPORT]).splitlines()
    assert all(name in header for name in MEASURES)
    assert row.split()[:4] == ["shop", "1", "50.0", "±11.0"]
    assert row.split()[-5:] == ["12.3", "56.8", "60.0", "2.5", "900"]
    assert len(header) == len(row)


def test_each_slice_has_a_row_with_its_interval() -> None:
    header, row = slices_table([REPORT]).splitlines()
    assert header.split() == ["slice", "queries", "ndcg@10"]
    assert row.split() == ["shop,", "language:", "zh", "1", "50.0", "±11.0"]


def test_two_runs_are_compared_a_row_a_measure() -> None:
    header, *rows = comparison_table(("before", "after"), [compare(REPORT, REPORT)]).splitlines()
    assert header.split()[:4] == ["data", "set", "measure", "before"]
    assert [row.split()[1] for row in rows] == list(MEASURES)
    assert rows[0].split()[2:5] == ["50.0", "50.0", "+0.0"]


def test_json_holds_every_querys_ranking(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figures.json"
    write_json(path, retrieval_json([REPORT], "hash@1"))
    read = json.loads(path.read_text("utf-8"))
    (run,) = read["runs"]
    assert read["embedder"] == "hash@1"
    assert (run["queries"], run["use_history"]) == (1, True)
    assert run["measures"]["ndcg@10"] == {"mean": 0.5, "low": 0.4, "high": 0.62}
    assert run["latency"]["p95_milliseconds"] == 56.78
    assert run["results"][0]["ranked"] == ["运费", "codes"]


def test_figures_name_their_machine() -> None:
    table = figures_table("Speed", [("ratio", "2.5"), ("longer name", "3")])
    assert table.splitlines()[0].startswith(f"Speed ({machine()['cores']} cores")
    assert table.splitlines()[1] == "  ratio        2.5"
