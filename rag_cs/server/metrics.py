"""Counts and times of requests for Prometheus. Labels hold routes, never what a user wrote."""

from __future__ import annotations

import time

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def install(app: FastAPI) -> None:
    """Measure every request, and answer `/metrics`."""
    registry = CollectorRegistry()
    requests = Counter(
        "rag_cs_requests_total", "Requests", ["method", "route", "status"], registry=registry
    )
    seconds = Histogram(
        "rag_cs_request_seconds", "Time to the response's head", ["route"],
        registry=registry, buckets=_BUCKETS,
    )  # fmt: skip
    app.state.answers = Counter(
        "rag_cs_answers_total", "Answers by outcome", ["status"], registry=registry
    )

    app.add_middleware(_Measure, requests=requests, seconds=seconds)

    @app.get("/metrics", tags=["operation"], include_in_schema=False)
    def metrics() -> Response:
        """Everything measured, in Prometheus' text format."""
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


class _Measure:
    """Plain ASGI, so that a stream and its cancellation pass through untouched."""

    def __init__(self, app: ASGIApp, requests: Counter, seconds: Histogram) -> None:
        self._app = app
        self._requests = requests
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unknown")
                self._requests.labels(scope["method"], route, message["status"]).inc()
                self._seconds.labels(route).observe(time.perf_counter() - start)
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_measured)
