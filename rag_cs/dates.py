"""Dates as people write them, and the lines with which a document dates itself.

Pure; English and Chinese. All functions look at folded text: half width, lower case, simplified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from rag_cs.text import normalise, with_digits

Edge = Literal["first", "last"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NUMERIC = r"\d{4} ?[-/.年] ?\d{1,2} ?[-/.月] ?\d{1,2}(?!\d)(?: ?日)?"
_DAY_FIRST = rf"\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH},? \d{{4}}(?!\d)"
_MONTH_FIRST = rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}(?!\d)"
_DATE = f"(?:{_NUMERIC}|{_DAY_FIRST}|{_MONTH_FIRST})"
# The end of a span may leave out the year: 2026年3月1日至6月30日.
_END = rf"(?:{_DATE}|\d{{1,2}} ?月 ?\d{{1,2}} ?日)"

_PAPER_EN = (
    r"(?:(?:this|these|our|the)(?: [a-z]+){0,2} (?:policy|policies|terms|conditions|rules|version|"
    r"document|agreement|notice|guide|price list)(?: (?:is|are|was|were|will be))? )?"
)
_PAPER_ZH = (
    "(?:[\u4e00-\u9fff]{0,8}?(?:政策|规则|办法|协议|条款|公告|通知|制度|规定|细则|须知|声明|说明|"
    "价目表|价格表|版本))?"
)
_FROM_LINE = (
    rf"{_PAPER_EN}(?:effective|valid|in force|appl(?:y|ies)|takes? effect|comes? into "
    rf"(?:force|effect))(?: date)?(?: (?:as )?(?:from|of|on|since))?\s*[:|]?\s*({_DATE})"
)
_UNTIL_LINE = (
    rf"{_PAPER_EN}(?:(?:effective|valid|in force) (?:until|till|through|to)|expir(?:es|y)"
    rf"(?: date)?(?: on)?)\s*[:|]?\s*({_DATE})"
)
_SPAN_LINE = (
    rf"{_PAPER_EN}(?:effective|valid|in force) (?:from )?({_DATE}) ?(?:to|until|till|"
    rf"through|-|–|—|~) ?({_END})"
)
_FROM_LINE_ZH = (
    rf"(?:{_PAPER_ZH}[自从于]? ?({_DATE}) ?(?:起|开始)?,?(?:正式)?(?:施行|生效|实施|执行)"
    rf"|(?:生效|实施|施行)(?:日期|时间|日)\s*[:|]?\s*({_DATE}))"
)
_UNTIL_LINE_ZH = (
    rf"(?:{_PAPER_ZH}(?:的)?有效期(?:限)?(?:截)?[至到]|失效日期|到期日期?)\s*[:|]?\s*({_DATE})"
)
_SPAN_LINE_ZH = (
    rf"(?:{_PAPER_ZH}[自从在于]? ?({_DATE}) ?起?[至到~–—-] ?({_END}) ?"
    r"(?:期间|止)?内?有效"
    rf"|{_PAPER_ZH}(?:的)?有效期(?:限)?[为是:]? ?[自从]? ?({_DATE}) ?起?[至到~–—-] ?"
    rf"({_END}))"
)
_BEGINNING = r"[\s|#>*_(\[【]*"
_SPANS = [re.compile(_BEGINNING + line) for line in (_SPAN_LINE, _SPAN_LINE_ZH)]
_BEGINS = [re.compile(_BEGINNING + line) for line in (_FROM_LINE, _FROM_LINE_ZH)]
_ENDS = [re.compile(_BEGINNING + line) for line in (_UNTIL_LINE, _UNTIL_LINE_ZH)]
# An end that a sentence names anywhere in it.
_ENDING = re.compile(
    rf"(?:\b(?:until|till|through|ends?(?: on)?|expires?(?: on)?|valid to|no later than)|"
    rf"截止(?:日期)?(?:到|至|为|:)?|有效期(?:限)?[至到]|[至到])\s?({_DATE})"
    rf"|({_DATE}) ?(?:为?止|之?前|截止|到期|结束)"
)
# A line of facts about the document: what follows its first fact dates the document too.
_FACTS = re.compile(
    _BEGINNING
    + r"(?:version|revision|last updated|updated|published|版本|最后更新|更新日期|发布日期|"
    r"effective|valid|生效|实施|施行|失效|有效期)"
)
_FACT_END = re.compile(
    r"[|;,。(\[]|\.\s|\s[-–—·]\s|\s(?=生效|实施|施行|失效|有效期|effective|valid)"
)


def day_in(text: str) -> date | None:
    """The day that `text` names and nothing else, in any form that can't be misread: 2026-03-01,
    2026/3/1, 2026年3月1日, 1 March 2026, March 1st, 2026. None for anything else."""
    match = re.fullmatch(_DATE, _folded(text.strip()))
    return _day_of(match[0]) if match else None


def days_stated(lines: Iterable[str]) -> Iterator[tuple[Edge, date]]:
    """The first and last days of validity that lines state, in their order.

    A line counts when it begins with such a statement. In the first line, a title, and in one
    that lists facts (`Version 2 | Effective: 2026-03-01`), it may also follow other words. A day
    that the calendar doesn't have, and a span that ends before it begins, are passed over.
    """
    for number, line in enumerate(lines):
        folded = _folded(line)
        places = [0]
        if number == 0 or _FACTS.match(folded):
            places += [end.end() for end in _FACT_END.finditer(folded)]
        for place in places:
            yield from _stated_at(folded, place)


def end_stated(sentence: str) -> date | None:
    """The latest day that a sentence names as an end; None when it names none."""
    days = [
        _day_of(next(text for text in match.groups() if text))
        for match in _ENDING.finditer(_folded(sentence))
    ]
    return max((day for day in days if day), default=None)


def _stated_at(line: str, place: int) -> Iterator[tuple[Edge, date]]:
    for pattern in _SPANS:
        if match := pattern.match(line, place):
            first, last = (text for text in match.groups() if text)
            begin = _day_of(first)
            end = _day_of(last if re.search(r"\d{4}", last) else f"{first[:4]}年{last}")
            if begin and end and begin <= end:
                yield from (("first", begin), ("last", end))
            return
    edges: tuple[Edge, ...] = ("first", "last")
    for edge, patterns in zip(edges, (_BEGINS, _ENDS), strict=True):
        for pattern in patterns:
            if match := pattern.match(line, place):
                day = _day_of(next(text for text in match.groups() if text))
                if day:
                    yield edge, day


def _folded(line: str) -> str:
    return with_digits(line) if "年" in line else normalise(line)


def _day_of(text: str) -> date | None:
    """The day of a match of `_DATE`; None when the calendar has no such day."""
    first, *others = (int(number) for number in re.findall(r"\d+", text))
    name = re.search(r"[a-z]{3}", re.sub(r"\d+(?:st|nd|rd|th)| of ", " ", text))
    try:
        if len(others) == 2:
            return date(first, *others)
        return date(others[0], _MONTHS.index(name[0]) + 1, first) if name else None
    except ValueError:
        return None
