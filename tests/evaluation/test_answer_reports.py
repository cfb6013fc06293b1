from __future__ import annotations

import json
import re

from rag_cs.evaluation.answer_comparison import compare_answers
from rag_cs.evaluation.answer_pages import answers_page
from rag_cs.evaluation.answer_reports import (
    answer_comparison_table,
    answers_json,
    answers_table,
    cases_of,
    cases_text,
    json_line,
    worst_cases,
)
from tests.evaluation.test_answer_measures import ANSWERS, FOREIGN, FOUND

COMPARED = compare_answers(ANSWERS, ANSWERS)


def test_a_line_holds_what_a_judge_needs() -> None:
    line = json.loads(json_line(ANSWERS[0]))
    assert line["_id"] == "q0"
    assert line["status"] == "answered"
    assert line["citations"][0]["document_id"] == "p1"
    assert line["citations"][0]["quote"] == line["citations"][0]["sentence"]
    assert line["retrieved"] == [{"chunk_id": "c1", "document_id": "p1"}]
    assert (line["seconds_to_first_sentence"], line["seconds"]) == (0.5, 1.0)
    assert line["marks"]["f1"] > 0
    assert "\n" not in json_line(ANSWERS[0])[:-1]


def test_the_figures_are_plain_values() -> None:
    written = json.loads(json.dumps(answers_json({"rag-cs": FOUND}, COMPARED, {"limit": 5})))
    first = written["systems"]["rag-cs"][0]
    assert (first["group"], first["questions"]) == ("all", 5)
    assert set(first["measures"]["f1"]) == {"mean", "low", "high"}
    assert written["settings"] == {"limit": 5}
    assert written["comparisons"][0]["area_saved"]["mean"] == 0


def test_tables_name_every_group() -> None:
    table = answers_table(FOUND)
    assert table.count(FOREIGN) == 3
    assert "shop (held out)" in table
    assert "500/500" in table
    compared = answer_comparison_table(("plain", "ours"), COMPARED)
    assert "area saved" in compared


def test_the_worst_of_every_sort_come_first() -> None:
    cases = cases_of(ANSWERS)
    assert [case.marked.record.question.id for case in cases["answered what can't be"]] == [
        "q2", "q4",
    ]  # fmt: skip
    assert len(cases["refused what can be answered"]) == 1
    shown = worst_cases(cases, most=2)
    assert [case.sort for case in shown] == [
        "answered what can't be",
        "refused what can be answered",
    ]
    assert "a refusal" in cases_text(shown)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = answers_page({"plain": (ANSWERS, FOUND), "ours": (ANSWERS, FOUND)}, COMPARED)
    assert "plain against ours" in page
    assert "risk: wrong among the answered" in page
    assert "cases to read" in page
    assert not re.search(r"""(src|href)=["'](?!#)""", page)
    assert "<script" not in page
