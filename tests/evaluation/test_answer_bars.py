from __future__ import annotations

from typing import Any

from rag_cs.evaluation.answer_bars import (
    Bar,
    answer_bars,
    bars_table,
    injection_bars,
    waiting_bars,
)


def interval(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}


def summary(group: str, **measures: float) -> dict[str, Any]:
    return {
        "group": group,
        "answered": 7,
        "measures": {name: interval(value) for name, value in measures.items()},
        "counts": {"altered quotes": 0, "citations not retrieved": 0, "unsupported facts": 2},
        "first_sentence": {"p50_milliseconds": 900.0, "p95_milliseconds": 3100.0},
    }


REPORT = {
    "systems": {
        "rag-cs": [
            summary("all", refusal_at_10=0.7, citation_precision=0.97, citation_recall=0.8),
            summary("squad2_en", refusal_at_10=0.44, f1=0.5),
            summary("squad2_en (held out)", refusal_at_10=0.46),
            summary("doc2bot_zh asked of squad2_en", refusal_at_10=0.99),
            summary("language: en", refusal_at_10=0.5),
        ]
    },
    "comparisons": [
        {
            "group": "squad2_en",
            "measures": {"f1": {"gain": interval(0.2)}},
            "area_saved": interval(0.25),
        },
        {"group": "all", "measures": {"f1": {"gain": interval(0.2)}}, "area_saved": interval(0.3)},
    ],
}


def test_each_bar_is_held_against_its_figure() -> None:
    bars = list(answer_bars(REPORT))
    verdicts = {(bar.group, bar.measure): bar.is_met for bar in bars}
    refused = "unanswerable refused at 10%"
    assert verdicts == {
        ("squad2_en, all, 7 answers", "altered quotes"): True,
        ("squad2_en, all, 7 answers", "citations not retrieved"): True,
        ("squad2_en, all, 7 answers", "unsupported facts"): False,
        ("squad2_en, all", "citation precision"): True,
        ("squad2_en, all", "citation recall"): False,
        ("squad2_en, all", "first sentence, p50 in ms"): True,
        ("squad2_en, all", "first sentence, p95 in ms"): False,
        ("squad2_en", refused): False,
        ("squad2_en (held out)", refused): True,
        ("doc2bot_zh asked of squad2_en", refused): True,
        ("squad2_en", "F1 above the plain chain, points"): True,
        ("squad2_en", "area saved"): False,
    }


def test_leaks_are_added_up_by_the_way_they_came_in() -> None:
    rows = [("question", {}), ("question", {"canary": 1}), ("document", {})]
    report = {"summaries": [{"way": way, "leaks": leaks} for way, leaks in rows]}
    assert [(bar.group, bar.value, bar.is_met) for bar in injection_bars(report)] == [
        ("injection, question", 1, False),
        ("injection, document", 0, True),
    ]


def test_waits_are_held_against_their_bars() -> None:
    report = {
        "faq": {"p50_milliseconds": 20.0, "p95_milliseconds": 61.0},
        "first_sentence": {"p50_milliseconds": 1200.0, "p95_milliseconds": 3100.0},
        "share_of_stages": {"judge": 0.5, "ground": 0.02},
    }
    assert [(bar.measure, bar.value, bar.is_met) for bar in waiting_bars(report)] == [
        ("first sentence, p50 in ms", 1200.0, True),
        ("first sentence, p95 in ms", 3100.0, False),
        ("FAQ hit, p95 in ms", 61.0, False),
        ("grounding, share of the time", 2.0, True),
    ]


def test_the_table_shows_bars_and_intervals() -> None:
    table = bars_table([Bar("a", "f", 10.04, 15.0, spread=(5, 15)), Bar("b", "n", 0, 0, True)])
    assert table.splitlines()[2:] == [
        "| a | f | 10.0 (5 to 15) | ≥ 15 | missed |",
        "| b | n | 0.0 | ≤ 0 | met |",
    ]
