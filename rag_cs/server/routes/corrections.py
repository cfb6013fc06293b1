"""What a merchant corrects in documents: it survives their next versions."""

from __future__ import annotations

from fastapi import APIRouter

from rag_cs.server.dependencies import ReadStore, TheChange, WriteStore
from rag_cs.server.store_schemas import CorrectionBody, CorrectionList, NewCorrection

router = APIRouter(tags=["merchant"])


@router.post("/v1/stores/{store}/documents/{document_id}/corrections", status_code=201)
def correct(
    store: WriteStore, document_id: str, body: NewCorrection, change: TheChange
) -> CorrectionBody:
    """Put `text` in the place of the document's characters from `start` to `end`, now and in every
    version that will be uploaded and still says the same."""
    made = store.corrector.make(document_id, body.start, body.end, body.text)
    change.target = store.index.document(document_id).source
    return CorrectionBody.of(made)


@router.get("/v1/stores/{store}/corrections")
def list_corrections(store: ReadStore) -> CorrectionList:
    """Every correction, in the order in which they were made; `conflict` says that the version in
    the store has no place for it."""
    return CorrectionList(corrections=[CorrectionBody.of(each) for each in store.corrector.all()])


@router.delete("/v1/stores/{store}/corrections/{correction_id}", status_code=204)
def take_back(store: WriteStore, correction_id: str, change: TheChange) -> None:
    """The document says again what its file says; a correction in conflict is only forgotten."""
    made = store.corrector.take_back(correction_id)
    change.target = store.index.document(made.document_id).source
