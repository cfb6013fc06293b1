"""The sentences of a passage that state something: not its headings, nor the question of a FAQ
pair; and whether one says more than a question did. Pure."""

from __future__ import annotations

import re

from rag_cs.text import content_words, normalise, split_sentences
from rag_cs.types import Chunk

# How `readers.builder` writes the two halves of a FAQ pair.
_FAQ_LABEL = re.compile(r"(?:Q: |A: |问：|答：)")
_ANSWER_LABELS = ("A", "答")
_ASKED = re.compile(r"(?:^|\n)(?:Q: |问：)([^\n]+)")
_BETWEEN_WORDINGS = " / "
_ANSWER = re.compile(r"(?:^|\n)(?:A: |答：)")
# Columns of a sheet that file a pair away rather than answer: they follow the answer.
_FILED = re.compile(
    r"(?:\s*\n(?:分类|类别|类目|标签|主题|部门|category|tags?|topic|section)\s?[:：][^\n]*)+\s*$",
    re.IGNORECASE,
)

_ASKS = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how)\b"
    r"|什么|怎么|怎样|如何|为什么|为何|多少|多久|哪|谁|几(?!乎)",
    re.IGNORECASE,
)
_OR = re.compile(r"\bor\b|还是|或", re.IGNORECASE)


def statements(text: str) -> list[tuple[int, int]]:
    """The spans of sentences that can support something: of a FAQ pair the answer, without its
    label."""
    found = []
    asks = False
    for start, end in split_sentences(text):
        label = _FAQ_LABEL.match(text, start, end)
        if label is None:
            # Of a question's several wordings only the first has a label.
            if not asks:
                found.append((start, end))
            continue
        asks = not label[0].startswith(_ANSWER_LABELS)
        if not asks and label.end() < end:
            found.append((label.end(), end))
    return found


def statements_of(chunk: Chunk) -> list[tuple[int, int]]:
    """As `statements`, less the title and the headings, which stand in the text too, sentences
    that ask, and what files a FAQ pair away."""
    headings = {chunk.title, *chunk.heading_path}
    filed = _FILED.search(chunk.text) if chunk.question else None
    last = filed.start() if filed else len(chunk.text)
    return [
        (start, end)
        for start, end in statements(chunk.text)
        if start < last
        and chunk.text[start:end].strip("# ") not in headings
        and not chunk.text[start:end].endswith(("?", "？"))
    ]


def wordings_of(chunk: Chunk) -> list[str]:
    """The ways in which the merchant put the question of a FAQ pair; of any other passage, and of a
    piece without its question, none."""
    asked = _ASKED.search(chunk.text) if chunk.question else None
    # A question may hold the sign that parts wordings.
    return [asked[1], *asked[1].split(_BETWEEN_WORDINGS)] if asked else []


def answer_span(chunk: Chunk) -> tuple[int, int] | None:
    """Where the answer of a FAQ pair stands in its chunk's text; None in a piece without one."""
    label = _ANSWER.search(chunk.text)
    if not label or not chunk.text[label.end() :].strip():
        return None
    filed = _FILED.search(chunk.text, label.end())
    return label.end(), filed.start() if filed else len(chunk.text.rstrip())


def repeats(sentence: str, question: str) -> bool:
    """Whether a sentence says nothing that the question didn't."""
    words = content_words(sentence)
    return words <= content_words(question) or _letters(sentence) in _letters(question)


def says_nothing(sentence: str, question: str) -> bool:
    """Whether a sentence can be no answer, since the question says as much and wants what it
    doesn't say itself: not whether, nor which of two."""
    asks_for_more = _ASKS.search(question) and not _OR.search(question)
    return bool(asks_for_more) and repeats(sentence, question)


def _letters(text: str) -> str:
    # Chinese words are cut by what stands around them.
    return "".join(filter(str.isalnum, normalise(text)))
