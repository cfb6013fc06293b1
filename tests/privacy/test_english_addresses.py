from __future__ import annotations

import pytest

from rag_cs.privacy.english_addresses import find_english_addresses
from tests.privacy.checks import words


@pytest.mark.parametrize(
    "address",
    [
        "742 Evergreen Terrace, Springfield, IL 62704",
        "221B Baker Street, London NW1 6XE",
        "Flat 3, 27 Queen's Road, Bristol BS8 1QE",
        "500 5th Ave Apt 12B, New York, NY 10110",
        "1234 Lakeview Blvd., Suite 500, Denver, CO 80202",
        "P.O. Box 1234, Austin, TX 78701",
        "15 high street",
    ],
)
def test_addresses(address: str) -> None:
    assert words(find_english_addresses, f"Ship it to {address}, please.") == {address}
    assert words(find_english_addresses, f"我的地址是{address}。") == {address}


@pytest.mark.parametrize(
    "text",
    ["Do you deliver to London?", "the shop on Oxford Street", "I need 500 of them by street market day",
     "4 way adjustable feet", "a 10 minute drive", "a 1 TB Hard Drive", "2 Year Warranty", "3 lane road",
     "I bought 2 St Michael mugs"],
)  # fmt: skip
def test_no_addresses(text: str) -> None:
    assert words(find_english_addresses, text) == set()
