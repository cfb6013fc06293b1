"""What a recogniser says: where personal data stands in a text, and of what kind. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["PHONE", "ID", "BANK", "EMAIL", "ADDRESS", "NAME"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Full-width forms and the wide space, one character for one, so that offsets hold.
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_SPOKEN = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
# A number read out in Chinese is as long as a telephone number; a shorter run may be anything.
_SPOKEN_RUN = re.compile(r"[零〇一二三四五六七八九幺]{11,19}")
# How far before a number a word may stand that says what it is.
_CUE_CHARACTERS = 40


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Personal data at `text[start:end]`."""

    start: int
    end: int
    kind: Kind


def fold(text: str) -> str:
    """`text` with plain digits, letters and punctuation for full-width ones, and with digits for
    long runs of Chinese numerals. As long as it was."""
    plain = text.translate(_WIDE)
    if not plain.isascii():
        plain = "".join(map(_plain_digit, plain))
    return _SPOKEN_RUN.sub(lambda run: run[0].translate(_SPOKEN), plain)


def _plain_digit(character: str) -> str:
    """Digits of any other script, such as ٣ or 𝟑, as ASCII ones."""
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))


def follows(cue: re.Pattern[str], text: str, start: int) -> bool:
    """Whether the words just before `start` end with a cue."""
    return cue.search(text, max(0, start - _CUE_CHARACTERS), start) is not None
