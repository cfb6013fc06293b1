from __future__ import annotations

import pytest

from rag_cs.privacy.emails import find_emails
from tests.privacy.checks import words


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("邮箱zhang.wei-88@example.com谢谢", "zhang.wei-88@example.com"),
        ("发到ｓｕｎ＠example.com", "ｓｕｎ＠example.com"),
        ("bob+shop@mail.example.co.uk.", "bob+shop@mail.example.co.uk"),
        ("anna (at) example (dot) com", "anna (at) example (dot) com"),
        ("anna[at]example.org", "anna[at]example.org"),
        ("anna at example dot com", "anna at example dot com"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert words(find_emails, text) == {address}


@pytest.mark.parametrize("text", ["a@b", "@home", "5 @ 3.5", "meet me at noon", "x@1.2", "@" * 500])
def test_no_addresses(text: str) -> None:
    assert words(find_emails, text) == set()
