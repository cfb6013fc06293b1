from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.errors import InvalidInput
from rag_cs.policies import dated, field_of, first_in_force, in_force, lapsed, parse_day, stated
from rag_cs.types import Block, Document
from tests.builders import make_document


def document(name: str, title: str = "Returns", **metadata: str) -> Document:
    return make_document(name, "Words.", title=title, metadata=metadata)


def held(documents: list[Document], day: str) -> set[str]:
    ids = in_force(documents, date.fromisoformat(day))
    return {each.source for each in documents if each.id in ids}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("effective_from", "effective_from"), ("Effective-Date", "effective_from"),
        ("effective", "effective_from"), ("生效日期", "effective_from"),
        ("實施日期", "effective_from"), ("expires", "effective_until"),
        ("有效期至", "effective_until"), ("失效日期", "effective_until"), ("版本", "version"),
        ("政策", "policy"), ("region", None), ("updated", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_both_languages_stand_for_fields(name: str, field: str | None) -> None:
    assert field_of(name) == field


def test_what_was_given_is_checked_and_what_is_empty_left_out() -> None:
    given = stated("2026-03-01", " ", version=" 2 \n b ", policy="")
    assert given == {"effective_from": "2026-03-01", "version": "2 b"}
    assert stated("2026-03-01", "2026-03-01")["effective_until"] == "2026-03-01"


@pytest.mark.parametrize(
    "value",
    ["2026-13-01", "2026-02-30", "1 March 2026", "20260301", "2026-W10-1", "soon",
     "２０２６-03-01"],
)  # fmt: skip
def test_a_malformed_date_is_named_with_its_field_and_the_wanted_form(value: str) -> None:
    with pytest.raises(InvalidInput, match=f"effective_until is '{value}'.* YYYY-MM-DD"):
        stated(effective_until=value)
    with pytest.raises(InvalidInput, match=f"as_of is '{value}'.* YYYY-MM-DD"):
        parse_day(value, "as_of")


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"effective_until \(2026-01-01\) lies before"):
        stated("2026-03-01", "2026-01-01")
    with pytest.raises(InvalidInput, match=r"a\.md: effective_until \(2026-01-01\) lies before"):
        dated(document("a.md", expires="2026-01-01"), {"effective_from": "2026-03-01"})


def test_front_matter_becomes_fields() -> None:
    found = dated(
        document("a.md", 生效日期="2026年3月1日", Version="2", 政策="退货", region="cn"), {}
    )
    assert found.metadata == {
        "region": "cn", "effective_from": "2026-03-01", "version": "2", "policy": "退货",
    }  # fmt: skip
    with pytest.raises(InvalidInput, match=r"a\.md: 生效日期 is '三月'.* YYYY-MM-DD"):
        dated(document("a.md", 生效日期="三月"), {})


def test_what_was_given_comes_before_front_matter_and_that_before_a_dated_line() -> None:
    text = "Effective from 1 January 2026 until 1 July 2026"
    lined = make_document("a.md", text)
    assert dated(lined, {}).metadata == {
        "effective_from": "2026-01-01", "effective_until": "2026-07-01",
    }  # fmt: skip
    both = replace(lined, metadata={"effective": "2026-02-01"})
    assert dated(both, {}).metadata["effective_from"] == "2026-02-01"
    given = dated(both, stated("2026-03-01"))
    assert given.metadata == {"effective_from": "2026-03-01", "effective_until": "2026-07-01"}
    later = dated(both, stated("2026-08-01"))  # the line's end can't be meant
    assert later.metadata == {"effective_from": "2026-08-01"}


def test_a_dated_line_far_down_or_in_a_list_dates_nothing() -> None:
    line = "Valid until 31 December 2026"
    assert dated(make_document("a.md", "word " * 300, line), {}).metadata == {}
    item = replace(make_document("a.md", line), blocks=(Block("list_item", 0, len(line)),))
    assert dated(item, {}).metadata == {}


