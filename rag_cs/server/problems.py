"""Errors as RFC 9457 problem details; on the OpenAI-compatible routes, as OpenAI's envelope."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from rag_cs import errors

UNEXPECTED = "Something went wrong here. It was logged; please try again."
# The first that fits: what is special comes before what it is a kind of.
_STATUSES: dict[type[errors.RagError], int] = {
    errors.Exists: 409,
    errors.InvalidInput: 422,
    errors.UnreadableDocument: 422,
    errors.NotFound: 404,
    errors.TooLarge: 413,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.SlowBody: 408,
    errors.TooMany: 429,
    errors.Busy: 503,
    errors.ModelError: 503,
    errors.TooSlow: 504,
    errors.IndexDamaged: 500,
    errors.DiskFailed: 507,
}
# Seconds until another try makes sense, where an error doesn't say.
_RETRY_SECONDS = {429: 5, 503: 5}


def status_of(error: errors.RagError) -> int:
    """The HTTP status that says what kind of error it is."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)


def reason_of(error: errors.RagError) -> str:
    """The kind of an error in a word, one of a few: what metrics count by."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def problem(request: Request, status: int, detail: str) -> dict[str, Any]:
    """The body of a problem."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": getattr(request.state, "request_id", ""),
    }


def refuse(request: Request, error: errors.RagError) -> JSONResponse:
    """An error as a response; notes on the request why it was refused."""
    request.state.reason = reason_of(error)
    seconds = error.retry_seconds if isinstance(error, errors.TryLater) else None
    return respond(request, status_of(error), str(error), seconds)


def respond(
    request: Request, status: int, detail: str, retry_seconds: int | None = None
) -> JSONResponse:
    """A problem in the form that the route's clients understand."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if seconds := retry_seconds or _RETRY_SECONDS.get(status):
        headers["Retry-After"] = str(seconds)
    if request.url.path in ("/v1/chat/completions", "/v1/models"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        body = {"error": {"message": detail, "type": kind, "param": None, "code": None}}
        return JSONResponse(body, status, headers)
    body = problem(request, status, detail)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Make every error of the app that was foreseen a problem; `observe` does so for others."""

    @app.exception_handler(errors.RagError)
    async def rag_error(request: Request, error: errors.RagError) -> JSONResponse:
        return refuse(request, error)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        response = respond(request, error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            known = _methods(request)
            response.headers["Allow"] = ", ".join(sorted(known)) or response.headers["Allow"]
        return response

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        return respond(request, 422, "; ".join(map(_sentence, error.errors())))


def _methods(request: Request) -> set[str]:
    """Those that the schema has for a request's path: the router names one route's alone."""
    return {
        method.upper()
        for path, operations in request.app.openapi()["paths"].items()
        if compile_path(path)[0].match(request.url.path)
        for method in operations
    }


def _sentence(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "body") or "the body"
    return f"{where}: {error['msg']}"
