from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.dates import day_in, days_stated, end_stated

MARCH_1 = date(2026, 3, 1)
DECEMBER_31 = date(2026, 12, 31)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01", "2026/3/1", "2026.3.1", "2026年3月1日", "２０２６年３月１日",
        "二〇二六年三月一日",
        "1 March 2026", "1st of March 2026", "1st March, 2026", "Mar. 1, 2026", "March 1st, 2026",
    ],
)  # fmt: skip
def test_a_day_is_read_in_every_form_that_cannot_be_misread(text: str) -> None:
    assert day_in(text) == MARCH_1


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30", "2026-13-01", "01/03/2026", "1 March", "March 2026", "soon", "2026-03-011",
     "20260301", "2026年3月", "x 2026-03-01", "31 June 2026"],
)  # fmt: skip
def test_anything_else_is_no_day(text: str) -> None:
    assert day_in(text) is None


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    assert day_in(day.isoformat()) == day
    assert day_in(f"{day.year}年{day.month}月{day.day}日") == day
    assert day_in(f"{day:%B} {day.day}, {day.year}") == day
    assert list(days_stated([f"Effective from {day.day} {day:%B} {day.year}."])) == [("first", day)]


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [
        ("Effective from 1 March 2026", MARCH_1, None),
        ("Effective: 2026-03-01", MARCH_1, None),
        ("effective as of March 1, 2026 for all orders", MARCH_1, None),
        ("This returns policy is effective from 1 March 2026.", MARCH_1, None),
        ("These terms apply from 1 March 2026.", MARCH_1, None),
        ("This policy takes effect on 1 March 2026.", MARCH_1, None),
        ("**Valid from 1 March 2026 until 31 December 2026**", MARCH_1, DECEMBER_31),
        ("Valid until 31 December 2026", None, DECEMBER_31),
        ("Expiry date: 2026-12-31", None, DECEMBER_31),
        ("| Effective date | 2026-03-01 |", MARCH_1, None),
        ("Version 2.1 | Effective: 2026-03-01 | Expires: 2026-12-31", MARCH_1, DECEMBER_31),
        ("Last updated: 3 February 2026. Effective from 1 March 2026.", MARCH_1, None),
        ("自2026年3月1日起施行", MARCH_1, None),
        ("本政策自2026年3月1日起正式生效。", MARCH_1, None),
        ("本辦法自二〇二六年三月一日起實施。", MARCH_1, None),
        ("会员积分规则于2026年3月1日起执行", MARCH_1, None),
        ("生效日期：2026-03-01", MARCH_1, None),
        ("版本：2.0　生效日期：2026年3月1日", MARCH_1, None),
        ("本政策有效期至2026年12月31日", None, DECEMBER_31),
        ("失效日期：2026/12/31", None, DECEMBER_31),
        ("2026年3月1日至2026年12月31日期间有效", MARCH_1, DECEMBER_31),
        ("本规则自2026年3月1日起至12月31日有效。", MARCH_1, DECEMBER_31),
        ("有效期：2026年3月1日至2026年12月31日", MARCH_1, DECEMBER_31),
    ],
)
def test_a_dated_line_is_found(line: str, first: date | None, last: date | None) -> None:
    found = dict(reversed(list(days_stated(["A title", line]))))
    assert (found.get("first"), found.get("last")) == (first, last)


@pytest.mark.parametrize(
    "line",
    [
        "Last updated: 1 March 2026",
        "最后更新：2026年3月1日",
        "Effective from 30 February 2026",
        "自2026年2月30日起施行",
        "2026年6月1日至2026年3月1日期间有效",
        "The voucher SAVE10 is valid until 31 December 2026.",
        "We have a voucher (valid until 31 December 2026).",
        "优惠券有效期至2026年12月31日。",
        "优惠券自2026年3月1日起生效。",
        "Orders placed from 1 March 2026 ship at once.",
        "自2026年3月1日起，运费调整为12元。",
        "Valid from 1 March to 31 December.",
    ],
)
def test_what_does_not_date_the_document_is_passed_over(line: str) -> None:
    assert list(days_stated(["A title", line])) == []


def test_a_title_may_carry_the_date_after_its_words() -> None:
    assert list(days_stated(["Returns policy (effective 1 March 2026)"])) == [("first", MARCH_1)]
    assert list(days_stated(["退货政策（自2026年3月1日起施行）"])) == [("first", MARCH_1)]


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("The summer sale runs until 31 May 2025.", date(2025, 5, 31)),
        ("The offer ends on May 31, 2025 and won't be repeated.", date(2025, 5, 31)),
        ("本次活动截止到2025年5月31日。", date(2025, 5, 31)),
        ("2025年5月1日至2025年5月31日期间全场九折。", date(2025, 5, 31)),
        ("请在2025-05-31前领取优惠券。", date(2025, 5, 31)),
        ("The company was founded on 31 May 2025.", None),
        ("本制度自2025年5月31日起施行。", None),
        ("Until 31 February 2025.", None),
        ("", None),
    ],
)
def test_the_end_that_a_sentence_names(sentence: str, day: date | None) -> None:
    assert end_stated(sentence) == day