OLD = document("old.md", effective_from="2025-01-01", version="1")
NEW = document("new.md", " returns. ", effective_from="2026-03-01", effective_until="2026-12-31")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-12-31", set()),
        ("2025-01-01", {"old.md"}),
        ("2026-02-28", {"old.md"}),
        ("2026-03-01", {"new.md"}),
        ("2026-12-31", {"new.md"}),
        ("2027-01-01", {"old.md"}),  # the newer one was for a time
    ],
)
def test_of_two_versions_the_latest_that_covers_the_day_is_in_force(
    day: str, expected: set[str]
) -> None:
    assert held([OLD, NEW], day) == expected


def test_an_undated_document_holds_unless_a_dated_version_of_its_policy_does() -> None:
    plain, other = document("plain.md"), document("other.md", "Shipping")
    assert held([plain, other, OLD], "2024-01-01") == {"plain.md", "other.md"}
    assert held([plain, other, OLD], "2025-06-01") == {"old.md", "other.md"}


def test_versions_are_known_by_their_policy_before_their_title() -> None:
    one = document("1.md", "Returns 2025", policy="Returns", effective_from="2025-01-01")
    two = document("2.md", "Returns 2026", policy="returns ", effective_from="2026-01-01")
    assert held([one, two], "2026-06-01") == {"2.md"}
    apart = replace(two, metadata={"effective_from": "2026-01-01"})
    assert held([one, apart], "2026-06-01") == {"1.md", "2.md"}


def test_of_one_beginning_the_higher_number_holds_and_equals_hold_together() -> None:
    numbers = {"a.md": "v1.9", "b.md": "2.0", "c.md": "版本2", "d.md": "1.10"}
    documents = [
        document(name, effective_from="2026-01-01", version=number)
        for name, number in numbers.items()
    ]
    assert held(documents, "2026-01-01") == {"b.md", "c.md"}


def test_an_expired_document_and_odd_metadata_do_no_harm() -> None:
    gone = document("gone.md", effective_until="2025-12-31")
    odd = document("odd.md", "Odd", effective_from="some day")
    assert held([gone, odd], "2025-12-31") == {"gone.md", "odd.md"}
    assert held([gone, odd], "2026-01-01") == {"odd.md"}


def test_the_first_day_in_force() -> None:
    assert first_in_force([NEW, OLD, document("plain.md")]) == date(2025, 1, 1)
    assert first_in_force([document("plain.md")]) is None
    assert first_in_force([]) is None


days = st.dates(date(2026, 1, 1), date(2026, 1, 9))


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.none() | days, st.none() | days), max_size=8),
    days,
)
def test_what_is_in_force_covers_the_day_and_never_mixes_two_beginnings(
    drawn: list[tuple[str, date | None, date | None]], day: date
) -> None:
    documents = []
    for number, (title, first, last) in enumerate(drawn):
        fields = {"effective_from": first, "effective_until": last}
        metadata = {name: f"{value}" for name, value in fields.items() if value}
        documents.append(document(f"{number}.md", title, **metadata))
    kept = [each for each in documents if each.id in in_force(documents, day)]
    for each in kept:
        assert each.metadata.get("effective_from", "") <= day.isoformat()
        assert day.isoformat() <= each.metadata.get("effective_until", "9999")
    for title in "ab":
        own = [each for each in kept if each.title == title]
        assert len({each.metadata.get("effective_from") for each in own}) <= 1
        undated = [each for each in documents if each.title == title and not each.metadata]
        assert own or not undated


def test_a_policy_has_lapsed_when_nothing_followed_its_last_version() -> None:
    gone = document("gone.md", "Winter sale", effective_until="2026-02-28")
    old = document("old.md", effective_until="2026-02-28")
    new = document("new.md", effective_from="2026-03-01")
    day = date(2026, 6, 1)
    assert lapsed([gone, old, new], day) == {gone.id}
    assert lapsed([gone, old, new], date(2026, 2, 28)) == frozenset()
