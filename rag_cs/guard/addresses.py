"""Whether a sentence names an address, or a number to call, that its quotes don't. Pure."""

from __future__ import annotations

import re

from rag_cs.text import CJK, normalise

_TLD = (
    r"(?:com|net|org|io|cn|info|biz|xyz|ru|co|me|app|dev|shop|store|online|site|top|vip|club|"
    r"security|link|click|tk|cc|uk|de|fr|eu|jp|hk|tw|us|ca|au|in|br|it|es|nl|pl|gov|edu|test|"
    r"example|ly|gg|tv|ai)"
)
# No Chinese: a host after Chinese words has no space in front of it.
_LETTER = rf"[^\W_{CJK}]"
_HOST = rf"(?:{_LETTER}(?:{_LETTER}|-){{0,62}}\.){{1,8}}"
_PATH = rf"[^\s<>()\[\]\"'，。；、）】」{CJK}]"
_LINK = re.compile(
    rf"[a-z][a-z+]{{1,9}}://{_PATH}{{1,2000}}"
    rf"|(?<![a-z0-9@.+_-])[a-z0-9_.+-]{{1,64}}@{_HOST}[a-z]{{2,20}}"
    rf"|(?<![a-z0-9@._-])(?:{_HOST}{_TLD}|"
    rf"www\.{_HOST}[a-z]{{2,20}})(?![a-z0-9-])(?:/{_PATH}{{0,500}})?"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)",
    re.IGNORECASE,
)
_MARKDOWN_LINK = re.compile(r"\[[^\[\]\n]{0,300}\]\s?(?:\([^()\n]{0,500}\)|\[[^\[\]\n]{0,100}\])")
_DISGUISED = re.compile(
    r"\bhxxps?\b|\w\s?[\[({]\s?(?:\.|dot|at|@)\s?[\])}]\s?\w|\w dot (?:com|net|org|cn)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\d.])(?:\+|00)\d[\d\s().-]{6,18}\d"
    r"|(?<![a-z0-9.-])(?:\(\d{2,4}\)\s?|\d{3,4}[ -])\d{3,4}[ -]?\d{3,4}(?:[ -]\d{2,4})?(?!\d|\.\d)"
    r"|(?<![a-z0-9.-])1[3-9]\d{9}(?!\d)"
    r"|(?:拨打|致电|热线|电话|客服|call|dial|phone|tel|fax)[^\d\n]{0,12}(\d{5,12})(?!\d)",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:19|20)\d\d[ -](?:19|20)\d\d|(?:19|20)\d\d[ -]\d\d[ -]\d\d")
_HANDLE = re.compile(
    r"(?:微信|wechat|whatsapp|telegram|qq)(?:(?:号|群| id)\s?[:：]?|"
    r"\s?[:：])\s?@?([a-z0-9][\w-]{4,30})",
    re.IGNORECASE,
)


def without_links(text: str) -> str:
    """`text` with a space for every address in it."""
    return _LINK.sub(" ", text)


def leads_away(sentence: str, quoted: str) -> bool:
    """Whether the sentence names an address that no quote does."""
    if _DISGUISED.search(sentence):
        return True
    if any(link[0] not in quoted for link in _MARKDOWN_LINK.finditer(sentence)):
        return True
    folded, named = normalise(sentence), normalise(quoted)
    if _addresses(folded) - _addresses(named):
        return True
    if any(match[1] not in named for match in _HANDLE.finditer(folded)):
        return True
    numbers = _phone_numbers(folded)
    dialled = re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", named) if numbers else ""
    return any(not re.search(rf"(?<!\d){number}(?!\d)", dialled) for number in numbers)


def _phone_numbers(text: str) -> list[str]:
    found = [match for match in _PHONE.finditer(text) if not _YEARS.fullmatch(match[0])]
    return [re.sub(r"\D", "", match[1] or match[0]) for match in found]


def _addresses(text: str) -> set[str]:
    """Links, hosts and e-mail addresses, without the scheme; a link also gives its host."""
    found: set[str] = set()
    for match in _LINK.finditer(text):
        scheme, _, rest = match[0].rpartition("://")
        address = rest.rstrip(".,;:!?/*_")
        found.add(address if scheme in ("", "http", "https") else f"{scheme}://{address}")
        found.add(address.split("/")[0])
    return found
