from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.privacy.cards import find_cards, is_card, is_iban
from tests.privacy.checks import words


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117",
     "3566002020360505", "30569309025904", "6222020212345678909", "2223003122003222"],
)  # fmt: skip
def test_cards_of_every_issuer(number: str) -> None:
    assert is_card(number)
    assert words(find_cards, f"是{number}。") == {number}


@given(st.integers(0, 10**14 - 1), st.integers(1, 9))
def test_one_wrong_digit_breaks_the_check(serial: int, more: int) -> None:
    number = f"62{serial:014d}"
    changed = number[:-1] + str((int(number[-1]) + more) % 10)
    assert not (is_card(number) and is_card(changed))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("卡号6217 0012 3456 7890 122", "6217 0012 3456 7890 122"),
        ("4111-1111-1111-1111被扣", "4111-1111-1111-1111"),
        ("银行卡号4111111111111112", "4111111111111112"),
        ("工行卡6222021234567890123", "6222021234567890123"),
        ("credit card number 4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("GB82 WEST 1234 5698 7654 32.", "GB82 WEST 1234 5698 7654 32"),
    ],
)
def test_notations_and_mistyped_ones_that_are_called_cards(text: str, number: str) -> None:
    assert words(find_cards, text) == {number}


@pytest.mark.parametrize(
    "text",
    ["4111111111111112", "礼品卡号4111111111111111", "gift card 4111111111111111", "订单4111111111111111",
     "会员卡号8800123456789", "2026-03-01 2026-03-31", "6901234567892", "6921168509256", "1" * 30,
     "DE88370400440532013000"],
)  # fmt: skip
def test_other_numbers_are_no_cards(text: str) -> None:
    assert words(find_cards, text) == set()


def test_an_iban_is_known_by_its_remainder() -> None:
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE98370400440532013000")
