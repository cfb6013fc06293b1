from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation import fact_check
from rag_cs.evaluation.fact_check import facts_in, unsupported_facts


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ("You have 7 days.", "七天内可退货"),
        ("您有７天时间。", "Return it within seven days."),
        ("The fee is $1,299.", "A fee of 1299 dollars applies."),
        ("运费为￥129.00。", "运费129元"),
        ("十二万元", "120,000元"),
        ("一亿二千万人", "1.2亿人"),
        ("It takes 3 to 5 working days.", "Delivery: 3-5 days."),
        ("优惠百分之五。", "A discount of 5% applies."),
        ("5 percent", "百分之五"),
        ("twenty-five guests", "25 guests"),
        ("two hundred and fifty euros", "€250"),
        ("5 million users", "5,000,000 users"),
        ("since May 3, 2024", "自2024年5月3日起"),
        ("on 3rd May", "2024-05-03"),
        ("in June 2020", "2020年6月"),
        ("in 2020", "2020年6月宣布"),
        ("Open until 9:30 pm.", "营业至 21:30"),
        ("It closes at 15:00.", "Closed from 3 pm."),
        ("The AQ-300/B is sealed.", "AQ300B: sealed"),
        ("a 30-day guarantee", "guaranteed for 30 days"),
        ("the 10th floor", "floor 10"),
        ("in the 18th century", "in the mid-18th century"),
        ("It weighs 5kg.", "weight: 5 kg"),
        ("[1] It lasts 4 hours.", "lasts four hours"),
        ("第3条", "第三条"),
        ("三个月", "3 months"),
        ("三点五小时", "3.5 hours"),
    ],
)
def test_other_notations_of_the_same_are_supported(answer: str, evidence: str) -> None:
    assert facts_in(answer)
    assert unsupported_facts(answer, [evidence]) == ()


@pytest.mark.parametrize(
    ("answer", "evidence", "missing"),
    [
        ("You have 14 days.", "within 7 days", "14 days"),
        ("You have 7 days.", "within 7 hours", "7 days"),
        ("运费25元。", "运费12元，满199元包邮。", "25元"),
        ("It costs 20 euros.", "It costs 20 dollars.", "20 euros"),
        ("Save 20%.", "Buy 20 of them.", "20%"),
        ("减免百分之十。", "减免10元", "百分之十"),
        ("until May 4, 2024", "until May 3, 2024", "may 4, 2024"),
        ("自2025年5月3日起", "自2024年5月3日起", "2025年5月3日"),
        ("since May 3, 2024", "since May 3", "may 3, 2024"),
        ("at 9:45", "at 9:30", "9:45"),
        ("Model AQ-301", "Model AQ-300", "aq-301"),
        ("5 thousand", "5", "5 thousand"),
        ("三个月", "两个月", "三个月"),
        ("It is 1.5 m long.", "15 m", "1.5"),
    ],
)
def test_what_is_nowhere_is_found(answer: str, evidence: str, missing: str) -> None:
    assert unsupported_facts(answer, [evidence]) == (missing,)


def test_the_question_supports_what_it_says() -> None:
    assert unsupported_facts("Yes, the X-200 fits.", ["It fits."], "Does the X-200 fit?") == ()


@pytest.mark.parametrize(
    "text",
    ["一般情况下，我们十分重视。", "千万不要万一", "四川百货", "You can have one.", "第一", ""],
)
def test_words_that_only_look_like_numbers_are_left_alone(text: str) -> None:
    assert facts_in(text) == ()


@given(st.text(alphabet="0123456789.,%$￥元天年月日三十百万-/:a ", max_size=40))
def test_a_text_supports_itself(text: str) -> None:
    assert unsupported_facts(text, [text]) == ()


def test_it_shares_no_code_with_what_it_checks() -> None:
    tree = ast.parse(Path(fact_check.__file__).read_text("utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    assert not [name for name in names if name.startswith("rag_cs")]
