"""Loads the models in the background, so that the server is alive before it is ready."""

from __future__ import annotations

import logging
import threading

from rag_cs.bootstrap import System
from rag_cs.errors import RagError

log = logging.getLogger(__name__)


class Models:
    """Whether both models are loaded; if they can't be, why."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._thread = threading.Thread(target=self._load, name="models", daemon=True)
        self.ready = False
        self.reason = ""

    def start(self) -> None:
        """Begin to load them."""
        self._thread.start()

    def stop(self) -> None:
        """Wait until they are loaded: half-loaded ones can't be let go of."""
        self._thread.join()

    def _load(self) -> None:
        try:
            self._system.load_models()
            self.ready = True
        except RagError as error:
            self.reason = str(error)
        except Exception:
            self.reason = "The models can't be loaded; the server's log says why."
            log.exception("loading the models failed")
