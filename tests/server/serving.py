"""A served application for tests, over the fakes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from rag_cs.bootstrap import System
from rag_cs.server.app import create_app
from rag_cs.server.tracing import Tracing
from tests.builders import make_document
from tests.test_bootstrap import make_system

HERE = "http://127.0.0.1"
FACT = "Unused goods go back within 7 days."
QUESTION = "When can unused goods go back?"


class Served:
    """A client with the system behind it."""

    def __init__(self, client: TestClient, system: System) -> None:
        self.client = client
        self.system = system

    def key(self, role: str, stores: list[str] | None = None) -> dict[str, str]:
        """The header that shows a new key."""
        secret, _ = self.system.keys.create(role, stores)
        return {"Authorization": f"Bearer {secret}"}


@contextmanager
def served(
    folder: Path, *, anonymous: bool = True, tracing: Tracing | None = None, **limits: Any
) -> Iterator[Served]:
    """An application with a store `demo` that holds one document; `limits` are of
    `ServerSettings`."""
    system = make_system(folder, FACT)
    for name, value in limits.items():
        setattr(system.settings.server, name, value)
    document = make_document("returns.md", FACT, title="Returns")
    system.store("demo", create=True).ingester.add([document])
    app = create_app(system, anonymous=anonymous, tracing=tracing)
    app.state.models.ready = True
    with TestClient(app, HERE, raise_server_exceptions=False) as client:
        yield Served(client, system)
    system.close()
