"""E-mail addresses in a folded text, written plainly or with "(at)" and "(dot)". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.privacy.findings import Finding

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}"
_PLAIN = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.){{1,5}}[A-Za-z]{{2,24}}(?![A-Za-z0-9-])")
_AT = r"\s{0,2}[(\[{]\s?(?:at|@)\s?[)\]}]\s{0,2}"
_DOT = r"(?:\.|\s{0,2}[(\[{]\s?(?:dot|\.)\s?[)\]}]\s{0,2})"
_DISGUISED = re.compile(
    rf"{_LOCAL}{_AT}(?:{_LABEL}{_DOT}){{1,5}}[A-Za-z]{{2,24}}(?![A-Za-z0-9-])",
    re.IGNORECASE | re.ASCII,
)
_SPOKEN = re.compile(
    rf"{_LOCAL} at {_LABEL}(?: dot {_LABEL}){{1,4}}(?![A-Za-z0-9-])", re.IGNORECASE | re.ASCII
)


def find_emails(text: str) -> Iterator[Finding]:
    """E-mail addresses."""
    for pattern in (_PLAIN, _DISGUISED, _SPOKEN):
        for match in pattern.finditer(text):
            yield Finding(match.start(), match.end(), "EMAIL")
