"""What the assistant says of itself, in both languages: that it doesn't know, in part or at all,
and where a person is. The store's facts never stand here."""

from __future__ import annotations

from collections.abc import Sequence

from rag_cs.types import Answer, Citation, Language

ABSTENTIONS: dict[Language, str] = {
    "en": "I don't know: I couldn't find that in this store's documents. "
    "Please ask the store's staff, who can help you further.",
    "zh": "抱歉，我不知道：本店的资料里没有找到相关说明。请联系人工客服，他们会继续帮您。",
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


def disagree(language: Language, one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """Two sentences that quote both sides, given as (title, quote), and offer a person."""
    first, second = _DISAGREE[language]
    return first.format(*one), second.format(*other)


def conclude(
    said: Sequence[str],
    citations: tuple[Citation, ...],
    unknown: Sequence[int],
    language: Language,
    confidence: float,
) -> Answer:
    """The Answer that supported sentences make; which of several parts, counted from 0,
    stayed `unknown` is said."""
    if not said:
        return Answer("abstained", ABSTENTIONS[language], language, confidence=confidence)
    places = _PLACES[language]
    missing = [_PARTLY[language].format(places[min(part, len(places) - 1)]) for part in unknown]
    joint = "" if language == "zh" else " "
    text = joint.join([*said, *missing])
    return Answer("answered", text, language, citations, confidence)
