"""Placeholders for personal data, such as `[PHONE_1]`, and the way back. Pure.

The same value has the same placeholder for as long as its mask lives, whichever language it stood
in. What already looks like a placeholder is hidden like a value, as `[LITERAL_1]`: so nobody reads
another's data by typing its placeholder, and what was hidden comes back to the letter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rag_cs.privacy.findings import KINDS, Finding

# Beyond these a value is hidden for good, behind a placeholder without a number.
MAX_VALUES = 500
_LITERAL = "LITERAL"
_KINDS = "|".join((*KINDS, _LITERAL))
_PLACEHOLDER = re.compile(rf"\[(?P<kind>{_KINDS})(?:_(?P<number>\d{{1,6}}))?\]")
# The beginning of one, at the end of what a model has said so far.
_BEGUN = re.compile(r"\[[A-Z]{0,7}(?:_\d{0,6})?$")


class Mask:
    """What stands for what. `hide` may not be called by two threads at once."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._last: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many values it can give back."""
        return len(self._values)

    def reserve(self, text: str) -> None:
        """Give no placeholder that stands in a text already, from a mask that is gone."""
        for match in _PLACEHOLDER.finditer(text):
            self._last[match["kind"]] = max(self._last[match["kind"]], int(match["number"] or 0))

    def hide(self, text: str, found: Iterable[Finding], public: str = "") -> str:
        """`text` with placeholders for what was found in it and for every value known from before,
        but for values that stand in `public` as well."""
        spans = [(each.start, each.end, str(each.kind)) for each in found]
        for start, end, kind in spans:
            if text[start:end] not in public:
                self._learn(text[start:end], kind)
        spans += [(*match.span(), "") for match in self._known(text)]
        spans += [(*match.span(), _LITERAL) for match in _PLACEHOLDER.finditer(text)]
        parts, place = [], 0
        for start, end, kind in _apart(spans):
            value = text[start:end]
            shown = value if kind != _LITERAL and value in public else self._learn(value, kind)
            parts += [text[place:start], shown]
            place = end
        return "".join([*parts, text[place:]])

    def restore(self, text: str) -> str:
        """`text` with the values in place of their placeholders; others stay as they are."""
        return _PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def _learn(self, value: str, kind: str) -> str:
        known = self._placeholders.get(value)
        if known is not None:
            return known
        if len(self._values) >= MAX_VALUES:
            return f"[{kind}]"
        self._last[kind] += 1
        placeholder = f"[{kind}_{self._last[kind]}]"
        self._placeholders[value] = placeholder
        self._values[placeholder] = value
        return placeholder

    def _known(self, text: str) -> list[re.Match[str]]:
        """Where values stand that are long enough to be recognised."""
        values = [value for value in self._placeholders if len(value) >= 2 + value.isascii()]
        if not values:
            return []
        pattern = "|".join(_whole(value) for value in sorted(values, key=len, reverse=True))
        return list(re.finditer(pattern, text))


class Restorer:
    """Restores what comes in pieces, where a placeholder may be cut anywhere."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be said now."""
        text = self._held + piece
        begun = _BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._mask.restore(text[:end])

    def finish(self) -> str:
        """What was held back: the beginning of something that was no placeholder."""
        held, self._held = self._held, ""
        return held


def without_placeholders(text: str) -> str:
    """`text` with a space for every placeholder, for searching."""
    return _PLACEHOLDER.sub(" ", text)


def _whole(value: str) -> str:
    """A pattern for a value that isn't part of a longer word or number."""
    before = "(?<![0-9A-Za-z])" if value[0].isascii() and value[0].isalnum() else ""
    after = "(?![0-9A-Za-z])" if value[-1].isascii() and value[-1].isalnum() else ""
    return f"{before}{re.escape(value)}{after}"


def _apart(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Spans that don't overlap, in order: of those that do, the one given first."""
    chosen: list[tuple[int, int, str]] = []
    for start, end, kind in spans:
        if all(end <= other[0] or other[1] <= start for other in chosen):
            chosen.append((start, end, kind))
    return sorted(chosen)
