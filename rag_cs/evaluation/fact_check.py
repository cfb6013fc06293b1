"""An answer and what it rests on -> the figures in it that stand in neither.

An independent check: it shares nothing with the grounding or with `text`, so that a mistake there
isn't made here again. Numbers (digits, Chinese and English words, full width, thousands and
millions), percentages, prices, durations, dates, times and codes are compared as values; where in
doubt, it complains. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Date = tuple[int | None, int, int | None]
"""Year, month, day."""

_CHINESE_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {
    "〇": 0, "两": 2, "兩": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5,
}  # fmt: skip
_CHINESE_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_CHINESE_SCALES = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_NUMERALS = "".join([*_CHINESE_DIGITS, *_CHINESE_TENS, *_CHINESE_SCALES])
_ENGLISH_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ENGLISH_VALUES = {word: value for value, word in enumerate(_ENGLISH_ONES)} | {
    word: 10 * value for value, word in enumerate(_ENGLISH_TENS, start=2)
}
_ENGLISH_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_SCALES: dict[str, int] = {**_CHINESE_SCALES, **_CHINESE_TENS, **_ENGLISH_SCALES}

# What follows (or, for signs of currency, precedes) a number, by the one name it gets here.
_UNIT_NAMES = {
    "%": r"%|per\s?cent(?:age)?|pct|个百分点",
    "usd": r"\$|us\$|usd|dollars?|bucks|美元|美金",
    "cny": r"[¥￥]|rmb|cny|yuan|元|块钱|块|人民币",
    "eur": r"€|eur|euros?|欧元",
    "gbp": r"£|gbp|pounds? sterling|英镑",
    "second": r"seconds?|secs?|秒钟?",
    "minute": r"minutes?|mins?|分钟",
    "hour": r"hours?|hrs?|小时|钟头",
    "day": r"(?:business |working |calendar |consecutive )?days?|个?(?:工作日|自然日)|天|日(?!元)",
    "week": r"weeks?|(?:个)?(?:星期|礼拜)|周",
    "month": r"months?|个?月",
    "year": r"years?|yrs?|年",
}
_UNITS = [
    (name, re.compile(rf"[\s-]*(?:{pattern})(?![a-z])")) for name, pattern in _UNIT_NAMES.items()
]
_CURRENCY_BEFORE = [
    ("usd", re.compile(r"(?:us\$|\$|usd)\s*$")),
    ("cny", re.compile(r"(?:[¥￥]|rmb|cny)\s*$")),
    ("eur", re.compile(r"(?:€|eur)\s*$")),
    ("gbp", re.compile(r"(?:£|gbp)\s*$")),
]

_DIGITS = re.compile(r"(?<![\d.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")
_SCALE_AFTER = re.compile(r"\s?(?:hundred|thousand|million|billion)\b|[万萬亿億百千]")
_CHINESE_NUMBER = re.compile(rf"[{_NUMERALS}]+(?:点[{_NUMERALS}]+)?")
_PER_HUNDRED = re.compile(r"百分之\s*$")
_ENGLISH_WORDS = "|".join([*_ENGLISH_ONES, *_ENGLISH_TENS, *_ENGLISH_SCALES])
_ENGLISH_NUMBER = re.compile(
    rf"\b(?:{_ENGLISH_WORDS})\b(?:(?:[\s-]+(?:and\s+)?)(?:{_ENGLISH_WORDS})\b)*"
)
# A lone Chinese numeral is a number before one of these; else it is part of a word: 一般, 四川.
_COUNTED = re.compile(r"\s*(?:天|日|年|周|个?月|小时|分钟|秒|元|块|倍|折|%|成)")
_COUNTED_LOOSELY = re.compile(r"[个件次台层级号项种位名条款岁人张份套]")
_WORDS_NOT_NUMBERS = re.compile(r"十分(?!钟)|千万(?![元人])|万一|一一|万万")

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"(?<!\d)(\d{4})\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号])?"), "ymd"),
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), "ymd"),
    (re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?"), "mdy"),
    (
        re.compile(
            rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?![a-z])(?:,?\s+(\d{{4}}))?"
        ),
        "dmy",
    ),
    (re.compile(rf"\b{_MONTH},?\s+(\d{{4}})\b"), "my"),
    (re.compile(r"(?<![\d年])(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]"), "md"),
]
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])")
_HOUR = re.compile(r"(?<![\d.:])(\d{1,2})\s?(?:a\.?m\b|p\.?m\b|点(?!\d)|o'clock)")
_CODE = re.compile(r"(?<![a-z0-9])[a-z0-9]+(?:[-/._+#][a-z0-9]+)*(?![a-z0-9])")
# A number with its unit, or an ordinal, isn't a code: 30-day, 5kg, 10th, mid-1990s.
_NUMBER_AND_UNIT = re.compile(
    r"(?:(?:mid|early|late|pre|post)-)?"
    r"\d+(?:\.\d+)?-?(?:[a-z]{3,}|ml|l|kg|g|mg|cm|mm|m|km|in|ft|oz|lb|w|v|a|hz|k|am|pm|th|st|nd|rd|"
    r"s|x|h|d|gb|mb|tb)(?:-[a-z]+)?"
)
_MARK = re.compile(r"\[\d+\]|^\s*\d{1,2}[.)、](?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Number:
    """A value with its unit (a key of _UNIT_NAMES, or empty), and how it was written."""

    value: float
    unit: str
    shown: str


@dataclass(frozen=True, slots=True)
class _Facts:
    text: str
    codes: tuple[str, ...]
    dates: tuple[tuple[Date, str], ...]
    times: tuple[tuple[int, int, str], ...]
    numbers: tuple[_Number, ...]


def unsupported_facts(answer: str, evidence: Sequence[str], question: str = "") -> tuple[str, ...]:
    """The figures of `answer`, as written but for width and case, that stand neither in any of the
    `evidence` nor in the `question`."""
    said = _read(answer, sure=True)
    known = [_read(text, sure=False) for text in (*evidence, question)]
    missing = [code for code in said.codes if not any(_has_code(each, code) for each in known)]
    missing += [shown for date, shown in said.dates if not any(_has_date(k, date) for k in known)]
    missing += [
        shown for h, m, shown in said.times if not any(_has_time(each, h, m) for each in known)
    ]
    numbers = [number for each in known for number in each.numbers]
    missing += [number.shown for number in said.numbers if not _has_number(numbers, number)]
    return tuple(dict.fromkeys(missing))


def facts_in(text: str) -> tuple[str, ...]:
    """Every figure that the check sees in a text."""
    return unsupported_facts(text, ())


def _read(text: str, *, sure: bool) -> _Facts:
    """`sure` leaves out what may not be a number at all: right for answers, not for evidence."""
    folded = _MARK.sub(" ", unicodedata.normalize("NFKC", text).lower())
    dates: list[tuple[Date, str]] = []
    rest = folded
    for pattern, order in _DATES:
        dates += [(_date(match, order), match[0].strip()) for match in pattern.finditer(rest)]
        rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    times = [(int(m[1]) % 12, int(m[2]), m[0]) for m in _TIME.finditer(rest)]
    if not sure:
        times += [(int(m[1]) % 12, 0, m[0]) for m in _HOUR.finditer(rest)]
    rest = _TIME.sub(" ", rest)
    codes = tuple(match[0] for match in _CODE.finditer(rest) if _is_code(match[0]))
    rest = _CODE.sub(lambda match: " " if _is_code(match[0]) else match[0], rest)
    numbers = tuple(_numbers(rest, sure=sure))
    if not sure:  # parts of a date back a bare year, or a day that is named alone
        numbers += tuple(
            _Number(float(part), "", "") for date, _ in dates for part in date if part is not None
        )
    return _Facts(folded, codes, tuple(dates), tuple(times), numbers)


def _is_code(word: str) -> bool:
    mixed = any(sign.isdigit() for sign in word) and any(sign.isalpha() for sign in word)
    return mixed and not _NUMBER_AND_UNIT.fullmatch(word)


def _has_code(facts: _Facts, code: str) -> bool:
    joints = r"[-/._+#\s]*".join(re.escape(sign) for sign in code if sign.isalnum())
    return bool(re.search(rf"(?<![a-z0-9]){joints}(?![a-z0-9])", facts.text))


def _date(match: re.Match[str], order: str) -> Date:
    parts: dict[str, int | None] = {"y": None, "m": None, "d": None}
    for name, group in zip(order, match.groups(), strict=True):
        if group:
            parts[name] = int(group) if group.isdigit() else _MONTHS.index(group[:3]) + 1
    return parts["y"], parts["m"] or 0, parts["d"]


def _has_date(facts: _Facts, date: Date) -> bool:
    """Whether a known date says all that this one does."""
    return any(
        all(part is None or part == other for part, other in zip(date, known, strict=True))
        for known, _ in facts.dates
    )


def _has_time(facts: _Facts, hour: int, minute: int) -> bool:
    return any((hour, minute) == (known_hour, known) for known_hour, known, _ in facts.times)


def _has_number(known: Sequence[_Number], number: _Number) -> bool:
    """Whether a value is known, with the same unit where both have one. A percentage must be
    known as one."""
    same = [each.unit for each in known if abs(each.value - number.value) < 1e-9]
    if not number.unit:
        return bool(same)
    return number.unit in same or (number.unit != "%" and "" in same)


def _numbers(text: str, *, sure: bool) -> Iterator[_Number]:
    for match in _DIGITS.finditer(text):
        value = float(match[0].replace(",", ""))
        scale = _SCALE_AFTER.match(text, match.end())
        end = scale.end() if scale else match.end()
        yield _number(text, match.start(), end, value * (_SCALES[scale[0].strip()] if scale else 1))
    for match in _CHINESE_NUMBER.finditer(text):
        if match.start() and text[match.start() - 1].isdigit():
            continue  # the scale of a number in digits
        if not sure or _is_number(text, match):
            yield _number(text, match.start(), match.end(), _chinese(match[0]))
    for match in _ENGLISH_NUMBER.finditer(text):
        before = text[: match.start()].rstrip()
        alone = match[0] in ("one", *_ENGLISH_SCALES)  # "this one", "hundreds", "5 million"
        if not (alone and (sure or before[-1:].isdigit())):
            yield _number(text, match.start(), match.end(), _english(match[0]))


def _is_number(text: str, match: re.Match[str]) -> bool:
    if _WORDS_NOT_NUMBERS.match(text, match.start()):
        return False
    if _PER_HUNDRED.search(text, 0, match.start()) or _COUNTED.match(text, match.end()):
        return True
    if len(match[0]) == 1:
        return match[0] not in "一百千万" and bool(_COUNTED_LOOSELY.match(text, match.end()))
    # 百 of 百分之 is no number of its own.
    return not text.startswith("分之", match.end())


def _number(text: str, start: int, end: int, value: float) -> _Number:
    if _PER_HUNDRED.search(text, 0, start):
        return _Number(value, "%", text[max(0, start - 3) : end])
    for name, pattern in _CURRENCY_BEFORE:
        if before := pattern.search(text, max(0, start - 5), start):
            return _Number(value, name, text[before.start() : end])
    for name, pattern in _UNITS:
        if after := pattern.match(text, end):
            return _Number(value, name, text[start : after.end()])
    return _Number(value, "", text[start:end])


def _chinese(numeral: str) -> float:
    """`一百二十` is 120, `二〇二四` 2024, `三点五` 3.5."""
    whole, _, fraction = numeral.partition("点")
    if fraction:
        digits = "".join(str(_CHINESE_DIGITS.get(sign, 0)) for sign in fraction)
        return _chinese(whole) + float(f"0.{digits}")
    if len(whole) > 1 and all(sign in _CHINESE_DIGITS for sign in whole):
        return float("".join(str(_CHINESE_DIGITS[sign]) for sign in whole))
    total = section = digit = 0
    for sign in whole:
        if sign in _CHINESE_SCALES:
            scale, small = _CHINESE_SCALES[sign], section + digit
            # 亿 counts the 万 before it, 万 only its own section: 十二万亿, 一亿二千万.
            total = (total + small or 1) * scale if scale > 10**4 else total + (small or 1) * scale
            section = digit = 0
        elif sign in _CHINESE_TENS:
            section, digit = section + (digit or 1) * _CHINESE_TENS[sign], 0
        else:
            digit = _CHINESE_DIGITS[sign]
    return float(total + section + digit)


def _english(words: str) -> float:
    total = section = 0
    for word in re.split(r"[\s-]+", words):
        if word == "hundred":
            section = (section or 1) * 100
        elif word in _ENGLISH_SCALES:
            total, section = total + (section or 1) * _ENGLISH_SCALES[word], 0
        else:
            section += _ENGLISH_VALUES.get(word, 0)
    return float(total + section)
