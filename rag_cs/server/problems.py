"""Errors as RFC 9457 problem details; on the OpenAI-compatible routes, as OpenAI's envelope."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag_cs import errors

log = logging.getLogger(__name__)

_STATUSES: dict[type[errors.RagError], int] = {
    errors.InvalidInput: 422,
    errors.UnreadableDocument: 422,
    errors.NotFound: 404,
    errors.TooLarge: 413,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.TooMany: 429,
    errors.Busy: 503,
    errors.ModelError: 503,
    errors.IndexDamaged: 500,
    errors.DiskFailed: 507,
}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "5"},
    503: {"Retry-After": "5"},
}


def status_of(error: errors.RagError) -> int:
    """The HTTP status that says what kind of error it is."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)


def problem(status: int, detail: str) -> dict[str, Any]:
    """The body of a problem."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def respond(request: Request, status: int, detail: str) -> JSONResponse:
    """A problem in the form that the route's clients understand."""
    headers = _HEADERS.get(status)
    if request.url.path in ("/v1/chat/completions", "/v1/models"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        body = {"error": {"message": detail, "type": kind, "param": None, "code": None}}
        return JSONResponse(body, status, headers)
    return JSONResponse(
        problem(status, detail), status, headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""

    @app.exception_handler(errors.RagError)
    async def rag_error(request: Request, error: errors.RagError) -> JSONResponse:
        return respond(request, status_of(error), str(error))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        return respond(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        return respond(request, 422, "; ".join(map(_sentence, error.errors())))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return respond(request, 500, "Something went wrong here. It was logged; please try again.")


def _sentence(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "body") or "the body"
    return f"{where}: {error['msg']}"
