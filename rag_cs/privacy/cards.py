"""Bank cards and accounts in a folded text. Pure.

A card is known by its issuer's first digits, its length and Luhn's check digit; after a word such
as 银行卡 or "credit card" a mistyped one counts too. An IBAN is known by its remainder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.privacy.cues import is_something_else
from rag_cs.privacy.findings import Finding, follows

_CARD = re.compile(r"(?<![0-9A-Za-z_./#-])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z_]|[-.]\d)")
# UnionPay with the banks' older ranges; Visa; Mastercard; American Express; Discover; JCB; Diners.
_ISSUERS = re.compile(
    r"(?:62|60|81|9558|9559|68|69)\d{14,17}|4\d{15}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|"
    r"3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35[2-8]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
)
_CUE = re.compile(
    r"(?:行卡|储蓄卡|信用卡|借记卡|贷记卡|卡号|账号|帐号|\b(?:(?:credit|debit|bank) )?card|"
    r"\b(?:bank|account)(?= (?:account|number|no)))(?:\s|[:：(#是为]|号码?|account|number|no\.?|is)*$",
    re.IGNORECASE | re.ASCII,
)
_IBAN = re.compile(
    r"(?<![0-9A-Za-z_-])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![0-9A-Za-z_])"
)


def find_cards(text: str) -> Iterator[Finding]:
    """Numbers of bank cards and IBANs."""
    for match in _CARD.finditer(text):
        if is_something_else(text, match.start()):
            continue
        if follows(_CUE, text, match.start()) or is_card(re.sub(r"[ -]", "", match[0])):
            yield Finding(match.start(), match.end(), "BANK")
    for match in _IBAN.finditer(text):
        if is_iban(match[0].replace(" ", "")):
            yield Finding(match.start(), match.end(), "BANK")


def is_card(digits: str) -> bool:
    """Whether digits are those of a card that a known issuer may have given out."""
    return bool(_ISSUERS.fullmatch(digits)) and _luhn(digits) % 10 == 0


def is_iban(account: str) -> bool:
    """Whether an account's number, without spaces, leaves the remainder that an IBAN must."""
    turned = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _luhn(digits: str) -> int:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)
