from __future__ import annotations

import pytest

from rag_cs.readers.builder import Limits
from rag_cs.readers.front_matter import split_front_matter
from rag_cs.readers.plain import read

DATED = '---\nRegion: cn\n生效日期： 2026-03-01\nEffective until: "2026-12-31"\n---\nText.'


def test_names_are_ascii_words_or_those_of_policies() -> None:
    fields, text = split_front_matter(DATED)
    assert fields == {
        "region": "cn", "生效日期": "2026-03-01", "effective until": "2026-12-31",
    }  # fmt: skip
    assert text == "Text."


@pytest.mark.parametrize(
    "text",
    ["Text.", "---\n\ntext\n\n---\n", "---\n地址：苏州\n---\n", "---\nsay it: so\n---\n", "---\n"],
)
def test_other_text_between_rules_is_kept(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


def test_plain_text_has_front_matter_only_when_that_dates_it() -> None:
    draft = read(DATED.encode(), "a.txt", Limits())
    assert (draft.text, draft.metadata["region"]) == ("Text.", "cn")
    mail = "---\nFrom: a shopper\n---\nHello there, is it open?"
    draft = read(mail.encode(), "a.txt", Limits())
    assert "From: a shopper" in draft.text
    assert draft.metadata == {}
