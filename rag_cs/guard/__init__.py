"""The last look at a sentence before it leaves, and at what a passage would tell a machine. Pure.

Whatever stands in documents, questions or conversations is data. A sentence is held back when it
would instruct a machine, carry markup, give away what was said to the generator, lead somewhere
that its quotes don't name, or commit the shop to something that its quotes don't.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag_cs.guard.addresses import leads_away
from rag_cs.guard.instructions import instruction_spans, is_instruction
from rag_cs.guard.leaks import gives_away
from rag_cs.guard.promises import commits

__all__ = ["blocked", "instruction_spans", "is_instruction"]

_TAG = r"(?:<|&lt;|%3c|\\x3c|\\u003c)"
_MARKUP = re.compile(
    rf"{_TAG}\s?/?\s?(?:script|iframe|img|svg|object|embed|form|link|meta|style|body|html|base|"
    rf"input|video|audio|math|template|button|textarea|marquee)\b"
    rf"|{_TAG}/?(?:a|b|i|p|br|hr|div|span|table|tr|td|th|ul|ol|li|h[1-6]|font|center|pre|code|"
    rf"title|head)(?:\s[^<>\n]{{0,200}})?/?(?:>|&gt;|%3e)"
    rf"|{_TAG}a\s|{_TAG}!--|{_TAG}!doctype"
    r"|\bon(?:click|dblclick|error|load|unload|mouse\w{2,6}|pointer\w{2,6}|key\w{2,5}|"
    r"focus\w{0,3}|blur|submit|change|toggle|begin|animation\w{3,9}|paste|copy|drag\w{0,5}|"
    r"wheel|message)\s?="
    r"|\b(?:java|vb|live)script\s?:|\bdata\s?:\s?(?:text|image|application|audio|video|font)/|"
    r"!\[[^\]\n]{0,200}\]\s?[(\[]",
    re.IGNORECASE,
)


def blocked(sentence: str, quotes: Sequence[str], secrets: Sequence[str] = ()) -> str | None:
    """Why a sentence may not leave: `instruction`, `markup`, `secret`, `link` or `promise`; None
    when it may.

    `quotes` are the passages that support it: the addresses and commitments in them may be
    repeated. `secrets` are texts, such as the system prompt, of which no eight words and no
    sixteen Chinese characters in a row may be, unless a quote holds them too.
    """
    quoted = "\n".join(quotes)
    if is_instruction(sentence):
        return "instruction"
    if _MARKUP.search(unicodedata.normalize("NFKC", sentence)):
        return "markup"
    if gives_away(sentence, quoted, secrets):
        return "secret"
    if leads_away(sentence, quoted):
        return "link"
    if commits(sentence, quotes):
        return "promise"
    return None
