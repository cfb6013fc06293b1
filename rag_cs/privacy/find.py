"""A text -> the personal data in it, as spans that don't overlap. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rag_cs.privacy.cards import find_cards
from rag_cs.privacy.chinese_addresses import find_chinese_addresses
from rag_cs.privacy.emails import find_emails
from rag_cs.privacy.english_addresses import find_english_addresses
from rag_cs.privacy.findings import Finding, fold
from rag_cs.privacy.identity import find_identities
from rag_cs.privacy.names import find_names
from rag_cs.privacy.phones import find_phones

# The surest first: what one has found, the next ones don't see.
_FINDERS: tuple[Callable[[str], Iterator[Finding]], ...] = (
    find_emails,
    find_identities,
    find_cards,
    find_phones,
    find_chinese_addresses,
    find_english_addresses,
    find_names,
)
# Stands for what was found already: no letter, no digit, no space.
_TAKEN = "\ue000"


def find_personal(text: str) -> list[Finding]:
    """Personal data in a text, in its order. Made for what a shopper writes: a store's own address
    or telephone number is found like any other."""
    rest = fold(text)
    found: list[Finding] = []
    for find in _FINDERS:
        for finding in sorted(find(rest), key=lambda each: (each.start, -each.end)):
            if _TAKEN not in rest[finding.start : finding.end]:
                found.append(finding)
                rest = _without(rest, finding)
    return sorted(found)


def _without(text: str, finding: Finding) -> str:
    length = finding.end - finding.start
    return text[: finding.start] + _TAKEN * length + text[finding.end :]
