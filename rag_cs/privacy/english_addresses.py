"""English postal addresses in a folded text: a number and a street, with what follows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.privacy.findings import Finding

_ENDINGS = (
    r"Street|Avenue|Road|Lane|Drive|Boulevard|Court|Terrace|Way|Place|Square|Close|Crescent|Parkway|"
    r"Highway|Circle|Trail|Gardens|Grove|Row|Mews|Walk|Hill|Quay|Loop|"
    r"(?:St|Ave|Rd|Ln|Dr|Blvd|Ct|Pl|Sq|Pkwy|Hwy|Cir)\b\.?"
)
_LOWER_ENDINGS = "street|avenue|road|lane|drive|boulevard|terrace|crescent|close"
# Words of ordinary talk, and units, after a number.
_TALK = (
    r"(?!(?i:of|them|by|the|in|on|at|to|for|and|or|with|an?|per|is|are|was|my|your|this|that|more|"
    r"mile|miles|minutes?|hours?|days?|weeks?|months?|years?|km|m|lane|way|inch|watts?|volts?|[kmgt]b|hard|"
    r"disk|usb|x)\b)"
)
_NUMBER = r"(?<![\w.,/-])\d{1,5}[A-Za-z]?(?:-\d{1,4})?"
_FLAT = r"(?:(?:Flat|Apt|Apartment|Unit|Suite|Room)\.? ?\w{1,5},? )?"
_STREET = (
    rf"{_NUMBER},? (?:(?:[NSEW]|North|South|East|West)\.? )?"
    rf"(?:{_TALK}[A-Z0-9][\w'’.-]{{0,24}} ){{1,4}}?(?:{_ENDINGS})(?!\w)"
    rf"|{_NUMBER} (?:{_TALK}[a-z'’]{{3,24}} ){{1,3}}?(?:{_LOWER_ENDINGS})\b"
)
_BOX = r"\bP\.? ?O\.? ?Box \d{1,6}"
_CITY = r"(?:, ?(?:[A-Z][a-z'’.-]+(?: [A-Z][a-z'’.-]+){0,2}|[A-Z]{2}(?=,? \d{5})))"
_CODE = r"(?:,? (?:\d{5}(?:-\d{4})?(?!\d)|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b))"
_ADDRESS = re.compile(
    rf"{_FLAT}(?:{_STREET}|{_BOX})"
    rf"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\.? ?\w{{1,6}})?{_CITY}{{0,3}}{_CODE}?",
    re.ASCII,
)


def find_english_addresses(text: str) -> Iterator[Finding]:
    """Postal addresses written in English."""
    for match in _ADDRESS.finditer(text):
        yield Finding(match.start(), match.end(), "ADDRESS")
