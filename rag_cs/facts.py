"""What of a text can be checked exactly: amounts, durations, dates, percentages, codes, and whether
it says yes or no. In Chinese and English notation alike; pure.

`7天`, `七天`, `7 days` and `one week` are one fact; `7 working days` is another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag_cs.text import search_terms, with_digits

Kind = Literal[
    "money", "percent", "duration", "workdays", "date", "time", "measure", "code", "number"
]

_N = r"(?P<n>\d+(?:\.\d+)?)"
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_CURRENCIES = {
    "cny": (r"[¥￥]|rmb|cny|人民币", r"元|块钱?|圆|yuan|rmb|cny"),
    "usd": (r"us\$|\$|usd", r"美元|美金|us dollars?|dollars?|usd|bucks?"),
    "eur": (r"€|eur", r"欧元|euros?|eur|€"),
    "gbp": (r"£|gbp", r"英镑|pounds? sterling|pounds?|gbp|£"),
    "hkd": (r"hk\$|hkd", r"港元|港币|hkd"),
    "jpy": (r"jpy", r"日元|yen|jpy"),
}
# Minutes, or months, to a unit.
_DURATIONS = {
    r"seconds?|secs?|秒钟?": ("minutes", 1 / 60),
    r"minutes?|mins?|分钟": ("minutes", 1),
    r"(?:hours?|hrs?)|个?小时|个?钟头": ("minutes", 60),
    r"(?:calendar )?days?|个?自然日|天|日(?![期元月])": ("minutes", 1440),
    r"weeks?|个?星期|周": ("minutes", 10080),
    r"months?|个月": ("months", 1),
    r"years?|年(?!\d|月)|周年": ("months", 12),
}
_MEASURES = {
    # `m²` and `㎡` are folded to m2
    r"m3/h|立方米每小时": ("m3/h", 1), r"m3|立方米|cubic met(?:er|re)s?": ("m3", 1),
    r"m2|平方米|平米|square met(?:er|re)s?|sq\.? ?m": ("m2", 1),
    r"db|decibels?|分贝": ("db", 1), r"ghz": ("hz", 1e9), r"mhz": ("hz", 1e6),
    r"khz": ("hz", 1e3), r"hz|赫兹?": ("hz", 1), r"mah|毫安时?": ("mah", 1),
    r"kwh|千瓦时": ("wh", 1000), r"wh|瓦时": ("wh", 1), r"rpm|转/分": ("rpm", 1),
    r"mpa|兆帕": ("pa", 1e6), r"kpa|千帕": ("pa", 1000), r"pa|帕": ("pa", 1), r"bar": ("bar", 1),
    r"lm|lumens?|流明": ("lm", 1), r"lux": ("lux", 1), r"ppm": ("ppm", 1),
    r"px|pixels?|像素": ("px", 1), r"mbps": ("mbps", 1), r"tb": ("mb", 1e6), r"gb": ("mb", 1000),
    r"mb": ("mb", 1), r"oz|ounces?|盎司": ("oz", 1), r"lbs?|pounds? weight|磅": ("lb", 1),
    r"ft|feet|foot|英尺": ("ft", 1), r"°f|degrees? fahrenheit|华氏度": ("°f", 1),
    r"kg|kilograms?|公斤|千克": ("g", 1000), r"g|grams?|克": ("g", 1), r"斤": ("g", 500),
    r"km|kilomet(?:er|re)s?|公里|千米": ("mm", 1e6), r"m|met(?:er|re)s?|米": ("mm", 1000),
    r"cm|centimet(?:er|re)s?|厘米": ("mm", 10), r"mm|millimet(?:er|re)s?|毫米": ("mm", 1),
    r"ml|millilit(?:er|re)s?|毫升": ("ml", 1), r"l|lit(?:er|re)s?|升": ("ml", 1000),
    r"kw|千瓦": ("w", 1000), r"w|watts?|瓦": ("w", 1), r"v|volts?|伏": ("v", 1),
    r"inch(?:es)?|英寸": ("inch", 1), r"°c|℃|degrees? celsius|摄氏度": ("°c", 1),
}  # fmt: skip
_CODE = re.compile(
    r"(?<![\w.-])(?=[\w/.-]*[a-z])(?=[\w/.-]*\d)[a-z0-9]+(?:[-/.][a-z0-9]+)*(?![\w-])"
)
_PATTERNS: list[tuple[Kind, re.Pattern[str], str, float]] = [
    ("date", re.compile(r"(?P<y>(?:19|20)\d\d)(?:年|[-/.])(?P<m>\d{1,2})(?:月|[-/.])(?P<d>\d{1,2})[日号]?"), "", 1),
    ("date", re.compile(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?P<y>(?:19|20)\d\d))?\b"), "", 1),
    ("date", re.compile(rf"\b{_MONTH} (?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y>(?:19|20)\d\d))?"), "", 1),
    ("date", re.compile(r"(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]"), "", 1),
    ("percent", re.compile(rf"{_N} ?(?:%|percent|per cent)|百分之{_N.replace('<n>', '<n2>')}"), "", 1),
    *((("money", re.compile(rf"(?:{before}) ?{_N}(?: ?(?:{after}))?|{_N.replace('<n>', '<n2>')} ?(?:{after})"),
        name, 1) for name, (before, after) in _CURRENCIES.items())),
    ("workdays", re.compile(rf"{_N}(?: full)? ?(?:个?工作日|(?:working|business|week) ?days?)"), "", 1),
    *((("duration", re.compile(rf"{_N}[ -]?(?:{unit})(?![a-z])"), name, factor)
       for unit, (name, factor) in _DURATIONS.items())),
    ("time", re.compile(r"(?P<pm>下午|晚上|傍晚)?(?:上午|早上|凌晨|中午)?(?P<h>\d{1,2})(?::(?P<min>\d{1,2})|点(?:(?P<min2>\d{1,2})分?)?)(?: ?(?P<p>[ap])\.?m\b\.?)?"), "", 1),
    ("time", re.compile(r"(?P<h>\d{1,2}) ?(?P<p>[ap])\.?m\b\.?"), "", 1),
    *((("measure", re.compile(rf"{_N} ?(?:{unit})(?![a-z])"), name, factor)
       for unit, (name, factor) in _MEASURES.items())),
    ("code", _CODE, "", 1),
    ("number", re.compile(_N), "", 1),
]  # fmt: skip
# A range's first number has the unit of its second.
_RANGE = re.compile(
    r"(\d+(?:\.\d+)?) ?(?:-|–|—|~|～|to|至|到) ?(?=\d+(?:\.\d+)?( ?(?:%|[a-z]+[23]?(?![\d]) ?(?:days?)?|[^\W\d_a-z]{1,3})))"
)
_ZH_PERCENT = re.compile(r"百分之([\d.零〇一二两三四五六七八九十百]+)")
_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|without|neither|nor|none|unable|except|excluded?|excluding|refuse[sd]?)\b|n't\b"
    r"|不|没|无(?!论|线)|未|非(?!常)|勿|禁止|除外|拒绝"
)
# Double negations and fixed phrases that deny nothing.
_NO_NEGATION = re.compile(
    r"\bnot only\b|\bno later than\b|\bno more than\b|\bno less than\b|\bno matter\b|\bno problem\b|\bif not\b"
    r"|无理由|不仅|不但|不论|不管|不过|不超过|不少于|不低于|不晚于|不迟于|不同|无论|是否|能不能|可不可以|不得不|差不多|不好意思"
)
_CLAUSE = re.compile(
    r"[,;:.!?，；：。！？\n]+(?!\d)|\b(?:but|however|unless|although)\b|但是?|不过|除非"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact in one notation: facts are the same when they are equal."""

    kind: Kind
    value: str


