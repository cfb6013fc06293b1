"""Telephone numbers in a folded text. Pure.

Chinese mobile and landline numbers and North American ones are known by their form; any number
with a country code, and after a word such as "phone" or 电话 any other as well. Numbers that the
caller doesn't pay for, such as 400 and 800, are a business's and nobody's personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from rag_cs.privacy.cues import is_something_else
from rag_cs.privacy.findings import Finding, follows

_BEFORE = r"(?<![0-9A-Za-z_.+/#-])"
_AFTER = r"(?![0-9A-Za-z_]|[-.,/]\d)"
_EXTENSION = r"(?: ?(?:转|分机|ext\.?|x|-) ?\d{1,5})?"
_MOBILE = re.compile(
    rf"(?<![0-9A-Za-z_.+#-])(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_AFTER}"
)
_LANDLINE = re.compile(
    rf"{_BEFORE}(?P<number>(?:\(0\d{{2,3}}\)|0\d{{2,3}}) ?-?\d{{3,4}}[ -]?\d{{4}}){_EXTENSION}{_AFTER}"
)
_ABROAD = re.compile(rf"(?<![0-9A-Za-z_.+])(?:\+|00)[1-9](?:[ ().-]{{0,2}}\d){{6,14}}{_AFTER}")
_AMERICAN = re.compile(
    rf"{_BEFORE}(?:1[ .-])?(?:\(\d{{3}}\) ?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}{_EXTENSION}{_AFTER}"
)
_BRITISH = re.compile(rf"{_BEFORE}0(?:7\d{{3}}|1\d{{3}}) ?\d{{3}} ?\d{{3}}{_AFTER}")
# What a word such as "phone" makes a number: 7 to 15 digits.
_ANY = re.compile(rf"{_BEFORE}[(+]?\d(?:[ ().-]{{0,2}}\d){{6,14}}{_AFTER}")
_CUE = re.compile(
    r"(?:手机|电话|座机|联系方式|号码|致电|拨打|打给|回电|微信|"
    r"\b(?:phone|mobile|cell|cellphone|tel|telephone|landline|whatsapp|my (?:new |other |work )?number|"
    r"contact number|(?:call|ring|dial|text|phone|reach|contact) (?:me|us|him|her)(?: back)?|dial|ring))"
    r"(?:\s|[:：(#是为改成换给]|号码?|number|is|at|on|under|no\.?)*$",
    re.IGNORECASE | re.ASCII,
)
_DATE = re.compile(r"(?:19|20)\d\d[ .-]\d{1,2}[ .-]\d{1,2}")
_SERVICE = re.compile(
    r"(?:\+?86)?[48]00\d{7}|0?80[08]\d{6,7}|(?:\+?1)?8(?:00|33|44|55|66|77|88)\d{7}"
)
_FREE = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.UAN,
}


def find_phones(text: str) -> Iterator[Finding]:
    """Telephone numbers; some may be found twice."""
    for match in _MOBILE.finditer(text):
        if not is_something_else(text, match.start()):
            yield Finding(match.start(), match.end(), "PHONE")
    for pattern, region in ((_LANDLINE, "CN"), (_AMERICAN, "US"), (_BRITISH, "GB")):
        for match in pattern.finditer(text):
            number = match.groupdict().get("number") or match[0]
            if not is_something_else(text, match.start()) and _is_private(number, region):
                yield Finding(match.start(), match.end(), "PHONE")
    for match in _ABROAD.finditer(text):
        if _is_private(re.sub("^00", "+", match[0]), None):
            yield Finding(match.start(), match.end(), "PHONE")
    for match in _ANY.finditer(text):
        if follows(_CUE, text, match.start()) and not _is_shared(match[0]):
            yield Finding(match.start(), match.end(), "PHONE")


def _is_private(number: str, region: str | None) -> bool:
    """Whether somebody's telephone may have that number. Of numbers with a country code only the
    length is asked: those reserved for examples and those newly given out are in no table."""
    try:
        parsed = phonenumbers.parse(number, region)
    except NumberParseException:
        return False
    if region is None:
        exists = phonenumbers.is_possible_number(parsed)
    else:
        exists = phonenumbers.is_valid_number(parsed)
    return exists and phonenumbers.number_type(parsed) not in _FREE


def _is_shared(number: str) -> bool:
    """Whether it is a service number, or no number to call at all."""
    return bool(_DATE.match(number) or _SERVICE.fullmatch(re.sub(r"\D", "", number)))
