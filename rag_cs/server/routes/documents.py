"""Documents of a store: upload, list, look at, delete; and the jobs that uploads become."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Header, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from rag_cs.errors import InvalidInput, NotFound, TooLarge
from rag_cs.load import check_source
from rag_cs.policies import stated
from rag_cs.server.dependencies import (
    AskStore,
    ReadStore,
    ReadySystem,
    TheCaller,
    TheChange,
    TheJobs,
    Writable,
    WriteStore,
)
from rag_cs.server.store_schemas import DocumentBody, DocumentList, JobBody, JobList, SpanBody

router = APIRouter(tags=["merchant"])


@router.post("/v1/stores/{store}/documents", status_code=202)
async def upload(
    caller: TheCaller,
    store: Writable,
    file: UploadFile,
    system: ReadySystem,
    jobs: TheJobs,
    response: Response,
    effective_from: Annotated[str, Form(description="first day in force, YYYY-MM-DD")] = "",
    effective_until: Annotated[str, Form(description="last day in force, YYYY-MM-DD")] = "",
    version: Annotated[str, Form()] = "",
    policy: Annotated[str, Form(description="what it is a version of; default: its title")] = "",
    idempotency_key: Annotated[
        str,
        Header(
            description="the same key with the same file makes no second job, with another is "
            "refused; remembered as long as its job: the last 10,000 uploads of all stores"
        ),
    ] = "",
) -> JobBody:
    """Take a file in, safe on disk, and ingest it in the background; a store is made with its first
    document.

    A file of the same name replaces the earlier one. Dates, version and policy that aren't given
    are those that the file itself states, if it does.
    """
    given = stated(effective_from, effective_until, version, policy)
    source = check_source(file.filename or "")
    limit = system.settings.server.max_upload_bytes
    data = await file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"{source} is larger than {limit / 1e6:,.0f} MB. Split it.")
    # On a thread, since it waits for the disk.
    submit = partial(jobs.submit, actor=caller.name)
    job = await run_in_threadpool(submit, store, source, data, given, idempotency_key)
    response.headers["Location"] = f"/v1/stores/{quote(store)}/jobs/{job.id}"
    return JobBody.of(job)


@router.get("/v1/stores/{store}/jobs/{job_id}")
def job(store: Writable, job_id: str, jobs: TheJobs) -> JobBody:
    """How far an upload is."""
    return JobBody.of(jobs.ledger.get(store, job_id))


@router.get("/v1/stores/{store}/jobs")
def list_jobs(store: Writable, jobs: TheJobs) -> JobList:
    """The last hundred uploads, the latest first."""
    return JobList(jobs=[JobBody.of(job) for job in jobs.ledger.of_store(store)])


@router.delete("/v1/stores/{store}/jobs/{job_id}")
def cancel_job(store: Writable, job_id: str, jobs: TheJobs, change: TheChange) -> JobBody:
    """Take back an upload that has not ended."""
    job = jobs.ledger.cancel(store, job_id)
    change.target = job.source
    return JobBody.of(job)


@router.post("/v1/stores/{store}/jobs/{job_id}/retry", status_code=202)
def retry_job(store: Writable, job_id: str, jobs: TheJobs, change: TheChange) -> JobBody:
    """Try an upload again that failed."""
    job = jobs.retry(store, job_id)
    change.target = job.source
    return JobBody.of(job)


@router.get("/v1/stores/{store}/documents")
def list_documents(store: ReadStore) -> DocumentList:
    """The documents of a store, by source."""
    return DocumentList(documents=[DocumentBody.of(record) for record in store.index.documents()])


@router.get("/v1/stores/{store}/documents/{document_id}")
def get_document(store: ReadStore, document_id: str) -> DocumentBody:
    """What is known of a document."""
    record = store.index.record(document_id)
    if record is None:
        raise NotFound(f"There is no document {document_id[:64]!r} in store {store.name!r}.")
    return DocumentBody.of(record)


@router.get("/v1/stores/{store}/documents/{document_id}/spans")
async def get_span(store: AskStore, document_id: str, start: int, end: int) -> SpanBody:
    """The text between two offsets, so that anyone can check a citation."""
    document = await run_in_threadpool(store.index.document, document_id)
    if not store.index.holds({(document.id, document.sha256)}):  # see `search`
        raise NotFound(f"There is no document {document_id[:64]!r} in store {store.name!r}.")
    length = len(document.text)
    if not 0 <= start < end <= length:
        raise InvalidInput(
            f"There is no span from {start} to {end}: the document has {length} characters. "
            f"`start` must be at least 0 and less than `end`, and `end` at most {length}."
        )
    return SpanBody(
        document_id=document.id,
        source=document.source,
        title=document.title,
        sha256=document.sha256,
        version=document.metadata.get("version", ""),
        start=start,
        end=end,
        text=document.text[start:end],
    )


@router.delete("/v1/stores/{store}/documents/{document_id}", status_code=204)
def delete_document(store: WriteStore, document_id: str, jobs: TheJobs, change: TheChange) -> None:
    """Remove a document; it is found and quoted no more. Uploads of it that wait are taken back."""
    record = store.index.record(document_id)
    if record:
        change.target = record.source
        jobs.ledger.withdraw(store.name, record.source)
    if record is None or not store.index.delete(document_id):
        raise NotFound(f"There is no document {document_id[:64]!r} in store {store.name!r}.")
