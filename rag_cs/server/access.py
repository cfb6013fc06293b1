"""Who may do what: the one place where a request's key and the page that sends it are looked at.

A request without a key is let in only where the server listens on loopback, and only when it comes
straight from this machine: not through a proxy, and not from a page of another host whose name was
pointed here. A browser's request from a page of elsewhere reaches the stores that allow its origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from rag_cs.errors import Forbidden, NotFound, Unauthorized
from rag_cs.hosts import is_loopback
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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: a key and, where a browser sends it for a page of another origin than
    this server's, that origin."""

    key: Key
    origin: str = ""

    @property
    def name(self) -> str:
        """What logs and the audit trail call it."""
        return self.key.id or self.key.label

    @property
    def is_here(self) -> bool:
        """Whether it sits at the machine itself."""
        return self.key is _HERE


class Gate:
    """Knows the keys, and whether requests without one come in at all."""

    def __init__(self, keys: Keys, *, anonymous: bool) -> None:
        self._keys = keys
        self._anonymous = anonymous

    def caller_of(self, request: Request) -> Caller:
        """Who sends a request. Raises Unauthorized."""
        origin = foreign_origin(request)
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and secret.strip():
            if key := self._keys.find(secret.strip()):
                return Caller(key, origin)
            raise Unauthorized("This API key is unknown, expired or revoked. Ask for another.")
        if self.is_anonymous(request):
            return Caller(_HERE, origin)
        raise Unauthorized(
            "An API key is needed: send it as `Authorization: Bearer KEY`. "
            "`rag-cs keys create` makes one."
        )

    def is_anonymous(self, request: Request) -> bool:
        """Whether it needs no key: it shows none and comes straight from this machine."""
        return self._anonymous and "authorization" not in request.headers and _is_direct(request)

    def allow(self, request: Request, store: str, need: Need) -> str:
        """The store's name, if the request's caller may do that there. Raises InvalidInput for a
        name that no store can have, Forbidden for what the role may not and for a page that may
        not use the store, and NotFound for a store out of scope, as if it didn't exist."""
        caller: Caller = request.state.caller  # `doorkeeper` put it there
        check_store_name(store)
        if not caller.key.opens(store):
            raise NotFound(f"There is no store {store!r}.")
        if need not in _MAY[caller.key.role]:
            raise Forbidden(f"A key of role {caller.key.role!r} may not do this.")
        if not self.admits(caller.origin, store):
            raise Forbidden(f"Pages of {caller.origin[:200]} may not use this store.")
        request.state.store = store
        return store

    def opens(self, caller: Caller, store: str) -> bool:
        """Whether a store is there at all for a caller."""
        return caller.key.opens(store) and self.admits(caller.origin, store)

    def admits(self, origin: str, store: str) -> bool:
        """Whether pages of an origin may use a store; "" is this server's own, or no page."""
        return not origin or origin in self._keys.origins.of(store)

    def admits_somewhere(self, origin: str) -> bool:
        """Whether there is a store that pages of an origin may use."""
        return self._keys.origins.is_known(origin)


def foreign_origin(request: Request) -> str:
    """The origin of the page that a browser sends a request for; "" where it is this server's own
    or nothing says that a page is behind it."""
    origin = request.headers.get("origin", "")
    if not origin or request.headers.get("sec-fetch-site") == "same-origin":
        return ""
    host = origin.partition("://")[2].lower()
    same = host and host == request.headers.get("host", "").lower()
    return "" if same else origin.lower()


def _is_direct(request: Request) -> bool:
    host = request.headers.get("host", "")
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host
    forwarded = any(header in request.headers for header in _FORWARDED)
    return is_loopback(name) and not forwarded
