"""The application on a socket, through uvicorn."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag_cs.settings import ServerSettings

# Streams that are still running get this long at a shutdown.
_LAST_SECONDS = 10


def configured(app: FastAPI, server: ServerSettings, host: str, port: int) -> uvicorn.Config:
    """How uvicorn is to serve an application. `logs` writes its lines, and `observe` those of
    requests: uvicorn's own hold query strings."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=impatient(server.head_seconds),
        ws="none",
        log_config=None,
        log_level=server.log_level,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=server.trusted_proxies,
        reset_contextvars=True,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )


def run(config: uvicorn.Config) -> bool:
    """Serve until somebody ends it; False when it couldn't begin, which the log explains."""
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    return server.started


def impatient(head_seconds: float) -> type[H11Protocol]:
    """uvicorn's protocol, but for a connection whose request's head isn't there in time: that one
    is closed, where uvicorn would hold it open for as long as its client likes."""

    class Impatient(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:  # the head is there
                self._stop()
            elif self._timer is None:  # another request's has begun
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._timer = self.loop.call_later(head_seconds, self.transport.abort)

        def _stop(self) -> None:
            if self._timer:
                self._timer.cancel()
                self._timer = None

    return Impatient
