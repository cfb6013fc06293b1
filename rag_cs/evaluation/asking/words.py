"""The word lists of `words.toml`, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from rag_cs.types import Language

_NAMES: dict[Language, str] = {"en": "english", "zh": "chinese"}


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))


@cache
def words(language: Language, name: str) -> frozenset[str]:
    """A list of words."""
    return frozenset(_tables()[_NAMES[language]][name].split())


@cache
def replacements(language: Language, name: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a pattern and what to say for it, in the file's order."""
    return tuple(_tables()[_NAMES[language]][name].items())


@cache
def polite_forms(language: Language) -> tuple[tuple[str, str], ...]:
    """What goes before and after a question to make it polite."""
    table = _tables()[_NAMES[language]]["politeness"]
    return tuple(zip(table["starts"], table["ends"], strict=True))
