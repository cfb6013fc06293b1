"""OpenTelemetry traces, where an operator has asked for them: a span a request, with one a stage.

Owns OpenTelemetry's SDK, and imports it only then. Spans hold routes, statuses, a store's name and
the request's id; no text, no key, no query string.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from rag_cs.errors import InvalidInput

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span

_LAST_SECONDS = 2
# As OpenTelemetry's specification names them.
_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Tracing:
    """Makes spans of requests and stages."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("rag_cs")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, processor: SpanProcessor) -> Self:
        """Tracing whose spans go to a processor."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        resource = Resource.create({"service.name": "rag-cs"})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(processor)
        return cls(provider)

    def request(self, method: str, headers: Mapping[str, str]) -> Span:
        """The span of a request that begins, a child of its `traceparent`'s if it has one."""
        from opentelemetry.trace import SpanKind

        context = self._propagator.extract(dict(headers))
        return self._tracer.start_span(method, context, kind=SpanKind.SERVER)

    def stage(self, parent: Span, name: str) -> Span:
        """The span of a stage that begins."""
        from opentelemetry.trace import set_span_in_context

        return self._tracer.start_span(name, set_span_in_context(parent))

    def close(self) -> None:
        """Send what is left, if that doesn't take long: a collector that is gone is waited for."""
        sending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        sending.start()
        sending.join(_LAST_SECONDS)


def open_tracing(endpoint: str) -> Tracing | None:
    """Tracing to an OTLP collector over HTTP at `endpoint` or, when that is "", where
    OpenTelemetry's own variables point; None where nothing does. Raises InvalidInput when the
    libraries aren't installed."""
    if not endpoint and not any(os.environ.get(name) for name in _VARIABLES):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise InvalidInput(
            "Traces are asked for, but OpenTelemetry isn't installed. "
            "Install it with `pip install 'rag-cs[telemetry]'`, or unset the endpoint."
        ) from None
    exporter = OTLPSpanExporter(endpoint=endpoint or None)
    return Tracing.to(BatchSpanProcessor(exporter))
