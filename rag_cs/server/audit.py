"""The one place where what requests change goes into the audit trail."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi import Request
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.exceptions import RequestValidationError

from rag_cs.errors import RagError
from rag_cs.server.problems import status_of
from rag_cs.stores.audit import AuditTrail, Change
from rag_cs.stores.entries import Action

# What each route changes; None where its change is noted elsewhere, or there is nothing to note.
ACTIONS: dict[tuple[str, str], Action | None] = {
    ("POST", "/v1/stores"): "store.create",
    ("PATCH", "/v1/stores/{store}"): "store.rename",
    ("DELETE", "/v1/stores/{store}"): "store.delete",
    ("GET", "/v1/stores/{store}/export"): "store.export",
    ("PUT", "/v1/stores/{store}/origins"): "store.origins",
    ("DELETE", "/v1/stores/{store}/documents/{document_id}"): "document.delete",
    ("POST", "/v1/stores/{store}/documents/{document_id}/corrections"): "document.correct",
    ("DELETE", "/v1/stores/{store}/corrections/{correction_id}"): "document.uncorrect",
    ("DELETE", "/v1/stores/{store}/jobs/{job_id}"): "upload.cancel",
    ("POST", "/v1/stores/{store}/jobs/{job_id}/retry"): "upload.retry",
    ("DELETE", "/v1/stores/{store}/conversations/{conversation_id}"): "conversation.erase",
    ("DELETE", "/v1/stores/{store}/subjects/{subject}"): "subject.erase",
    # The worker notes it when it is done, for the key that uploaded.
    ("POST", "/v1/stores/{store}/documents"): None,
    # Questions change nothing in a store.
    ("POST", "/v1/stores/{store}/ask"): None,
    ("POST", "/v1/stores/{store}/search"): None,
    ("POST", "/v1/chat/completions"): None,
}
# A subject is left out: it may be anything that a shop made of its customer.
_PARAMETERS = ("document_id", "job_id", "conversation_id")


async def audited(request: Request) -> AsyncGenerator[None]:
    """A dependency of every route: what it changes has its entry before the answer goes out. A
    route may say more in `request.state.change`."""
    action = ACTIONS.get((request.method, request.scope["route"].path_format))
    if action is None:
        yield
        return
    trail: AuditTrail = request.app.state.system.audit
    named = request.path_params
    target = next((named[name] for name in _PARAMETERS if name in named), "")
    changing = trail.change(request.state.caller.name, action, named.get("store", ""), target)
    async with contextmanager_in_threadpool(changing) as change:
        request.state.change = change
        try:
            yield
        except BaseException as error:
            judge(change, error)
            raise


def judge(change: Change, error: BaseException) -> None:
    """What an error makes of a change. An attempt at what isn't allowed, or isn't there for its
    caller, is worth an entry; a mistake in a request isn't, nor what came at a bad time."""
    if not isinstance(error, Exception):
        change.outcome = "unknown"  # it was cut off, and may have been done
    elif isinstance(error, RequestValidationError):
        change.outcome = None
    elif isinstance(error, RagError):
        status = status_of(error)
        change.outcome = "refused" if status in (403, 404) else None
        if status == 500:
            change.outcome = "failed"
