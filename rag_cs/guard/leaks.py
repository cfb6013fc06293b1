"""Whether a sentence gives away what was said to the generator, or a key. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag_cs.guard.addresses import without_links
from rag_cs.text import CJK, normalise

# So many words, or Chinese characters, in a row of a secret give it away.
_RUN_WORDS, _RUN_CHARACTERS = 8, 16
# A secret shorter than a run, such as a key, counts whole from this many letters and digits.
_LEAST_SECRET = 6
# Letters and digits without a space that are no word, from a length at which they may be a key;
# from the second length on, whatever they are made of.
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_LONG_BLOB = 60
_OWN_ORDERS = re.compile(
    r"\bmy (?:system |initial |hidden )?(?:prompt|instructions) (?:is|are|say|tell|was|were)\b"
    r"|\bi (?:was|am|have been) (?:instructed|told|programmed) to\b"
    r"|我的(?:系统)?(?:提示词|指令|设定)(?:是|要求|说|为)|我被(?:要求|指示|设定)",
    re.IGNORECASE,
)


def gives_away(sentence: str, quoted: str, secrets: Sequence[str]) -> bool:
    """Whether the sentence repeats a secret, speaks of its own orders, or holds a key.

    What the quotes hold too is no secret.
    """
    if _OWN_ORDERS.search(sentence) or _holds_key(sentence, quoted):
        return True
    if not secrets:
        return False
    said = _runs(sentence) - _runs(quoted)
    letters, public = _letters(sentence), _letters(quoted)
    for secret in secrets:
        whole = _letters(secret)
        if len(whole) >= _LEAST_SECRET and whole in letters and whole not in public:
            return True
        if said & _runs(secret):
            return True
    return False


def _holds_key(sentence: str, quoted: str) -> bool:
    """Whether a key, or a blob that could hold one, stands in the sentence alone."""
    for match in _BLOB.finditer(without_links(sentence)):
        if match[0] not in quoted and _is_key(match[0]):
            return True
    return False


def _is_key(blob: str) -> bool:
    if blob.startswith(("sk-", "pk-", "ghp_", "xox", "AKIA")):
        return True
    kinds = (str.isupper, str.islower, str.isdigit)
    found = [any(kind(each) for each in blob) for kind in kinds]
    return all(found) or (any(found) and len(blob) >= _LONG_BLOB)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", normalise(text))


@lru_cache(maxsize=64)
def _runs(text: str) -> frozenset[str]:
    """Every run of words, and of Chinese characters, that would give a text away."""
    folded = normalise(text)
    words = re.findall(rf"[^\W_{CJK}]+", folded)
    characters = "".join(re.findall(f"[{CJK}]", folded))
    in_words = (" ".join(words[n : n + _RUN_WORDS]) for n in range(len(words) - _RUN_WORDS + 1))
    length = len(characters) - _RUN_CHARACTERS + 1
    return frozenset(in_words) | {characters[n : n + _RUN_CHARACTERS] for n in range(length)}
