"""What the schema of the HTTP interface says beyond what FastAPI finds out: errors, names of
stores, keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from rag_cs.server.schemas import EVENT
from rag_cs.server.store_schemas import STORE_PATTERN

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; `detail` says what was wrong and what to do",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
_OPENAI_ERROR = {
    "type": "object",
    "description": "an error as OpenAI's clients know it",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
            "required": ["message", "type", "param", "code"],
        }
    },
    "required": ["error"],
}
_RETRY_AFTER = {
    "description": "seconds until another try makes sense; with 429 and 503",
    "schema": {"type": "string"},
}
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "an API key, from `rag-cs keys create`; needed by other machines",
}


def describe(app: FastAPI) -> None:
    """Make the schema that the app shows say all of that."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _refine(plain())
        return plain()  # which remembers

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's way of extending it


def _refine(schema: dict[str, Any]) -> None:
    parts = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        parts.pop(name, None)
    parts |= {"Problem": _PROBLEM, "OpenAIError": _OPENAI_ERROR}
    schema["components"]["securitySchemes"] = {"key": _KEY}
    for path, operation in _operations(schema):
        responses = operation["responses"]
        responses.pop("422", None)
        responses |= _errors(path)
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                named = parameter["name"] == "store"
                parameter["schema"] |= {"pattern": STORE_PATTERN} if named else {"minLength": 1}
        if path == "/v1/chat/completions":
            responses["200"]["content"]["text/event-stream"] = {"schema": EVENT}
        if path.startswith("/v1/"):
            operation["security"] = [{"key": []}]


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            yield path, operation


def _errors(path: str) -> dict[str, Any]:
    openai = path in ("/v1/chat/completions", "/v1/models")
    name, media_type = (
        ("OpenAIError", "application/json") if openai else ("Problem", "application/problem+json")
    )
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    said = {"content": content, "headers": {"Retry-After": _RETRY_AFTER}}
    return {
        "4XX": {"description": "Refused", **said},
        "5XX": {"description": "Not now, or a fault here", **said},
    }
