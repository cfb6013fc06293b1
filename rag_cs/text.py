"""Text, Chinese and English alike: normalise, detect the language, split sentences, tokenise.

Pure functions. They know nothing of documents, models or indexes. `normalise` and `tokenise`
are for matching only; whatever is shown or quoted stays as the merchant wrote it.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import snowballstemmer

from rag_cs.types import Language

if TYPE_CHECKING:
    from types import ModuleType

CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_CHARACTER = re.compile(f"[{CJK}]")
_LATIN_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,}(?![A-Za-z0-9])")
# One that is no part of a product code.
_PLAIN_WORD = re.compile(r"(?<![\w/+#.-])[A-Za-z]{2,}(?![\w/+#-])")
_TOKEN = re.compile(
    rf"(?P<cjk>[{CJK}]+)|(?P<word>[^\W_{CJK}]+(?:(?:[-/.+#&_']|(?<=\d):(?=\d))[^\W_{CJK}]+)*)"
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"\d+\.\d+")
_PART = re.compile(r"\d+|[^\W\d_]+")

# A sentence ends at one of these, with the quotes and brackets that close it ...
# Each run is taken whole and tried once, so that ten million full stops are no slower than words.
_SENTENCE_END = re.compile(r"[。！？!?…]++[”’」』）)\]\"']*+|(?<!\.)\.++[”’)\]\"']*+(?=\s|$)|\n++")
# ... unless the full stop belongs to one of these.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|vs|etc|approx|Inc|Ltd|Co|Corp|Fig|Art|"
    r"Sec|cf|al|e\.g|i\.e|a\.m|p\.m|U\.S|U\.K|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$",
    re.IGNORECASE,
)
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d{1,3}\.$")


def detect_language(text: str) -> Language:
    """`zh` when Chinese characters make up over 35% of characters and Latin words together.

    A Chinese character weighs as much as a Latin word; product codes weigh nothing, so that
    「AQ-300/B 保修」 is Chinese. Text with neither counts as English.
    """
    chinese = len(_CJK_CHARACTER.findall(text))
    words = len(_LATIN_WORD.findall(text))
    return "zh" if chinese > 0.35 * (chinese + words) else "en"


def in_other_language(text: str, language: Language) -> bool:
    """Whether a text is in another language; not where it is codes and numbers alone."""
    return has_words(text) and detect_language(text) != language


def has_words(text: str) -> bool:
    """Whether a text is in any language at all."""
    return bool(_CJK_CHARACTER.search(text) or _PLAIN_WORD.search(text))


@cache
def _to_simplified() -> dict[int, str]:
    """Traditional to simplified characters, from OpenCC's character table (first reading)."""
    table = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text("utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if "\t" in line)
    return {ord(old): new.split(" ")[0] for old, new in pairs if len(old) == 1}


def normalise(text: str) -> str:
    """Fold what a shopper wouldn't distinguish: width and compatibility forms (NFKC), case,
    traditional characters, thousands separators. Idempotent; lengths may change."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_to_simplified())
    folded = unicodedata.normalize("NFKC", folded).lower()
    return _THOUSANDS.sub("", folded)


@cache
def _jieba() -> ModuleType:
    with warnings.catch_warnings():
        # jieba 0.42.1 predates raw strings in patterns and pkg_resources' retirement.
        warnings.simplefilter("ignore")
        import jieba

        jieba.setLogLevel("ERROR")
        jieba.initialize()
    module: ModuleType = jieba
    return module


def cut_words(text: str) -> list[str]:
    """The words of Chinese text, in order, one after the other: joined they make the text again."""
    words: list[str] = _jieba().lcut(text)
    return words


def _word_tokens(word: str) -> Iterator[str]:
    """A word; a code such as `aq-300/b` whole, without its joints (`aq300b`), and in parts."""
    word = word.removesuffix("'s").replace("'", "")
    yield word
    parts = _PART.findall(word)
    if len(parts) > 1 and not _DECIMAL.fullmatch(word):
        joined = "".join(parts)
        if joined != word and any(part.isdigit() for part in parts):
            yield joined
        yield from parts


@lru_cache(maxsize=4096)
def tokenise(text: str) -> tuple[str, ...]:
    """Terms for lexical search, in text order.

    Chinese is cut with jieba in search mode (a long word and the words in it); English words
    are lower-cased; codes are kept whole and in parts. Both sides of a search use this.
    """
    terms: list[str] = []
    for match in _TOKEN.finditer(normalise(text)):
        if match["cjk"]:
            terms.extend(_jieba().cut_for_search(match["cjk"]))
        else:
            terms.extend(_word_tokens(match["word"]))
    return tuple(terms)


_ENGLISH_WORD = re.compile(r"[a-z]{3,}")
_stemmers = threading.local()


@lru_cache(maxsize=65_536)
def stem(term: str) -> str:
    """An English word without its ending (Snowball's English stemmer); others as they are."""
    if not _ENGLISH_WORD.fullmatch(term):
        return term
    if not hasattr(_stemmers, "english"):  # a stemmer keeps state, so each thread has its own
        _stemmers.english = snowballstemmer.stemmer("english")
    stemmed: str = _stemmers.english.stemWord(term)
    return stemmed


def search_terms(text: str) -> tuple[str, ...]:
    """What the lexical half of the search indexes and looks up: `tokenise`, then `stem`.

    Stems are worth 2 points of nDCG@10 on FAQ rephrasings and cost nothing elsewhere: see the
    log, "Fusion".
    """
    return tuple(stem(term) for term in tokenise(text))


_STOPWORDS_EN = """
    a an the is are was were be been being am do does did has have had i you he she it we they me
    my your our their its this that these those of in on at to for from by with and or as if so
    then than also there here can may will would should could not no yes please
"""
_STOPWORDS_ZH = """
    的 了 是 在 和 与 或 及 也 都 就 可以 可 您 你 我 我们 您的 吗 呢 请 这 那 有 为 对 将 会
    即 并 等
"""
_STOPWORDS = frozenset(_STOPWORDS_EN.split() + _STOPWORDS_ZH.split())


def content_words(text: str) -> frozenset[str]:
    """The terms of `text` that carry meaning, numbers in one notation, without endings."""
    return frozenset(stem(term) for term in tokenise(with_digits(text)) if term not in _STOPWORDS)


def _is_boundary(text: str, start: int, match: re.Match[str]) -> bool:
    if not match[0].startswith(".") or len(match[0]) > 1:
        return True
    before = text[max(start, match.start() - 12) : match.start() + 1]
    return not _ABBREVIATION.search(before) and not _LIST_NUMBER.search(before)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Spans `(start, end)` of the sentences of `text`, in order, trimmed of white space.

    Line ends are boundaries; Chinese and English terminators both count; decimals, codes,
    list numbers and common abbreviations don't end a sentence. Only white space is left out.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if _is_boundary(text, start, match):
            spans.append((start, match.end()))
            start = match.end()
    spans.append((start, len(text)))
    return [trimmed for span in spans if (trimmed := trim(text, *span))[0] < trimmed[1]]


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends (`start == end` when nothing else is left)."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


_NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?")
_ZH_NUMBER = re.compile(
    r"[零〇一二两三四五六七八九十百千万]+(?=[个天日月年周小时分钟元块件次台倍折层升瓦号级%])"
)
_ZH_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_ZH_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_EN_NUMBERS = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip
# "one" is left out: it is more often a pronoun than a number.
_EN_NUMBER = re.compile(rf"\b(?:{'|'.join(_EN_NUMBERS)})\b")


def with_digits(text: str) -> str:
    """`text`, normalised, with written-out numbers as digits: `七天` and `seven days` become
    `7天` and `7 days`, `129.00` becomes `129`. For comparing, never for showing."""
    folded = _ZH_NUMBER.sub(lambda match: _plain(_chinese_value(match[0])), normalise(text))
    folded = _EN_NUMBER.sub(lambda match: str(_EN_NUMBERS[match[0]]), folded)
    return _NUMBER.sub(lambda match: _plain(float(match[0])), folded)


def numbers_in(text: str) -> frozenset[str]:
    """The numbers a text states, in one notation: `7天`, `七天` and `seven days` all state "7",
    `￥129.00` and `129元` state "129"."""
    return frozenset(_NUMBER.findall(with_digits(text)))


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _chinese_value(numeral: str) -> float:
    total = section = digit = 0
    for character in numeral:
        if character == "万":
            total, section, digit = (section + digit) * 10_000 + total, 0, 0
        elif character in _ZH_UNITS:
            section += (digit or 1) * _ZH_UNITS[character]
            digit = 0
        else:
            digit = digit * 10 + _ZH_DIGITS[character] if digit else _ZH_DIGITS[character]
    return total + section + digit
