from __future__ import annotations

import pytest

from rag_cs.prompt import MAX_PASSAGE_CHARACTERS, MAX_PASSAGES, build_prompt
from rag_cs.types import Chunk, Hit, Language


def hit(text: str) -> Hit:
    return Hit(Chunk("c", "d", "T", text, 0, len(text), context="Shipping > Fees"), 1.0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_passages_and_the_question_come_last(language: Language) -> None:
    hits = [hit(f"passage {number}") for number in range(MAX_PASSAGES + 2)]
    messages = build_prompt("What?", hits, language)
    assert [message.type for message in messages] == ["system", "human", "ai", "human"]
    assert messages[-1].text.endswith("What?")
    assert f"[{MAX_PASSAGES}] Shipping > Fees\npassage 0" in messages[-1].text
    assert f"passage {MAX_PASSAGES}" not in messages[-1].text


def test_what_comes_first_never_changes_so_that_engines_can_cache_it() -> None:
    one, two = (build_prompt(q, [hit(q)], "en") for q in ("one?", "two?"))
    assert one[:-1] == two[:-1]


def test_an_endless_passage_is_cut() -> None:
    text = build_prompt("q", [hit("x" * 9_000)], "en")[-1].text
    assert len(text) < MAX_PASSAGE_CHARACTERS["en"] + 100
