"""A sentence that seems to answer -> how far the answer reaches: with the list that it introduces
or belongs to, with what stands below it where it is a heading, with its other half. What is found
is only added to: nothing that may answer gets lost. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rag_cs.facts import is_negative
from rag_cs.statements import answer_span, says_nothing, statements
from rag_cs.text import detect_language
from rag_cs.types import Chunk, Language

Span = tuple[int, int]

# Characters of a list with what introduces it, of what stands below a heading and of the answer of
# a FAQ pair that is given whole, and of a heading.
_LONGEST_LIST: Mapping[Language, int] = {"en": 900, "zh": 400}
_LONGEST_BODY: Mapping[Language, int] = {"en": 320, "zh": 140}
_LONGEST_HEADING: Mapping[Language, int] = {"en": 60, "zh": 30}
_MOST_BODY_SENTENCES = 3
# Between the fields of a row, as `readers` write it. A sentence may have one semicolon, too.
_FIELD_END = re.compile(r"[;；]\s*")
_MOST_FIELDS = 2
_CLOSING = "*_\"'”’」』）) "
_STOPS = tuple("。！？!?….~～")
_ASKING_ENDS = tuple("?？")
_UNFINISHED = tuple("，,、；;")
_LEAD_IN = re.compile(r"[:：][*_\"'”」』 ]*$")
_MARK = re.compile(
    r"[-*•·◦▪–]\s|[（(]?\d{1,2}[.)）、．](?!\d)|[（(]?[一二三四五六七八九十]{1,3}[)）、.]|[①-⑳]"
)
_DIGITS = re.compile(r"\d+|[一二三四五六七八九十]+|[①-⑳]")
_SEVERAL_CLAUSES = re.compile(r"[:：;；，,、|\d]")
# How a heading begins that needs what is below it.
_NEEDS_MORE = re.compile(
    r"(?:what|which|when|where|why|how|if)\b|什么|怎么|怎样|如何|为什么|为何|哪|如果|若",
    re.IGNORECASE,
)


def extent(chunk: Chunk, start: int, end: int, question: str) -> Span | None:
    """The span of the answer to which the sentence `chunk.text[start:end]` belongs; None where it
    only introduces what isn't there, or says no more than a question that asks for more."""
    text = chunk.text
    if text[start] == "|":
        return start, end
    language = detect_language(text[start:end])
    if chunk.question:
        return _whole_answer(chunk, _LONGEST_BODY[language], start, end)
    page = _Page(text, _sentences(text), _LONGEST_LIST[language])
    place = next((number for number, span in enumerate(page.spans) if span[0] >= start), None)
    if place is None:
        return start, end
    first, last = page.finished(place)
    if page.leads_in(last):
        return page.listed(first, last)
    if listed := page.list_around(first, last):
        return listed
    start, end = page.span(first, last)
    is_empty = says_nothing(text[start:end], question)
    if is_empty or page.is_heading(first, last, _LONGEST_HEADING[language]):
        below = page.below(last + 1, _LONGEST_BODY[language])
        if is_empty and not below:
            return None
        end = max([end, *(page.spans[number][1] for number in below)])
    return start, end


def _whole_answer(chunk: Chunk, longest: int, start: int, end: int) -> Span:
    """All of a FAQ pair's answer, unless it is long or the sentence is no part of it."""
    answer = answer_span(chunk)
    if answer is None or answer[1] - answer[0] > longest:
        return start, end
    return answer if answer[0] <= start and end <= answer[1] else (start, end)


def is_indivisible(text: str) -> bool:
    """Whether an answer must not be shortened: of a row a part says something else, and of several
    lines the first is a heading, or introduces the others."""
    return "\n" in text.strip() or len(_FIELD_END.split(text)) > _MOST_FIELDS


@lru_cache(maxsize=256)
def _sentences(text: str) -> tuple[Span, ...]:
    return tuple(statements(text))


def _mark(line: str) -> str:
    """The kind of mark that an item of a list begins with; "" for other lines."""
    found = _MARK.match(line)
    return _DIGITS.sub("1", found[0].strip()) if found else ""


def _stops(line: str) -> bool:
    """Whether a line ends as sentences do."""
    line = line.rstrip(_CLOSING)
    return line.endswith(_STOPS) or unicodedata.category(line[-1:] or " ") == "So"


