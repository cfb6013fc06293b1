"""What the assistant says of itself, in both languages: that it doesn't know, in part or at all,
and where a person is. The store's facts never stand here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rag_cs.types import Answer, Citation, Language

ABSTENTIONS: dict[Language, str] = {
    "en": "I don't know: I couldn't find that in this store's documents. "
    "Please ask the store's staff, who can help you further.",
    "zh": "抱歉，我不知道：本店的资料里没有找到相关说明。请联系人工客服，他们会继续帮您。",
}
# Nothing was there to look into; on the day asked about; what answers came later.
_EMPTY: dict[Language, str] = {
    "en": "I don't know: this store has no documents that I could look into. "
    "Please ask the store's staff, who can help you.",
    "zh": "抱歉，我不知道：本店还没有可供查询的资料。请联系人工客服，他们会帮您。",
}
_NONE_THEN: dict[Language, str] = {
    "en": "I don't know: none of this store's documents was in force on {day}. "
    "Please ask the store's staff, who can help you.",
    "zh": "抱歉，我不知道：{day}这一天，本店没有生效的资料。请联系人工客服，他们会帮您。",
}
_NOT_YET: dict[Language, str] = {
    "en": "I don't know what held on {day}: the document that answers this has been in force since "
    "{first}. Please ask the store's staff, who can help you further.",
    "zh": "抱歉，我不知道{day}时的规定：回答这一问题的资料自{first}起才生效。"
    "请联系人工客服，他们会继续帮您。",
}
PERSON: dict[Language, str] = {
    "en": "Of course. Please contact the store's staff: they can help you in person.",
    "zh": "好的，请联系本店的人工客服，他们会继续帮您。",
}
# The part is named by its place: repeating the shopper's words would let anything be said.
_PARTLY: dict[Language, str] = {
    "en": "I couldn't find the {} part of your question in this store's documents.",
    "zh": "您问题的第{}部分，本店的资料里没有找到说明。",
}
_PLACES: dict[Language, tuple[str, ...]] = {
    "en": ("first", "second", "third", "fourth"),
    "zh": ("一", "二", "三", "四"),
}
# Two quotes that don't agree, each with the title of its document.
_DISAGREE: dict[Language, tuple[str, str]] = {
    "en": (
        "This store's documents disagree about this. {} says: “{}”",
        "{} says: “{}” Please ask the store's staff which of them holds.",
    ),
    "zh": (
        "关于这一点，本店的资料说法不一。《{}》写道：“{}”",
        "《{}》写道：“{}”请联系人工客服确认以哪一条为准。",
    ),
}
# A quote that isn't in the language of the question, which is the key.
_FOREIGN: dict[Language, str] = {
    "en": "The store says this in Chinese: “{}”",
    "zh": "本店关于这一点的资料是英文：“{}”",
}


def foreign(language: Language, quote: str) -> str:
    """A quote in the other language, for who asked in this one."""
    return _FOREIGN[language].format(quote)


def disagree(language: Language, one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """Two sentences that quote both sides, given as (title, quote), and offer a person."""
    first, second = _DISAGREE[language]
    return first.format(*one), second.format(*other)


def nothing_found(language: Language, day: date | None) -> str:
    """There was no document at all, on that day if one was asked about."""
    return _NONE_THEN[language].format(day=day) if day else _EMPTY[language]


def not_yet(language: Language, day: date, first: str) -> str:
    """What answers has held only since the day `first`, after the one asked about."""
    return _NOT_YET[language].format(day=day, first=first)


def conclude(
    said: Sequence[str],
    citations: tuple[Citation, ...],
    unknown: Sequence[int],
    language: Language,
    confidence: float,
    abstention: str = "",
) -> Answer:
    """The Answer that supported sentences make; which of several parts, counted from 0,
    stayed `unknown` is said. Without any it is `abstention`, or the usual one."""
    if not said:
        text = abstention or ABSTENTIONS[language]
        return Answer("abstained", text, language, confidence=confidence)
    places = _PLACES[language]
    missing = [_PARTLY[language].format(places[min(part, len(places) - 1)]) for part in unknown]
    joint = "" if language == "zh" else " "
    text = joint.join([*said, *missing])
    return Answer("answered", text, language, citations, confidence)
