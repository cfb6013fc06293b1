from __future__ import annotations

from rag_cs.errors import without_text


def fail(text: str) -> None:
    try:
        {}[text]
    except KeyError as error:
        raise ValueError(f"bad {text}") from error


def test_an_exception_is_told_by_its_kind_and_place() -> None:
    try:
        fail("13812345678")
    except ValueError as error:
        told = without_text(error)
    assert told.startswith("builtins.ValueError at test_errors.py:")
    assert " fail <- builtins.KeyError at test_errors.py:" in told
    assert "13812345678" not in told
    assert without_text(ValueError("x")) == "builtins.ValueError at unknown"


def test_a_chain_that_bites_its_tail_ends() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert without_text(one).count("<-") == 1
