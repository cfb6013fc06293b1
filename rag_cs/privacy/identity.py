"""Numbers of identity papers in a folded text. Pure.

A Chinese resident's number carries a region, a birthday and a check digit (GB 11643-1999): with
all three in order it needs no word beside it; with 身份证 or "ID" before it a mistyped one counts
too, and the 15 digits of before 1999. United States social security numbers and British national
insurance numbers are known by their form, passports by the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rag_cs.privacy.cues import is_something_else
from rag_cs.privacy.findings import Finding, follows

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
# The first two digits: provinces; 81 to 83, permits of residents of Hong Kong, Macao and Taiwan.
_REGIONS = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 "
    "71 81 82 83 91".split()
)
_BEFORE = r"(?<![0-9A-Za-z_.-])"
_AFTER = r"(?![0-9A-Za-z_]|[-.]\d)"
_RESIDENT = re.compile(
    rf"{_BEFORE}\d{{6}}[ -]?\d{{4}}[ -]?\d\d[ -]?\d\d[ -]?\d{{3}}[ -]?[\dXx]{_AFTER}"
)
_OLD = re.compile(rf"{_BEFORE}\d{{15}}{_AFTER}")
_CUE = re.compile(
    r"(?:身份证|证件|居民证|居住证|实名|\b(?:id(?:entity)?|identification)\b)"
    r"(?:\s|[:：(#是为填的]|号码?|信息|card|number|no\.?|is|it)*$",
    re.IGNORECASE | re.ASCII,
)
_SOCIAL_SECURITY = re.compile(
    r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?!\w|-\d)", re.ASCII
)
_INSURANCE = re.compile(
    r"(?<![\w-])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d\d \d\d \d\d [A-D](?!\w)",
    re.ASCII,
)
_PASSPORT = re.compile(
    r"(?:护照|通行证|\bpassport)(?:\s|[:：#是为]|号码?|number|no\.?|is)*(?P<number>[A-Z]{0,2}\d{6,9})"
    r"(?![0-9A-Za-z_])",
    re.IGNORECASE | re.ASCII,
)


def find_identities(text: str) -> Iterator[Finding]:
    """Numbers of identity papers."""
    for match in _RESIDENT.finditer(text):
        digits = re.sub(r"[ -]", "", match[0]).upper()
        told = follows(_CUE, text, match.start())
        if told or (is_resident_number(digits) and not is_something_else(text, match.start())):
            yield Finding(match.start(), match.end(), "ID")
    for match in _OLD.finditer(text):
        if follows(_CUE, text, match.start()) and _has_birthday(f"{match[0][:6]}19{match[0][6:]}"):
            yield Finding(match.start(), match.end(), "ID")
    for pattern in (_SOCIAL_SECURITY, _INSURANCE):
        for match in pattern.finditer(text):
            if not is_something_else(text, match.start()):
                yield Finding(match.start(), match.end(), "ID")
    for match in _PASSPORT.finditer(text):
        yield Finding(match.start("number"), match.end("number"), "ID")


def is_resident_number(digits: str) -> bool:
    """Whether 18 characters make a Chinese resident's number: region, birthday, check digit."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", digits) or not _has_birthday(digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return _CHECK[total % 11] == digits[17]


def _has_birthday(digits: str) -> bool:
    try:
        day = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    return digits[:2] in _REGIONS and date(1900, 1, 1) <= day <= date.today()
