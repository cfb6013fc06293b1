"""A question -> the same question as somebody else would put it. Pure and deterministic."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from rag_cs.evaluation.asking.english import small_first
from rag_cs.evaluation.asking.words import polite_forms, replacements, words
from rag_cs.text import CJK, detect_language
from rag_cs.types import Language

_MAX_SYNONYMS = 2
_MIN_TYPO_WORD = 5
_ORDERS: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        (r"(?:Can|Could|May) I (.+)\?", r"Is it possible to \1?"),
        (r"How (?:do|can|should) I (.+)\?", r"I would like to \1. What do I have to do?"),
        (r"How long do I have to (.+)\?", r"Until when can I \1?"),
        (r"What (is|are) (.+)\?", r"I'd like to know what \2 \1."),
        (r"Where (?:do|can) I (.+)\?", r"I want to \1. Where is that done?"),
        (r"When (is|are) (\S+) (\S+)\?", r"I'd like to know when \2 \1 \3."),
        (r"How (\w+) (is|are) (.+)\?", r"I'd like to know how \1 \3 \2."),
    ),
    "zh": (
        (
            r"(?:怎么|如何|怎样)(开具?|申请|查询|修改|取消|使用|办理|更换|绑定|领取|联系|查看|设置)(.+)",
            r"\2怎么\1",
        ),
        (
            r"([^，。]+?)(?:怎么|如何|怎样)(用|办理|开|算|退|换|查|修改|修|清洗|申请|使用)",
            r"怎么\2\1",
        ),
        (r"可以(.+)吗", r"能不能\1"),
        (r"(.+?)可以(.+)吗", r"\1能不能\2"),
        (r"(.+)是多少", r"请告诉我\1"),
        (r"(.+?)(?:由)?谁(出|付|承担|负责)", r"谁\2\1"),
    ),
}


def reword(question: str, turn: int) -> tuple[str, str]:
    """`(how it was changed, the new wording)`, or two empty strings when no change fits.

    `turn` counts the questions: each goes on to the next kind of change, so that a suite has
    about as many of every kind.
    """
    language = detect_language(question)
    names = list(_CHANGES)
    start = turn % len(names)
    for name in names[start:] + names[:start]:
        worded = _CHANGES[name](question, language, turn)
        if worded and worded != question:
            return name, worded
    return "", ""


def _synonyms(question: str, language: Language, turn: int) -> str:
    """Up to two expressions replaced, each where it first stands; none twice."""
    del turn
    edge = r"\b" if language == "en" else ""
    found: list[tuple[int, int, str]] = []
    for pattern, other in replacements(language, "synonyms"):
        match = re.search(f"{edge}(?:{pattern}){edge}", question, re.IGNORECASE)
        if match and all(match.end() <= left or match.start() >= end for left, end, _ in found):
            capital = match[0][0].isupper()
            found.append((*match.span(), other[0].upper() + other[1:] if capital else other))
    for start, end, other in sorted(found[:_MAX_SYNONYMS], reverse=True):
        before = question[:start]
        if language == "en" and re.search(r"\ban $", before) and other[0] not in "aeiou":
            before = before[:-2] + " "
        question = before + other + question[end:]
    return question


def _order(question: str, language: Language, turn: int) -> str:
    del turn
    said = question.rstrip("？?") if language == "zh" else question
    for pattern, other in _ORDERS[language]:
        if match := re.fullmatch(pattern, said):
            turned = match.expand(other)
            return f"{turned}？" if language == "zh" else turned
    return ""


def _keywords(question: str, language: Language, turn: int) -> str:
    """Only the words that matter, as they are typed into a search box."""
    del turn
    if language == "zh":
        dropped = sorted(words("zh", "function_words"), key=len, reverse=True)
        kept = re.sub("|".join(map(re.escape, dropped)), "", question).strip("？?。 ")
        return kept if len(kept) >= 4 and len(kept) < len(question.strip("？?。 ")) else ""
    bare = [word.strip('?.,!"“”') for word in question.split()]
    left = [word for word in bare if word.lower() not in words("en", "function_words")]
    return " ".join(map(small_first, left)) if 2 <= len(left) < len(bare) else ""


def _polite(question: str, language: Language, turn: int) -> str:
    forms = polite_forms(language)
    start, end = forms[turn % len(forms)]
    if language == "zh":
        return "" if question.startswith("请问") else f"{start}{question}{end}"
    return f"{start}{small_first(question)}{end}"


def _typo(question: str, language: Language, turn: int) -> str:
    """One slip: two letters changed places, or another word of the same sound."""
    del turn
    if language == "zh":
        for right, wrong in replacements("zh", "typos"):
            if match := re.search(right, question):
                return question[: match.start()] + wrong + question[match.end() :]
        return ""
    longest = max(re.findall(r"[a-z]+", question), key=len, default="")
    at = len(longest) // 2 - 1
    if len(longest) < _MIN_TYPO_WORD or longest[at] == longest[at + 1]:
        return ""
    wrong = longest[:at] + longest[at + 1] + longest[at] + longest[at + 2 :]
    return question.replace(longest, wrong, 1)


def _traditional(question: str, language: Language, turn: int) -> str:
    del turn
    return question.translate(_to_traditional()) if language == "zh" else ""


@cache
def _to_traditional() -> dict[int, str]:
    """Simplified to traditional characters, from OpenCC's character table (first reading)."""
    table = files("opencc").joinpath("dictionary", "STCharacters.txt").read_text("utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if "\t" in line)
    return {ord(old): new.split(" ")[0] for old, new in pairs if re.fullmatch(f"[{CJK}]", old)}


_CHANGES: dict[str, Callable[[str, Language, int], str]] = {
    "synonyms": _synonyms,
    "order": _order,
    "keywords": _keywords,
    "polite": _polite,
    "typo": _typo,
    "traditional": _traditional,
}
