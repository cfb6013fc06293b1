"""Counts and times for Prometheus. Labels hold routes and kinds, never what a user wrote."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Everything that one application measures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, processor, open files
        self.requests = self._counter("requests", "Requests", "method", "route", "status")
        self.seconds = self._histogram(
            "request_seconds", "Time to the response's head", "route", _BUCKETS
        )
        self.answers = self._counter("answers", "Answers by outcome", "status")
        self.stages = self._histogram(
            "stage_seconds", "Time of a stage of an answer", "stage", _STAGE_BUCKETS
        )
        self.tokens = self._counter("generator_tokens", "Tokens of the generator", "direction")
        self.refusals = self._counter("refusals", "Requests refused, by kind of reason", "reason")
        self.documents = self._counter("documents", "Files ingested, by outcome", "outcome")
        self.streams = self._gauge("open_streams", "Answers being streamed")
        self.open = self._gauge("open_requests", "Requests being worked on")

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Measure something that is asked for when the metrics are."""
        self._gauge(name, meaning).set_function(value)

    def text(self) -> bytes:
        """Everything measured, in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"rag_cs_{name}_total", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"rag_cs_{name}", meaning, registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, label: str, buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(
            f"rag_cs_{name}", meaning, [label], buckets=buckets, registry=self.registry
        )


def install(app: FastAPI, metrics: Metrics) -> None:
    """Answer `/metrics`."""

    @app.get("/metrics", tags=["operation"], include_in_schema=False)
    def text() -> Response:
        """Everything measured, in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")
