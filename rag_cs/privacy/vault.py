"""The values behind the placeholders of conversations, in this process's memory and nowhere else.

Each conversation of each store has a mask of its own, which is forgotten some time after its last
use, when too many others have come, and with the process. What was hidden then stays hidden.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

from rag_cs.privacy.findings import Finding
from rag_cs.privacy.mask import Mask


@dataclass(slots=True)
class _Kept:
    mask: Mask
    used_at: float


class Vault:
    """Masks by store and conversation. Safe to share between threads.

    One is kept for `keep_seconds` after its last use, and `most` in each store, so that no store
    can crowd out another's. `clock` tells seconds.
    """

    def __init__(
        self,
        keep_seconds: float,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_seconds = keep_seconds
        self._most = most
        self._clock = clock
        self._stores: dict[str, OrderedDict[str, _Kept]] = {}
        self._lock = Lock()

    def hide(
        self,
        store: str,
        conversation: str,
        text: str,
        found: Iterable[Finding] = (),
        *,
        public: str = "",
        earlier: str = "",
    ) -> str:
        """`text` with placeholders; see `Mask.hide`. `earlier` is what is stored of the
        conversation: no placeholder in there gets another meaning once its own was forgotten."""
        with self._lock:
            kept = self._find(store, conversation)
            if kept is None:
                kept = _Kept(Mask(), self._clock())
                kept.mask.reserve(earlier)
            hidden = kept.mask.hide(text, found, public)
            if len(kept.mask):
                self._keep(store, conversation, kept)
            return hidden

    def restore(self, store: str, conversation: str, text: str) -> str:
        """`text` as it was, as far as the conversation's values are still known."""
        with self._lock:
            kept = self._find(store, conversation)
            return kept.mask.restore(text) if kept else text

    def forget(self, store: str, conversation: str | None = None) -> None:
        """Drop the values of a conversation, or of a whole store."""
        with self._lock:
            if conversation is None:
                self._stores.pop(store, None)
            elif store in self._stores:
                self._stores[store].pop(conversation, None)

    def sweep(self) -> None:
        """Drop what has been kept long enough."""
        with self._lock:
            for held in self._stores.values():
                self._expire(held)

    def __len__(self) -> int:
        """How many conversations have values."""
        with self._lock:
            return sum(map(len, self._stores.values()))

    def _find(self, store: str, conversation: str) -> _Kept | None:
        held = self._stores.get(store)
        if held is None:
            return None
        self._expire(held)
        kept = held.get(conversation)
        if kept:
            kept.used_at = self._clock()
            held.move_to_end(conversation)
        return kept

    def _keep(self, store: str, conversation: str, kept: _Kept) -> None:
        held = self._stores.setdefault(store, OrderedDict())
        held[conversation] = kept
        held.move_to_end(conversation)
        while len(held) > self._most:
            held.popitem(last=False)

    def _expire(self, held: OrderedDict[str, _Kept]) -> None:
        """The least recently used stand first."""
        oldest = self._clock() - self._keep_seconds
        while held and next(iter(held.values())).used_at <= oldest:
            held.popitem(last=False)
