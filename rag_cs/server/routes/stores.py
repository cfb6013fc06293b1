"""Stores: list and delete. One is made with its first document."""

from __future__ import annotations

from fastapi import APIRouter

from rag_cs.server.dependencies import TheJobs, TheKey, TheSystem, Writable
from rag_cs.server.schemas import StoreList

router = APIRouter(tags=["merchant"])


@router.get("/v1/stores")
def list_stores(system: TheSystem, key: TheKey) -> StoreList:
    """The stores that the key opens, by name."""
    return StoreList(stores=[name for name in system.folders.names() if key.opens(name)])


@router.delete("/v1/stores/{store}", status_code=204)
def delete_store(store: Writable, jobs: TheJobs) -> None:
    """Remove a store with its documents, its index and its conversations."""
    jobs.delete_store(store)
