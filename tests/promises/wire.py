"""An ASGI application, called in one event loop, with everything that it sends in its order.

What is handed to `send` is what a server would write to the socket in that moment.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Sent:
    """A message of the application: `number` is its place among all of all requests."""

    number: int
    request: str
    status: int = 0
    body: bytes = b""


@dataclass
class Reply:
    """What a request was answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """Calls an application; `log` holds all that it sent."""

    app: Any
    log: list[Sent] = field(default_factory=list)

    async def call(
        self, method: str, path: str, body: Any = None, label: str = "", **headers: str
    ) -> Reply:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        given = {"host": "localhost", "content-type": "application/json", **headers}
        name, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1", "method": method, "path": name, "raw_path": name.encode(),
            "query_string": query.encode(), "root_path": "", "scheme": "http",
            "headers": [(key.encode(), value.encode()) for key, value in given.items()],
            "server": ("localhost", 80), "client": ("127.0.0.1", 1), "state": {},
        }  # fmt: skip
        requests = [{"type": "http.request", "body": data, "more_body": False}]
        reply = Reply(0, b"")

        async def receive() -> Any:
            if requests:
                return requests.pop()
            return await asyncio.Future()  # the client stays

        async def send(message: Any) -> None:
            sent = Sent(len(self.log), label)
            if message["type"] == "http.response.start":
                reply.status = sent.status = message["status"]
            else:
                sent.body = bytes(message.get("body", b""))
                reply.body += sent.body
            self.log.append(sent)

        await self.app(scope, receive, send)
        return reply

    async def upload(self, store: str, name: str, data: bytes, label: str = "") -> Reply:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        path = f"/v1/stores/{store}/documents"
        return await self.call("POST", path, body, label, **{"content-type": kind})
