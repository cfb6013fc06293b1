"""Token ids to the text a reader may see, while they come: pure, and the same for every engine.

Knows that a character's bytes may span tokens and that a stop string may span pieces. Doesn't
know tokenizers beyond a function that decodes a list of ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_REPLACEMENT = "\ufffd"


class IncrementalDecoder:
    """Turns token ids into text as they come. A character whose bytes span tokens is held back
    until it is whole, whether `decode` drops incomplete bytes or marks them with U+FFFD.

    Only a short window is decoded again each time: from the last boundary but one, because a
    tokenizer may treat the first token of a text differently (a leading space is dropped).
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._window: list[int] = []
        self._known = 0

    def feed(self, ids: Sequence[int]) -> str:
        """The text that `ids` complete, perhaps none."""
        self._window.extend(ids)
        text = self._decode(self._window)
        shown = self._decode(self._window[: self._known])
        if len(text) <= len(shown) or text.endswith(_REPLACEMENT):
            return ""
        self._window = self._window[self._known :]
        self._known = len(self._window)
        return text[len(shown) :]

    def flush(self) -> str:
        """What is left at the end, without the bytes of a character that was cut off."""
        shown = self._decode(self._window[: self._known])
        return self._decode(self._window)[len(shown) :].rstrip(_REPLACEMENT)


class StopScanner:
    """Cuts a stream of text before the first of the stop strings, which may span pieces."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(word for word in stop if word)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that can be shown; what may be the start of a stop string is held back."""
        if self.stopped:
            return ""
        held = self._held + text
        found = [at for word in self._stop if (at := held.find(word)) >= 0]
        if found:
            self.stopped = True
            self._held = ""
            return held[: min(found)]
        keep = max((_overlap(held, word) for word in self._stop), default=0)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def flush(self) -> str:
        """What was held back, when the text ended without the rest of the stop string."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, word: str) -> int:
    """The length of the longest end of `text` that is a proper beginning of `word`."""
    longest = min(len(text), len(word) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(word[:n])), 0)


class TextAssembler:
    """Token ids to the text a caller may see: whole characters, cut before a stop string."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str]) -> None:
        self._decoder = IncrementalDecoder(decode)
        self._scanner = StopScanner(stop)

    @property
    def stopped(self) -> bool:
        """Whether a stop string was met: nothing that follows will be shown."""
        return self._scanner.stopped

    def feed(self, ids: Sequence[int]) -> str:
        """The text that can be shown after these ids."""
        return self._scanner.feed(self._decoder.feed(ids))

    def flush(self) -> str:
        """The rest, at the end of the generation."""
        return self._scanner.feed(self._decoder.flush()) + self._scanner.flush()
