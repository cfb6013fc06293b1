"""Deletes what each store has kept long enough: at the start, and once a day while serving."""

from __future__ import annotations

import logging
import threading
import time

from rag_cs.bootstrap import System
from rag_cs.errors import RagError, without_text

log = logging.getLogger(__name__)
_DAY_SECONDS = 86_400.0
# Between two looks at what may be forgotten in memory.
_PAUSE_SECONDS = 60.0


class Retention:
    """A thread that purges stores and sweeps the vault."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="retention", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the store in progress."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() >= due:
                due = time.monotonic() + _DAY_SECONDS
                self._purge()
            self._system.vault.sweep()
            self._stopping.wait(_PAUSE_SECONDS)

    def _purge(self) -> None:
        for name in self._system.folders.names():
            if self._stopping.is_set():
                return
            try:
                with self._system.personal(name) as personal:
                    erased = personal.purge()
            except RagError as error:  # deleted meanwhile, or damaged: the next store's turn
                log.warning("store %s wasn't purged: %s", name, error)
            except Exception as error:  # noqa: BLE001 - one store keeps no other from its turn
                log.error("store %s wasn't purged: %s", name, without_text(error))
            else:
                if erased:
                    log.info("store %s: %d old turns erased", name, sum(e.turns for e in erased))
