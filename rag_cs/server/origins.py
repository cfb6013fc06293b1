"""Browsers' requests from pages of other origins: preflights, and the headers that let a page read
an answer. Whether its origin may use a store, `access` decides."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_cs.errors import Forbidden, RagError
from rag_cs.server.access import Gate, foreign_origin
from rag_cs.server.limits import Rates, visitor_of
from rag_cs.server.problems import refuse

_STORE = re.compile(r"/v1/stores/([^/]+)")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, Traceparent, X-Request-ID"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED = b"Location, Retry-After, X-Request-ID"


class CrossOrigin:
    """Plain ASGI."""

    def __init__(self, app: ASGIApp, gate: Gate, rates: Rates) -> None:
        self._app = app
        self._gate = gate
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass a request on and let its page read the answer if it may."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        origin = foreign_origin(request)
        admitted = bool(origin) and await run_in_threadpool(self._admits, origin, scope["path"])
        allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] if admitted else []

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = [(b"access-control-expose-headers", _EXPOSED)] if admitted else []
                vary = (b"vary", b"Origin")
                message["headers"] = [*message["headers"], vary, *allowed, *exposed]
            await send(message)

        if origin and _is_preflight(request):
            response = self._preflight(request, origin, admitted=admitted)
            await response(scope, receive, send_more)
        else:
            await self._app(scope, receive, send_more)

    def _admits(self, origin: str, path: str) -> bool:
        """What is asked of no store by its path may be asked where any store admits the origin."""
        found = _STORE.match(path)
        return self._gate.admits(origin, found[1]) if found else self._gate.admits_somewhere(origin)

    def _preflight(self, request: Request, origin: str, *, admitted: bool) -> Response:
        try:
            self._rates.count("preflight", visitor_of(request))
            if not admitted:
                raise Forbidden(f"Pages of {origin[:200]} may not use this store.")
        except RagError as error:
            return refuse(request, error)
        return Response(status_code=204, headers=_PREFLIGHT)


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers
