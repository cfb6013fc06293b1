from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.privacy.identity import find_identities, is_resident_number
from tests.privacy.checks import words

# The examples that GB 11643-1999 itself gives.
STANDARD = ("11010519491231002X", "440524188001010014")


def with_check_digit(seventeen: str) -> str:
    return next(
        seventeen + check
        for check in "0123456789X"
        if (
            sum(int(d) * 2 ** (17 - n) for n, d in enumerate(seventeen))
            + "0123456789X".index(check)
        )
        % 11
        == 1
    )


def test_the_standard_s_own_examples() -> None:
    assert is_resident_number(STANDARD[0])
    assert not is_resident_number(STANDARD[1])  # of 1880: nobody asks a shop with it
    assert words(find_identities, f"身份证{STANDARD[1]}") == {STANDARD[1]}


@given(
    st.sampled_from(["110105", "330106", "650103", "810000", "830000"]),
    st.dates(date(1900, 1, 1), date(2025, 12, 31)),
    st.integers(0, 999),
)
def test_every_number_with_its_check_digit_is_one_and_no_other(
    region: str, day: date, serial: int
) -> None:
    number = with_check_digit(f"{region}{day:%Y%m%d}{serial:03d}")
    assert is_resident_number(number)
    others = [number[:17] + check for check in "0123456789X" if check != number[17]]
    assert not any(is_resident_number(other) for other in others)
    assert words(find_identities, f"是{number.lower()}。") == {number.lower()}


@pytest.mark.parametrize(
    "seventeen", ["99010519491231002", "11010519490231002", f"110105{date.today() + timedelta(2):%Y%m%d}002"]
)  # fmt: skip
def test_an_impossible_region_or_birthday_is_no_resident(seventeen: str) -> None:
    assert not is_resident_number(with_check_digit(seventeen))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("110105 19491231 002x", "110105 19491231 002x"),
        ("ID是110101200102290015", "110101200102290015"),
        ("身份证号110105491231002", "110105491231002"),
        ("my SSN 078-05-1120.", "078-05-1120"),
        ("护照号E12345678可以吗", "E12345678"),
        ("passport no. X1234567", "X1234567"),
        ("AB 12 34 56 C", "AB 12 34 56 C"),
    ],
)
def test_other_papers_and_notations(text: str, number: str) -> None:
    assert words(find_identities, text) == {number}


@pytest.mark.parametrize(
    "text",
    ["单号202603010001234567", "110105194912310020", "110105491231002", "serial 123-45-6789-0",
     "order 078-05-1120", "订单11010519491231002X", "666-05-1120"],
)  # fmt: skip
def test_other_numbers_name_nobody(text: str) -> None:
    assert words(find_identities, text) == set()
