"""What every response says to browsers: what its content may do, and who may hold it."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAME_HOST = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# An answer of the interface is data: opened as a page, it may do nothing.
_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE = f"default-src 'self'; {_SAME_HOST}"
# FastAPI's pages of the schema bring an inline script and load the rest from elsewhere.
_SCHEMA = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    "style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net https://fonts.googleapis.com; "
    "font-src https://fonts.gstatic.com; img-src 'self' data: https:; worker-src blob:; "
    f"{_SAME_HOST}"
)
_POLICIES = {"/": _PAGE, "/docs": _SCHEMA, "/redoc": _SCHEMA}
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_STORE = (b"cache-control", b"no-store")


class Headers:
    """Plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add to the head of its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        added = [*_ALWAYS, (b"content-security-policy", _POLICIES.get(path, _DATA).encode())]
        is_data = path.startswith("/v1/")

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = message["headers"]
                if is_data:  # also where FastAPI's event streams say `no-cache`
                    kept = [(name, value) for name, value in kept if name != _NO_STORE[0]]
                    kept = [*kept, _NO_STORE]
                message["headers"] = [*kept, *added]
            await send(message)

        await self._app(scope, receive, send_more)