def facts_in(text: str) -> frozenset[Fact]:
    """The facts that a text states."""
    return _divide(text)[0]


def without_facts(text: str) -> str:
    """What is left of a text, folded as for comparing, when its facts are taken out."""
    return _divide(text)[1]


@lru_cache(maxsize=8192)
def _divide(text: str) -> tuple[frozenset[Fact], str]:
    written = with_digits(_ZH_PERCENT.sub(r"\1%", text))
    rest = _RANGE.sub(lambda match: f"{match[1]}{match[2] or ''} , ", written)
    rest = re.sub(r"\b(half a year)\b|半年", " 6 months ", rest)
    found: set[Fact] = set()
    for kind, pattern, unit, factor in _PATTERNS:
        found.update(_facts(kind, pattern, unit, factor, rest))
        rest = pattern.sub(" ", rest)
    return frozenset(found), rest


def unsupported(sentence: str, *sources: str) -> frozenset[Fact]:
    """The facts of `sentence` that no source states.

    An amount with a unit is supported by a bare number only where the source names that unit too,
    as the head of a table's column does; a bare number by a bare one alone.
    """
    if not facts_in(sentence):
        return frozenset()
    stated = frozenset[Fact]().union(*map(facts_in, sources))
    bare = {fact.value for fact in stated if fact.kind == "number"}
    texts = with_digits("\n".join(sources))
    return frozenset(
        fact
        for fact in facts_in(sentence) - stated
        if not (_amount(fact) in bare and _names_unit(fact, texts))
    )


