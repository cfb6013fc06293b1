"""What happens to a request below `/v1/` before any route sees it: it says who sends it, nobody
asks too often or too many at once, and no body is too large or too slow."""

from __future__ import annotations

import asyncio
import logging

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_cs.errors import RagError, SlowBody, TooLarge, Unauthorized
from rag_cs.server.access import Caller, Gate
from rag_cs.server.limits import Places, Rates, visitor_of
from rag_cs.server.problems import refuse

log = logging.getLogger(__name__)
# Bytes a second that even the slowest line brings, when it has brought some.
SLOWEST = 20_000
# Keys looked up at once. Threads of their own, so that nobody waits for one behind a search.
_LOOKUPS = 4


class SlowReader(Exception):
    """A client doesn't take what is sent to it."""


class Doorkeeper:
    """Plain ASGI. Puts the `Caller` into the state of a request that may come in."""

    def __init__(
        self,
        app: ASGIApp,
        gate: Gate,
        rates: Rates,
        places: Places,
        most_bytes: int,
        body_seconds: float,
    ) -> None:
        self._app = app
        self._gate = gate
        self._rates = rates
        self._places = places
        self._most_bytes = most_bytes
        self._body_seconds = body_seconds
        self._lookups: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_length(request)
            request.state.caller = await self._caller(request)
            with self._places.place():
                body = _Body(request, receive, send, self._most_bytes, self._body_seconds)
                await self._app(scope, body.receive, body.send)
        except RagError as error:  # the app's own never come so far
            await refuse(request, error)(scope, receive, send)
        except SlowReader:
            log.info("a client that didn't read its answer was left")

    async def _caller(self, request: Request) -> Caller:
        """A shopper's key is that of a page with many visitors, each of whom counts alone; whoever
        sits at the machine itself isn't counted."""
        if self._gate.is_anonymous(request):
            return self._gate.caller_of(request)
        visitor = visitor_of(request)
        self._rates.check_failures(visitor)
        self._lookups = self._lookups or anyio.CapacityLimiter(_LOOKUPS)
        try:
            caller = await anyio.to_thread.run_sync(
                self._gate.caller_of, request, limiter=self._lookups
            )
        except Unauthorized:
            self._rates.failed(visitor)
            raise
        self._rates.count(caller.key.id, visitor if caller.key.role == "shopper" else "")
        return caller

    def _check_length(self, request: Request) -> None:
        stated = request.headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > self._most_bytes:
            raise _too_large(self._most_bytes)


class _Body:
    """A request's body on its way in. One that is too much or too slow is cut off; what the app
    makes of that isn't sent, but why it was."""

    def __init__(
        self, request: Request, receive: Receive, send: Send, most_bytes: int, seconds: float
    ) -> None:
        self._request = request
        self._receive, self._send = receive, send
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._begun = asyncio.get_running_loop().time()
        self._read = 0
        self._complete = False
        self._refusal: RagError | None = None
        self._told = False

    async def receive(self) -> Message:
        """The next part."""
        if self._complete:  # what follows is the client's going away, at any time
            return await self._receive()
        if self._refusal is None:
            try:
                until = self._begun + self._seconds + self._read / SLOWEST
                async with asyncio.timeout_at(until):
                    return self._counted(await self._receive())
            except TimeoutError:
                self._refusal = SlowBody(
                    f"The request's body didn't arrive within {self._seconds:g} seconds, or came "
                    f"slower than {SLOWEST / 1000:g} kB a second. Send it again."
                )
        return {"type": "http.disconnect"}

    def _counted(self, message: Message) -> Message:
        self._read += len(message.get("body", b""))
        if self._read > self._most_bytes:
            self._refusal = _too_large(self._most_bytes)
            return {"type": "http.disconnect"}
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """What the app answers. Raises SlowReader when its client doesn't take it."""
        if self._refusal is None:
            try:
                async with asyncio.timeout(self._seconds) as limit:
                    await self._send(message)
            except TimeoutError:
                raise (SlowReader if limit.expired() else TimeoutError)() from None
        elif not self._told:
            self._told = True
            response = refuse(self._request, self._refusal)
            response.headers["Connection"] = "close"
            await response(self._request.scope, self._receive, self._send)


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most_bytes / 1e6:,.0f} MB. Split it.")
