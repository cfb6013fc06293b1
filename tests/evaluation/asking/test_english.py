from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.asking.english import heading_question, is_question, number_question

TEXT = (
    "You pay with PayPal Express Checkout, and with Page Builder you change a catalog price rule."
)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Return policy", "What is the return policy?"),
        ("Length of the warranty", "What is the length of the warranty?"),
        ("How to make a claim", "How do I make a claim?"),
        ("How you can pay", "How can I pay?"),
        ("What is not covered", "What is not covered?"),
        ("Changing the address", "How do I change the address?"),
        ("Step 3: Set custom prices", "How do I set custom prices?"),
        ("Enable or Disable Alerts", "How do I enable or disable alerts?"),
        ("Void an order", "How do I void an order?"),
        ("Update your address", "How do I update my address?"),
        ("Set up PayPal Express Checkout", "How do I set up PayPal Express Checkout?"),
        ("Catalog Price Limits", "What are the catalog price limits?"),
    ],
)
def test_headings_become_the_questions_that_their_sections_answer(
    heading: str, question: str
) -> None:
    assert heading_question(heading, TEXT) == question


@pytest.mark.parametrize("heading", ["Price change alerts", "Order types", "Damaged parcels"])
def test_things_are_asked_about(heading: str) -> None:
    small = heading[0].lower() + heading[1:]
    asked = heading_question(heading, "")
    assert small in asked
    assert not asked.startswith("How do I")


@pytest.mark.parametrize(
    "heading",
    ["Introduction", "1. Overview", "Next steps", "Before you begin", "Contents", "Example 2: Rome",
     "Additional columns", "From the catalog page", "How does it work?", "7", ""],
)  # fmt: skip
def test_headings_that_say_nothing_are_left_out(heading: str) -> None:
    assert heading_question(heading, "") == "" or is_question(heading)
    assert not is_question(heading)


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        (
            "Unused goods can be returned within 7 days of delivery.",
            "Within how many days can unused goods be returned of delivery?",
        ),
        ("You may keep the lamp for 30 days.", "For how many days may I keep the lamp?"),
        ("The battery lasts 9 hours.", "How many hours does the battery last?"),
        ("A return takes up to 5 working days.", "How many working days does a return take?"),
        ("It is valid for 30 days.", ""),
        ("If it broke, it will be replaced within 5 days.", ""),
        ("We were founded in 1987.", ""),
    ],
)
def test_figures_in_statements_are_asked_for(sentence: str, question: str) -> None:
    assert number_question(sentence, "") == question


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_gives_a_question_or_nothing(heading: str, text: str) -> None:
    for asked in (heading_question(heading, text), number_question(heading, text)):
        assert asked == "" or asked.endswith("?")
