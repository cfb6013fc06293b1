"""The block of `name: value` lines between two rules at the top of a text."""

from __future__ import annotations

import re

from rag_cs.policies import field_of

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_LINE = re.compile(r"^([^\W\d_][\w -]{0,40}?)[ \t]*[:：][ \t]*(\S.*)$", re.MULTILINE)
_PLAIN_NAME = re.compile(r"[A-Za-z][\w-]*")


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields of the front matter, names in lower case, and the text after it; no fields and
    the whole text when there is none.

    A name is a word of ASCII letters, or one of those that `policies` knows.
    """
    matter = _BLOCK.match(text)
    lines = _LINE.findall(matter[1]) if matter else []
    fields = {
        name.lower(): value.strip("\"' ")
        for name, value in lines
        if _PLAIN_NAME.fullmatch(name) or field_of(name)
    }
    return (fields, text[matter.end() :]) if matter and fields else ({}, text)
