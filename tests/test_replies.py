from __future__ import annotations

from rag_cs.replies import ABSTENTIONS, conclude


def test_sentences_are_joined_as_their_language_does() -> None:
    assert conclude(["A.", "B."], (), [], "en", 0.9).text == "A. B."
    assert conclude(["甲。", "乙。"], (), [], "zh", 0.9).text == "甲。乙。"


def test_nothing_said_is_an_abstention_that_keeps_the_confidence() -> None:
    answer = conclude([], (), [0], "en", 0.2)
    assert (answer.status, answer.text) == ("abstained", ABSTENTIONS["en"])
    assert answer.confidence == 0.2


def test_the_part_that_is_not_known_is_named() -> None:
    answer = conclude(["满199元包邮。"], (), [1], "zh", 0.9)
    assert answer.status == "answered"
    assert answer.text == "满199元包邮。您问题的第二部分，本店的资料里没有找到说明。"