def contradicts(sentence: str, source: str) -> bool:
    """Whether a clause of `sentence` denies what the most similar clause of `source` affirms, or
    the other way round."""
    clauses = [(set(search_terms(each)), is_negative(each)) for each in split_clauses(source)]
    for clause in split_clauses(sentence):
        terms = set(search_terms(clause))
        if len(terms) < 2 or not clauses:
            continue
        nearest, negative = max(clauses, key=lambda each: _likeness(terms, each[0]))
        if _likeness(terms, nearest) >= 0.6 and negative != is_negative(clause):
            return True
    return False


def split_clauses(text: str) -> list[str]:
    """The clauses of a text, in lower case, cut at its punctuation and at words of contrast."""
    return [piece for piece in _CLAUSE.split(text.lower()) if piece and piece.strip()]


def is_negative(clause: str) -> bool:
    """Whether a clause denies something."""
    return len(_NEGATION.findall(_NO_NEGATION.sub(" ", clause))) % 2 == 1


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _facts(
    kind: Kind, pattern: re.Pattern[str], unit: str, factor: float, text: str
) -> Iterator[Fact]:
    for match in pattern.finditer(text):
        groups = match.groupdict()
        if kind == "date":
            yield Fact(kind, _date(groups))
        elif kind == "time":
            if time := _time(groups):
                yield Fact(kind, time)
        elif kind == "code":
            yield Fact(kind, match[0])
        else:
            value = _plain(float(groups["n"] or groups["n2"]) * factor)
            yield Fact(kind, f"{value} {unit}".strip())


def _date(groups: dict[str, str | None]) -> str:
    named = groups.get("month")
    month = _MONTHS.index(named) + 1 if named else int(groups.get("m") or 0)
    return f"{groups.get('y') or '*'}-{month}-{int(groups['d'] or 0)}"


def _time(groups: dict[str, str | None]) -> str:
    hour = int(groups["h"] or 0)
    minutes = int(groups.get("min") or groups.get("min2") or 0)
    if (groups.get("pm") or groups.get("p") == "p") and hour < 12:
        hour += 12
    if groups.get("p") == "a" and hour == 12:
        hour = 0
    return f"{hour}:{minutes:02d}" if hour < 25 and minutes < 60 else ""


def _amount(fact: Fact) -> str:
    """A fact's number alone."""
    return fact.value.split(" ")[0]


def _names_unit(fact: Fact, text: str) -> bool:
    unit = fact.value.partition(" ")[2]
    if fact.kind == "money":
        return bool(re.search("|".join(_CURRENCIES[unit]), text))
    if fact.kind == "percent":
        return "%" in text or "percent" in text
    return False


def _plain(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
