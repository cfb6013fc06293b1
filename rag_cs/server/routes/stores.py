"""Stores: list, make, rename, delete, take one away whole; whose pages may use it; who did what."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from rag_cs.server.dependencies import (
    EXPORTS,
    ReadySystem,
    TheCaller,
    TheChange,
    TheGate,
    TheJobs,
    TheSystem,
    Writable,
)
from rag_cs.server.store_schemas import (
    AuditEntryBody,
    AuditPage,
    NewStore,
    OriginsBody,
    StoreBody,
    StoreList,
)
from rag_cs.stores.backup import back_up

router = APIRouter(tags=["merchant"])


@router.get("/v1/stores")
def list_stores(system: TheSystem, caller: TheCaller, gate: TheGate) -> StoreList:
    """The stores that the key opens, by name."""
    names = system.folders.names()
    return StoreList(stores=[name for name in names if gate.opens(caller, name)])


@router.post("/v1/stores", status_code=201)
def make_store(
    body: NewStore, request: Request, system: ReadySystem, gate: TheGate, change: TheChange
) -> StoreBody:
    """Make an empty store. One is also made with its first document."""
    change.store = body.name
    system.make_store(gate.allow(request, body.name, "write"))
    return StoreBody(name=body.name)


@router.patch("/v1/stores/{store}")
def rename_store(
    store: Writable, body: NewStore, system: TheSystem, change: TheChange
) -> StoreBody:
    """Give a store another name. Keys, uploads and conversations follow it."""
    change.target = body.name
    system.rename_store(store, body.name)
    return StoreBody(name=body.name)


@router.delete("/v1/stores/{store}", status_code=204)
def delete_store(store: Writable, jobs: TheJobs) -> None:
    """Remove a store with its documents, its index and its conversations."""
    jobs.delete_store(store)


@router.get(
    "/v1/stores/{store}/export",
    dependencies=[EXPORTS],
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def export_store(store: Writable, system: TheSystem) -> FileResponse:
    """The store in one file, as of now: what `rag-cs store restore` takes."""
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=system.folders.root))
    try:
        file = back_up(system.folders, store, folder)
    except BaseException:
        shutil.rmtree(folder)
        raise
    sent = BackgroundTask(shutil.rmtree, folder)
    return FileResponse(file, media_type="application/zip", filename=file.name, background=sent)


@router.get("/v1/stores/{store}/origins")
def get_origins(store: Writable, system: TheSystem) -> OriginsBody:
    """Whose pages may use the store from a browser."""
    system.folders.path(store)
    return OriginsBody(origins=list(system.keys.origins.of(store)))


@router.put("/v1/stores/{store}/origins")
def set_origins(
    store: Writable, body: OriginsBody, system: TheSystem, change: TheChange
) -> OriginsBody:
    """Say whose pages may: these, and no others."""
    system.folders.path(store)
    chosen = system.keys.origins.set(store, body.origins)
    change.target = " ".join(chosen)
    return OriginsBody(origins=list(chosen))


@router.get("/v1/stores/{store}/audit")
def read_audit(
    store: Writable,
    system: TheSystem,
    cursor: Annotated[str, Query(description="`next_cursor` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> AuditPage:
    """Who changed what in the store, the latest first."""
    system.folders.path(store)
    entries = system.audit.of_store(store, cursor, limit + 1)
    shown = [AuditEntryBody.of(entry) for entry in entries[:limit]]
    return AuditPage(entries=shown, next_cursor=shown[-1].sha256 if len(entries) > limit else None)
