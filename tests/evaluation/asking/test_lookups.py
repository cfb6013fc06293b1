from __future__ import annotations

import pytest

from rag_cs.evaluation.asking.lookups import lookups
from rag_cs.evaluation.asking.parts import Candidate, read_sections
from rag_cs.load import load


def found(markdown: str, title: str = "") -> list[tuple[str, str, str]]:
    text = load(markdown.encode(), "a.md").text
    candidates: list[Candidate] = []
    for section in read_sections(text):
        candidates += lookups(text, section, title)
    return [(each.question, each.kind, text[each.start : each.end]) for each in candidates]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            "| Code | Meaning |\n|---|---|\n| E4 | No filter |",
            ("What does E4 mean?", "code", "E4 | No filter"),
        ),
        (
            "| 代码 | 含义 |\n|---|---|\n| E4 | 未装滤网 |",
            ("E4是什么意思？", "code", "E4 | 未装滤网"),
        ),
        (
            "| Item | Value |\n|---|---|\n| Rated power | 38 W |",
            ("What is the rated power?", "number", "Rated power | 38 W"),
        ),
        (
            "| Service | Where | Delivery time |\n|---|---|---|\n| Express | Here | 2 days |",
            ("What is the delivery time for express?", "number", "Express | Here | 2 days"),
        ),
        (
            "| 等级 | 生日礼券（元） |\n|---|---|\n| 金灯会员 | 50 |",
            ("金灯会员的生日礼券是多少？", "number", "金灯会员 | 50"),
        ),
        (
            "| Field | Description |\n|---|---|\n| Row Total | The total of a line |",
            ("What does “Row Total” mean?", "term", "Row Total | The total of a line"),
        ),
    ],
)
def test_rows_of_tables(table: str, expected: tuple[str, str, str]) -> None:
    assert found(table) == [expected]


@pytest.mark.parametrize(
    "table",
    [
        "| Field | Description |\n|---|---|\n| Name | A name |",
        "| 货号 | 名称 |\n|---|---|\n| SP-0501 | 5升水箱 |",
        "| Part | How often |\n|---|---|\n| Pre-filter | every 2 weeks |",
        "| Code | Fits |\n|---|---|\n| SP-1 | AQ-300/B |",
    ],
)
def test_rows_that_answer_nothing_one_would_ask(table: str) -> None:
    assert found(table) == []


def test_rows_of_a_sheet_ask_of_one_column_after_the_other() -> None:
    text = load(b"Code,Price (CNY),Weight (kg)\nA-1,9,2.5\nB-2,8,1.5\n", "p.csv").text
    (section,) = read_sections(text)
    asked = [each.question for each in lookups(text, section, "")]
    assert asked == ["What is the price of A-1?", "What is the weight of B-2?"]


def test_codes_and_articles_in_text() -> None:
    text = "屏幕显示“E3”：温度传感器故障，请联系客服。\n\n第十条 经营者应当准确记录成本。"
    assert found(text, "价格法(1997-12-29)") == [
        ("E3是什么意思？", "code", "屏幕显示“E3”：温度传感器故障，请联系客服。"),
        ("《价格法》第十条规定了什么？", "article", "第十条 经营者应当准确记录成本。"),
    ]


def test_boilerplate_is_not_asked_about() -> None:
    assert found("Cookies are kept for 30 days.") == []
