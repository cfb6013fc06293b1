"""The HTTP application: models loaded once, routes, and what stands around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from rag_cs.bootstrap import System
from rag_cs.server import metrics, problems
from rag_cs.server.access import Gate
from rag_cs.server.audit import audited
from rag_cs.server.doorkeeper import Doorkeeper
from rag_cs.server.headers import Headers
from rag_cs.server.jobs import Jobs
from rag_cs.server.limits import Places, Rates
from rag_cs.server.models import Models
from rag_cs.server.observe import Observe
from rag_cs.server.openapi import describe
from rag_cs.server.origins import CrossOrigin
from rag_cs.server.retention import Retention
from rag_cs.server.routes import (
    ask,
    corrections,
    documents,
    health,
    openai,
    page,
    privacy,
    search,
    stores,
)
from rag_cs.server.tracing import Tracing, open_tracing
from rag_cs.settings import ServerSettings

# What a form says besides its file.
_FORM_BYTES = 1_000_000
STATIC = Path(__file__).parent / "static"


def create_app(
    system: System, *, anonymous: bool = False, tracing: Tracing | None = None
) -> FastAPI:
    """The application over a wired system, which the caller closes. With `anonymous`, requests that
    come straight from this machine need no key. Traces go to `tracing` or, by default, where the
    settings and OpenTelemetry's variables say, if they do."""
    limits = system.settings.server
    tracing = tracing or open_tracing(limits.traces_endpoint)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = limits.threads
        await anyio.to_thread.run_sync(system.folders.sweep)
        await anyio.to_thread.run_sync(system.finish_renames)
        app.state.models.start()
        app.state.jobs.start()
        app.state.retention.start()
        yield
        await anyio.to_thread.run_sync(app.state.retention.stop)
        await anyio.to_thread.run_sync(app.state.jobs.stop)
        await anyio.to_thread.run_sync(app.state.models.stop)
        if tracing:
            await anyio.to_thread.run_sync(tracing.close)

    app = FastAPI(
        title="rag-cs",
        version="0.1.0",
        summary="Answers from a store's own documents, each sentence with its quote.",
        lifespan=lifespan,
        dependencies=[Depends(audited, scope="function")],
        # Its own would hold query strings and the messages of exceptions. See `tracing`.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        redirect_slashes=False,  # a path with another ending is another path, or none
    )
    measured = metrics.Metrics()
    app.state.system, app.state.models, app.state.metrics = system, Models(system), measured
    app.state.jobs = Jobs(system, lambda outcome: measured.documents.labels(outcome).inc())
    app.state.gate = Gate(system.keys, anonymous=anonymous)
    app.state.places = _places(limits)
    measured.watch(
        "uploads_waiting", "Uploads waiting or read", app.state.jobs.ledger.count_waiting
    )
    measured.watch(
        "generator_open", "Prompts being answered or waiting", lambda: system.open_answers
    )
    app.state.retention = Retention(system)
    problems.install(app)
    metrics.install(app, measured)
    _surround(app, limits, tracing)
    for routes in (ask, search, documents, corrections, stores, privacy, openai, health, page):
        app.include_router(routes.router)
    describe(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _places(limits: ServerSettings) -> dict[str, Places]:
    return {
        "requests": Places(limits.concurrent_requests, "requests", 1),
        "answers": Places(limits.concurrent_answers, "answers", 5),
        "searches": Places(limits.concurrent_searches, "searches", 1),
        "exports": Places(1, "exports", 30),  # each reads a store whole
    }


def _surround(app: FastAPI, limits: ServerSettings, tracing: Tracing | None) -> None:
    """What each request passes, the innermost first."""
    rates = Rates(limits.requests_per_minute, limits.failures_per_minute)
    app.add_middleware(
        Doorkeeper,
        gate=app.state.gate,
        rates=rates,
        places=app.state.places["requests"],
        most_bytes=limits.max_upload_bytes + _FORM_BYTES,
        body_seconds=limits.body_seconds,
    )
    app.add_middleware(CrossOrigin, gate=app.state.gate, rates=rates)
    app.add_middleware(Headers)
    app.add_middleware(Observe, metrics=app.state.metrics, tracing=tracing)