@dataclass(frozen=True, slots=True)
class _Page:
    """A passage by its sentences, which are named by number; `longest` is a list's length."""

    text: str
    spans: tuple[Span, ...]
    longest: int

    def line(self, number: int) -> str:
        return self.text[slice(*self.spans[number])]

    def span(self, first: int, last: int) -> Span:
        return self.spans[first][0], self.spans[last][1]

    def gap(self, number: int) -> str:
        """What stands before a sentence; more than white space where something was left out."""
        return self.text[self.spans[number - 1][1] if number else 0 : self.spans[number][0]]

    def starts_line(self, number: int) -> bool:
        return number == 0 or "\n" in self.gap(number)

    def follows(self, number: int) -> bool:
        """Whether there is such a sentence, with nothing but white space before it."""
        return number < len(self.spans) and not self.gap(number).strip()

    def leads_in(self, number: int) -> bool:
        return bool(_LEAD_IN.search(self.line(number)))

    def finished(self, place: int) -> tuple[int, int]:
        """The first and last line of a sentence that goes on over the ends of lines."""
        first = last = place
        while first and self._goes_on(first - 1) and self._fits(first - 1, last):
            first -= 1
        while self._goes_on(last) and self._fits(first, last + 1):
            last += 1
        return first, last

    def _goes_on(self, number: int) -> bool:
        if not self.line(number).rstrip(_CLOSING).endswith(_UNFINISHED):
            return False
        after = number + 1
        if not self.follows(after) or "\n\n" in self.gap(after):
            return False
        return not self.line(after).startswith("|")

    def _fits(self, first: int, last: int) -> bool:
        return self.spans[last][1] - self.spans[first][0] <= self.longest

    def listed(self, first: int, last: int) -> Span | None:
        """What introduces a list, with it; None where it says nothing itself and none follows."""
        if items := self._items(last + 1, first):
            return self.span(first, items[-1])
        lead_in = self.text[slice(*self.span(first, last))].rstrip(_CLOSING)[:-1]
        return self.span(first, last) if _SEVERAL_CLAUSES.search(lead_in) else None

    def list_around(self, first: int, last: int) -> Span | None:
        """The list, with what introduces it, of which these lines are an item. One that is a whole
        sentence stands for itself, unless what introduces it denies."""
        mark, stops = _mark(self.line(first)), _stops(self.line(last))
        if stops and not mark:
            return None
        for above in range(first - 1, -1, -1):
            if self.leads_in(above):
                if stops and not is_negative(self.line(above)):
                    return None
                listed = self.listed(self.finished(above)[0], above)
                return listed if listed and self.spans[last][1] <= listed[1] else None
            if _mark(self.line(above)) != mark or (not mark and _stops(self.line(above))):
                return None
        return None

    def _items(self, begin: int, first: int) -> list[int]:
        """The lines of a list from `begin` on, all with marks of one kind or all without, that fit
        with what stands from `first` on; without a list, the paragraph."""
        items: list[int] = []
        if not self.follows(begin):
            return items
        mark, is_loose = _mark(self.line(begin)), "\n\n" in self.gap(begin)
        is_paragraph = not mark and _stops(self.line(begin))
        for number in range(begin, len(self.spans)):
            line = self.line(number)
            if not self.follows(number) or not self._fits(first, number) or line.startswith("|"):
                break
            if items and self.starts_line(number):
                if mark and _mark(line) != mark and not self._has_mark(number + 1, mark):
                    break
                ends = is_paragraph or _stops(line) or ("\n\n" in self.gap(number) and not is_loose)
                if not mark and (ends or _mark(line) or self.leads_in(number)):
                    break
            items.append(number)
        return items

    def _has_mark(self, number: int, mark: str) -> bool:
        return self.follows(number) and _mark(self.line(number)) == mark

    def is_heading(self, first: int, last: int, longest: int) -> bool:
        """Whether a short line of its own, which is no sentence, stands above what may be its
        text: below a sentence or an empty line, and above a sentence or a list."""
        line = self.line(last)
        if first != last or len(line) > longest or _stops(line) or _mark(line):
            return False
        if not self.starts_line(last):
            return False
        if not self.follows(last + 1) or not self.starts_line(last + 1):
            return False
        if _NEEDS_MORE.match(line):
            return True
        if _SEVERAL_CLAUSES.search(line):
            return False
        is_apart = last == 0 or _stops(self.line(last - 1)) or "\n\n" in self.gap(last)
        below = self.line(last + 1)
        begins_text = _stops(below) or bool(_mark(below)) or self.leads_in(last + 1)
        return is_apart and begins_text

    def below(self, begin: int, longest: int) -> list[int]:
        """What stands below a heading: its first sentences, or its list."""
        if not self.follows(begin):
            return []
        if self.leads_in(begin):
            return [begin, *items] if (items := self._items(begin + 1, begin)) else []
        if _mark(self.line(begin)):
            return self._items(begin, begin)
        body: list[int] = []
        for number in range(begin, min(begin + _MOST_BODY_SENTENCES, len(self.spans))):
            line = self.line(number)
            is_long = self.spans[number][1] - self.spans[begin][0] > longest
            if not self.follows(number) or (body and is_long) or line.startswith("|"):
                break
            if body and self.starts_line(number) and not _stops(line):
                break
            if line.endswith(_ASKING_ENDS) or self.leads_in(number):
                break
            body.append(number)
        return body
