"""The HTTP application: models loaded once, routes, problems, headers, metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from rag_cs.bootstrap import System
from rag_cs.server import metrics, problems
from rag_cs.server.access import Doorkeeper, Gate
from rag_cs.server.jobs import Jobs
from rag_cs.server.models import Models
from rag_cs.server.routes import ask, documents, health, openai, page, search, stores

# What a form says besides its file.
_FORM_BYTES = 1_000_000
STATIC = Path(__file__).parent / "static"


def create_app(system: System, *, anonymous: bool = False) -> FastAPI:
    """The application over a wired system, which the caller closes. With `anonymous`, requests that
    come straight from this machine need no key."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        system.folders.sweep()
        app.state.models.start()
        app.state.jobs.start()
        yield
        await anyio.to_thread.run_sync(app.state.jobs.stop)
        await anyio.to_thread.run_sync(app.state.models.stop)

    app = FastAPI(
        title="rag-cs",
        version="0.1.0",
        summary="Answers from a store's own documents, each sentence with its quote.",
        lifespan=lifespan,
    )
    app.state.system, app.state.jobs, app.state.models = system, Jobs(system), Models(system)
    problems.install(app)
    gate = Gate(system.keys, anonymous=anonymous)
    limits = system.settings.server
    app.add_middleware(
        Doorkeeper,
        gate=gate,
        most_bytes=limits.max_upload_bytes + _FORM_BYTES,
        per_minute=limits.requests_per_minute,
    )
    metrics.install(app)
    for routes in (ask, search, documents, stores, openai, health, page):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
