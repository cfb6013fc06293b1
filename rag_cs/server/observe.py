"""Every request, from outside: its id, one line in the log, its metrics, its trace; and what to say
when something failed that nobody foresaw."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_cs import stages
from rag_cs.errors import without_text
from rag_cs.server.logs import bound
from rag_cs.server.metrics import Metrics
from rag_cs.server.problems import UNEXPECTED, respond
from rag_cs.server.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger(__name__)
HEADER = b"x-request-id"
_VALID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# A client may send any word for a method, but not as a label.
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Asked every few seconds by machines: lines that nobody reads.
_QUIET = {"/livez", "/readyz", "/metrics"}


class Broken(Exception):
    """An answer failed after it had begun. Says nothing of what was asked: whoever catches it logs
    it whole."""


class Observe:
    """Plain ASGI, the outermost, so that a stream and its cancellation pass through untouched."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: Tracing | None) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(scope, send, self._metrics, self._tracing)
        stages.watch(seen)
        with ExitStack() as stack:
            stack.enter_context(bound(request_id=seen.request_id, trace_id=seen.trace_id))
            stack.enter_context(self._metrics.open.track_inprogress())
            stack.callback(seen.end)
            try:
                await self._app(scope, receive, seen.send)
            except Exception as error:  # noqa: BLE001 - whatever it was, somebody is told
                log.error("request failed: %s", without_text(error))
                if seen.status:  # too late to say so: uvicorn cuts the connection, and logs this
                    raise Broken("an answer broke off") from None
                await respond(Request(scope), 500, UNEXPECTED)(scope, receive, seen.send)


class _Seen:
    """One request as it goes by. Watches its stages too."""

    def __init__(self, scope: Scope, send: Send, metrics: Metrics, tracing: Tracing | None) -> None:
        self._scope, self._send = scope, send
        self._metrics, self._tracing = metrics, tracing
        self._start = time.perf_counter()
        self._method = scope["method"] if scope["method"] in _METHODS else "other"
        self.status = 0
        self.request_id = _given(scope) or uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.request_id
        self._span: Span | None = None
        if tracing:
            self._span = tracing.request(self._method, Request(scope).headers)

    @property
    def trace_id(self) -> str:
        """As traces show it; "" without them."""
        return f"{self._span.get_span_context().trace_id:032x}" if self._span else ""

    async def send(self, message: Message) -> None:
        """What the application sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (HEADER, self.request_id.encode("ascii"))]
            self._count()
        await self._send(message)

    def begin(self, stage: stages.Stage) -> Callable[[], None]:
        """See `stages.Watcher`."""
        start = time.perf_counter()
        span = self._tracing.stage(self._span, stage) if self._tracing and self._span else None

        def end() -> None:
            self._metrics.stages.labels(stage).observe(time.perf_counter() - start)
            if span:
                span.end()

        return end

    def tokens(self, prompt: int, completion: int) -> None:
        """See `stages.Watcher`."""
        self._metrics.tokens.labels("in").inc(prompt)
        self._metrics.tokens.labels("out").inc(completion)

    def end(self) -> None:
        """The request is over: answered, failed, or left by its client."""
        said = self._said()
        if self._span:
            self._end_span(self._span, said)
        level = logging.DEBUG if self._route in _QUIET else logging.INFO
        log.log(level, "request", extra=said)

    @property
    def _route(self) -> str:
        return getattr(self._scope.get("route"), "path", "unknown")

    def _count(self) -> None:
        self._metrics.requests.labels(self._method, self._route, self.status).inc()
        self._metrics.seconds.labels(self._route).observe(time.perf_counter() - self._start)
        if reason := self._scope["state"].get("reason"):
            self._metrics.refusals.labels(reason).inc()

    def _said(self) -> dict[str, Any]:
        state = self._scope["state"]
        said = {
            "method": self._method,
            "route": self._route,
            "status": self.status,
            "milliseconds": round(1000 * (time.perf_counter() - self._start), 1),
            "store": state.get("store", ""),
            "key": state["caller"].name if "caller" in state else "",
        }
        return {name: value for name, value in said.items() if value != ""}

    def _end_span(self, span: Span, said: dict[str, Any]) -> None:
        from opentelemetry.trace import StatusCode

        span.update_name(f"{self._method} {self._route}")
        span.set_attributes(
            {
                "http.request.method": self._method,
                "http.route": self._route,
                "http.response.status_code": self.status,
                "rag_cs.request_id": self.request_id,
                "rag_cs.store": said.get("store", ""),
            }
        )
        if self.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()


def _given(scope: Scope) -> str:
    """The id that came with a request, if it is one."""
    value = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return value.decode("ascii") if _VALID.fullmatch(value) else ""
