from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.server import tracing as module
from rag_cs.server.tracing import Tracing, open_tracing
from tests.server.serving import QUESTION, served

pytest.importorskip("opentelemetry.sdk")
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_request_is_a_span_with_one_for_each_stage(tmp_path: Path) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import SpanKind, StatusCode

    exporter = InMemorySpanExporter()
    with served(tmp_path, tracing=Tracing.to(SimpleSpanProcessor(exporter))) as one:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "r1"}
        body = {"question": QUESTION, "stream": True}
        path = "/v1/stores/demo/ask?secret=1"
        one.client.post(path, json=body, headers=headers)
        spans = {span.name: span for span in exporter.get_finished_spans()}
        request = spans.pop("POST /v1/stores/{store}/ask")
        assert set(spans) == {"rewrite", "retrieve", "generate", "ground"}
        assert request.context.trace_id == int(TRACE, 16)
        assert request.parent is not None
        assert request.parent.span_id == int(PARENT, 16)
        assert request.kind == SpanKind.SERVER
        for span in spans.values():
            assert span.parent is not None
            assert span.parent.span_id == request.context.span_id
            assert span.context.trace_id == request.context.trace_id
            assert request.start_time <= span.start_time <= span.end_time <= request.end_time
        assert dict(request.attributes) == {
            "http.request.method": "POST", "http.route": "/v1/stores/{store}/ask",
            "http.response.status_code": 200, "rag_cs.request_id": "r1", "rag_cs.store": "demo",
        }  # fmt: skip
        everything = "".join(span.to_json() for span in exporter.get_finished_spans())
        assert QUESTION not in everything
        assert "secret" not in everything
        assert '"service.name": "rag-cs"' in everything
        exporter.clear()
        one.system.__dict__["embeddings"] = None  # so that a search fails
        one.client.post("/v1/stores/demo/search", json={"query": "goods"})
        (failed, *_) = [s for s in exporter.get_finished_spans() if s.name.startswith("POST")]
        assert failed.parent is None
        one.client.get("/livez")
        assert exporter.get_finished_spans()[-1].name == "GET /livez"
        assert exporter.get_finished_spans()[-1].status.status_code == StatusCode.UNSET


def test_without_an_endpoint_nothing_is_traced_and_the_sdk_not_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name in [*sys.modules]:
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter")):
            monkeypatch.setitem(sys.modules, name, None)  # so that an import fails
    assert open_tracing("") is None


def test_a_collector_that_is_gone_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace import SpanProcessor

    monkeypatch.setattr(module, "_LAST_SECONDS", 0.05)
    waiting = threading.Event()

    class Stuck(SpanProcessor):
        def shutdown(self) -> None:
            waiting.wait(10)

    start = time.monotonic()
    Tracing.to(Stuck()).close()
    assert time.monotonic() - start < 5
    waiting.set()


@pytest.mark.parametrize("variable", ["", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_an_endpoint_asks_for_traces(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    endpoint = "http://127.0.0.1:9/v1/traces"
    if variable:
        monkeypatch.setenv(variable, endpoint)
    tracing = open_tracing("" if variable else endpoint)
    assert tracing is not None
    tracing.close()


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidInput, match=r"rag-cs\[telemetry\]"):
        open_tracing("http://127.0.0.1:9/v1/traces")
