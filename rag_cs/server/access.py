"""Who may do what: the one place where a request's key is looked at.

A request without a key is let in only where the server listens on loopback, and only when it comes
straight from this machine: not through a proxy, and not from a page of another host whose name was
pointed here.
"""

from __future__ import annotations

from typing import Literal

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_cs.errors import Forbidden, NotFound, RagError, TooLarge, TooMany, Unauthorized
from rag_cs.hosts import is_loopback
from rag_cs.server.problems import respond, status_of
from rag_cs.stores.folders import check_store_name
from rag_cs.stores.keys import Key, Keys, Role

Need = Literal["ask", "read", "write", "administer"]
# What each role may do in the stores of its key's scope.
_MAY: dict[Role, set[Need]] = {
    "shopper": {"ask"},
    "evaluator": {"ask", "read"},
    "merchant": {"ask", "read", "write"},
    "admin": {"ask", "read", "write", "administer"},
}
# Who asks on the machine itself, without a key.
_HERE = Key("", "admin", None, "this machine", "")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Gate:
    """Knows the keys, and whether requests without one come in at all."""

    def __init__(self, keys: Keys, *, anonymous: bool) -> None:
        self._keys = keys
        self._anonymous = anonymous

    def key_of(self, request: Request) -> Key:
        """The key of a request. Raises Unauthorized."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and secret.strip():
            if key := self._keys.find(secret.strip()):
                return key
            raise Unauthorized("This API key is unknown or was revoked. Ask for another.")
        if self._anonymous and _is_direct(request):
            return _HERE
        raise Unauthorized(
            "An API key is needed: send it as `Authorization: Bearer KEY`. "
            "`rag-cs keys create` makes one."
        )


def allow(key: Key, store: str, need: Need) -> str:
    """The store's name, if a key may do that there. Raises InvalidInput for a name that no store
    can have, Forbidden for what the role may not, and NotFound for a store out of scope, as if it
    didn't exist."""
    check_store_name(store)
    if not key.opens(store):
        raise NotFound(f"There is no store {store!r}.")
    if need not in _MAY[key.role]:
        raise Forbidden(f"A key of role {key.role!r} may not do this.")
    return store


class Doorkeeper:
    """Plain ASGI, before anything of a request's body is read: below `/v1/` a request needs a key,
    which is put into its state; no body may be larger than the limit, and nobody may ask more often
    than theirs. Counts are this process's own."""

    def __init__(self, app: ASGIApp, gate: Gate, most_bytes: int, per_minute: int) -> None:
        self._app = app
        self._gate = gate
        self._most_bytes = most_bytes
        self._rate = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_length(request)
            key = await run_in_threadpool(self._gate.key_of, request)
            self._count(key, request)
        except RagError as error:
            await respond(request, status_of(error), str(error))(scope, receive, send)
            return
        scope.setdefault("state", {})["key"] = key
        await self._app(scope, self._counted(receive), send)

    def _count(self, key: Key, request: Request) -> None:
        """A shopper's key is that of a page with many visitors, each of whom counts alone; whoever
        sits at the machine itself isn't counted."""
        visitor = request.client.host if request.client and key.role == "shopper" else ""
        if key is not _HERE and not self._limiter.hit(self._rate, key.id, visitor):
            most = self._rate.amount
            raise TooMany(f"That is more than {most} requests a minute. Wait a little.")

    def _check_length(self, request: Request) -> None:
        stated = request.headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > self._most_bytes:
            raise TooLarge(f"The body is larger than {self._most_bytes / 1e6:,.0f} MB. Split it.")

    def _counted(self, receive: Receive) -> Receive:
        """What a client sends without saying how much it will be."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most_bytes:
                return {"type": "http.disconnect"}
            return message

        return counted


def _is_direct(request: Request) -> bool:
    host = request.headers.get("host", "")
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host
    forwarded = any(header in request.headers for header in _FORWARDED)
    return is_loopback(name) and not forwarded
