"""A sentence that seems to answer -> how far the answer reaches: with the list that it introduces,
or what stands below it where it is but a heading. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag_cs.statements import repeats, statements
from rag_cs.text import detect_language
from rag_cs.types import Chunk, Language

# Characters of a list with what introduces it, of what stands below a heading, and of the answer of
# a FAQ pair that is given whole.
_LONGEST_LIST: Mapping[Language, int] = {"en": 900, "zh": 400}
_LONGEST_BODY: Mapping[Language, int] = {"en": 320, "zh": 140}
_MOST_BODY_SENTENCES = 3
# Between the fields of a row, as `readers` write it. A sentence may have one semicolon, too.
_FIELD_END = re.compile(r"[;；]\s*")
_MOST_FIELDS = 2
_CLOSING = "*_\"'”’」』）) "
_LEAD_IN = (":", "：")
_FULL_STOPS = tuple("。！？!?….")
_QUESTION_MARKS = ("?", "？")
_UNFINISHED = tuple("，,、；;")
_ITEM = re.compile(
    r"[-*•·◦▪–]\s|[（(]?\d{1,2}[.)）、．]|[（(]?[一二三四五六七八九十]{1,3}[)）、.]|[①-⑳]"
)
_ASKS = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how)\b"
    r"|什么|怎么|怎样|如何|为什么|为何|多少|多久|哪|谁|几",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(?:if|when)\b|如果|如您|若|当", re.IGNORECASE)

Span = tuple[int, int]


def extent(chunk: Chunk, start: int, end: int, question: str) -> Span | None:
    """The span of the answer that the sentence `chunk.text[start:end]` begins or names; None where
    it names one that doesn't follow."""
    text = chunk.text
    spans = statements(text)
    place = next((number for number, span in enumerate(spans) if span[0] >= start), None)
    if place is None or text[start] == "|":
        return start, end
    language = detect_language(text[start:end])
    if chunk.kind == "faq":
        return _whole_answer(spans, (start, end), _LONGEST_BODY[language])
    first, last = _finished(text, spans, place)
    start, end = spans[first][0], spans[last][1]
    longest = _LONGEST_LIST[language]
    if _ends_with(text[start:end], _LEAD_IN):
        return _list(text, spans, first, last, longest)
    if listed := _list_around(text, spans, first, longest):
        return listed
    names = _is_heading(text, spans, last) or (
        _ASKS.search(question) and repeats(_ASKS.sub("", text[start:end]), question)
    )
    if not names:
        return start, end
    body = _body(text, spans[last + 1 :], _LONGEST_BODY[language])
    return (body[0][0], body[-1][1]) if body else None


def is_indivisible(text: str) -> bool:
    """Whether an answer must not be shortened: of a row or a list a part says something else."""
    first, _, rest = text.partition("\n")
    is_list = bool(rest) and _ends_with(first, _LEAD_IN)
    return is_list or len(_FIELD_END.split(text)) > _MOST_FIELDS


def _whole_answer(spans: Sequence[Span], sentence: Span, most: int) -> Span:
    """All of a FAQ pair's answer, in the merchant's own words, unless it is long."""
    whole = spans[0][0], spans[-1][1]
    return whole if whole[1] - whole[0] <= most else sentence


def _list_around(text: str, spans: Sequence[Span], place: int, most: int) -> Span | None:
    """The list, with what introduces it, of which a line that is no sentence is an item."""
    for above in range(place - 1, -1, -1):
        if _stops(text[slice(*spans[above + 1])]):
            return None
        if _ends_with(text[slice(*spans[above])], _LEAD_IN):
            listed = _list(text, spans, *_finished(text, spans, above), most)
            return listed if listed and spans[place][1] <= listed[1] else None
    return None


def _list(text: str, spans: Sequence[Span], first: int, last: int, most: int) -> Span | None:
    """What the lines from `first` to `last` introduce, with them."""
    start, end = spans[first][0], spans[last][1]
    items = _items(text, end, spans[last + 1 :], most - (end - start))
    return (start, items[-1][1]) if items else None


def _finished(text: str, spans: Sequence[Span], place: int) -> tuple[int, int]:
    """The first and last line of a sentence that goes on over the ends of lines."""
    first = last = place
    while first and _ends_with(text[slice(*spans[first - 1])], _UNFINISHED):
        first -= 1
    while last + 1 < len(spans) and _ends_with(text[slice(*spans[last])], _UNFINISHED):
        last += 1
    return first, last


def _items(text: str, end: int, below: Sequence[Span], most: int) -> list[Span]:
    """The lines of a list; where they bear no marks, those without full stops, or else the one
    paragraph."""
    items: list[Span] = []
    marked = bool(below) and _is_item(text, below[0])
    for span in below:
        line, gap = text[slice(*span)], text[end : span[0]]
        if span[1] - below[0][0] > most or line.startswith("|"):
            break
        if marked and "\n" in gap and not _is_item(text, span):
            break
        if not marked and _ends_list(line, gap, bool(items)):
            break
        items.append(span)
        end = span[1]
    return items


def _ends_list(line: str, gap: str, began: bool) -> bool:
    """Whether a line, after that white space, is no unmarked item."""
    is_other = "\n" in gap and (_stops(line) or "\n\n" in gap)
    return _ends_with(line, _LEAD_IN) or (began and is_other)


def _body(text: str, below: Sequence[Span], most: int) -> list[Span]:
    """The first sentences below a heading."""
    body: list[Span] = []
    for number, span in enumerate(below):
        too_long = span[1] - below[0][0] > most
        if len(body) == _MOST_BODY_SENTENCES or (body and too_long):
            break
        line = text[slice(*span)]
        if line.startswith("|") or line.endswith(_QUESTION_MARKS):
            break
        if body and (_is_heading(text, below, number) or _ends_with(line, _LEAD_IN)):
            break
        body.append(span)
    return body


def _is_heading(text: str, spans: Sequence[Span], place: int) -> bool:
    """Whether a line of its own, without a full stop, stands above one that has one and isn't one
    of several such lines."""
    line = text[slice(*spans[place])]
    if _stops(line) or place + 1 >= len(spans) or _is_item(text, spans[place]):
        return False
    if _ASKS.search(line) or _CONDITION.match(line):
        return True
    if any(map(str.isdigit, line)) or not set(line).isdisjoint(":：;；"):
        return False
    above = text[slice(*spans[place - 1])] if place else "."
    return _stops(above) and _stops(text[slice(*spans[place + 1])])


def _is_item(text: str, span: Span) -> bool:
    return bool(_ITEM.match(text, *span))


def _stops(line: str) -> bool:
    return _ends_with(line, _FULL_STOPS)


def _ends_with(line: str, marks: tuple[str, ...]) -> bool:
    return line.rstrip(_CLOSING).endswith(marks)
