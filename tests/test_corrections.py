from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag_cs.corrections import Correction, change_of, correct
from rag_cs.errors import InvalidInput
from rag_cs.types import Block, Document
from tests.builders import make_document

POLICY = make_document(
    "returns.md",
    "Returns are free for 14 days.",
    "Exchanges are free for 14 days.",
    "送货需要三天。",
)
WORDS = st.lists(
    st.sampled_from(["free", "days", "14", "30", "退货", "送货", ".", "a"]), min_size=1, max_size=8
)


def correction(document: Document, old: str, new: str) -> Correction:
    start = document.text.index(old)
    before, after = change_of(document, start, start + len(old), new)
    return Correction("c1", document.id, before, after)


def blocks_of(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def test_what_differs_is_kept_with_what_makes_its_place_the_only_one() -> None:
    made = correction(POLICY, "Exchanges are free for 14 days.", "Exchanges are free for 30 days.")
    assert POLICY.text.count(made.before) == 1
    assert len(made.before) < len("Exchanges are free for 14 days.") + 1
    assert "30" in made.after


def test_a_later_version_is_corrected_too_and_its_blocks_stay_whole() -> None:
    made = correction(POLICY, "Returns are free for 14 days.", "Returns are free for 21 days.")
    later = make_document(
        "returns.md", "New: gifts.", "Returns are free for 14 days.", "送货需要三天。"
    )
    corrected = correct(later, [made])
    assert not corrected.conflicts
    assert blocks_of(corrected.document) == [
        "New: gifts.", "Returns are free for 21 days.", "送货需要三天。"
    ]  # fmt: skip


def test_a_version_that_says_something_else_is_in_conflict() -> None:
    made = correction(POLICY, "送货需要三天", "送货需要五天")
    corrected = correct(make_document("returns.md", "送货需要一周。"), [made])
    assert corrected.conflicts == (made,)
    assert corrected.document.text == "送货需要一周。"


@pytest.mark.parametrize("new", ["送货需要五天", "送货需要三天至五天"])
def test_a_version_that_says_so_itself_needs_no_correction(new: str) -> None:
    made = correction(POLICY, "送货需要三天", new)
    later = make_document("returns.md", f"{new}。")
    corrected = correct(later, [made])
    assert corrected.absorbed == (made,)
    assert corrected.document == later


def test_what_stands_twice_in_a_version_is_in_conflict() -> None:
    made = correction(POLICY, "送货需要三天", "送货需要五天")
    assert correct(make_document("d", "送货需要三天。", "送货需要三天。"), [made]).conflicts == (
        made,
    )


def test_a_corrected_question_of_a_faq_pair_is_asked_anew() -> None:
    text = "问：送货要几天\n答：三天。"
    pair = replace(
        make_document("faq.csv", text), blocks=(Block("faq", 0, len(text), question="送货要几天"),)
    )
    corrected = correct(pair, [Correction("c", pair.id, "送货要几天", "快递要几天")]).document
    assert corrected.blocks[0].question == "快递要几天"
    assert blocks_of(corrected) == ["问：快递要几天\n答：三天。"]


def test_a_paragraph_can_be_taken_out() -> None:
    made = correction(POLICY, "送货需要三天。", "")
    corrected = correct(POLICY, [made]).document
    assert blocks_of(corrected) == blocks_of(POLICY)[:2]


@pytest.mark.parametrize(
    ("start", "end", "text", "reason"),
    [
        (5, 5, "x", "no span"),
        (0, 10_000, "x", "no span"),
        (0, 7, "Returns", "stands there already"),
        (0, 7, "x" * 20_001, "more than 20,000"),
    ],
)
def test_a_correction_that_says_nothing_is_refused(
    start: int, end: int, text: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        change_of(POLICY, start, end, text)


def test_what_stands_twice_cannot_be_corrected_in_one_place() -> None:
    twice = make_document("d", "Open daily.", "Open daily.")
    with pytest.raises(InvalidInput, match="more than once"):
        change_of(twice, 0, 4, "Shut")


def test_places_that_overlap_are_two() -> None:
    dots = make_document("d", "Wait . . . and see")
    before, after = change_of(dots, 7, 10, "long")
    assert correct(dots, [Correction("c", dots.id, before, after)]).document.text == (
        "Wait . long and see"
    )


@given(st.lists(WORDS, min_size=1, max_size=4), st.data())
def test_a_correction_does_what_it_says(paragraphs: list[list[str]], data: st.DataObject) -> None:
    document = make_document("d", *(" ".join(words) for words in paragraphs))
    block = data.draw(st.sampled_from(document.blocks))
    start = data.draw(st.integers(block.start, block.end - 1))
    end = data.draw(st.integers(start + 1, block.end))
    new = " ".join(data.draw(WORDS))
    assume(document.text[start:end] != new)
    try:
        before, after = change_of(document, start, end, new)
    except InvalidInput:
        return
    corrected = correct(document, [Correction("c", document.id, before, after)])
    expected = document.text[:start] + new + document.text[end:]
    assert corrected.document.text == expected or corrected.absorbed
    assert all(text == text.strip() and text for text in blocks_of(corrected.document))
