"""The bodies of requests and answers about a store: its documents, uploads, shoppers, changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_cs.corrections import Correction
from rag_cs.index.base import DocumentRecord
from rag_cs.stores.entries import Entry, Outcome
from rag_cs.stores.jobs import Job, State
from rag_cs.stores.personal import Erased, StoredConversation

# As `stores.folders` has it, in the notation of JSON Schema.
STORE_PATTERN = r"^[\p{L}\p{N}][\p{L}\p{N}_-]{0,63}$"


class DocumentBody(BaseModel):
    """A stored document."""

    id: str
    source: str
    title: str
    media_type: str
    sha256: str
    language: str
    metadata: dict[str, str]
    chunks: int
    characters: int
    created_at: str

    @classmethod
    def of(cls, record: DocumentRecord) -> DocumentBody:
        """From a record."""
        return cls(**{name: getattr(record, name) for name in cls.model_fields})


class SpanBody(BaseModel):
    """A slice of a document's text, with what names the document's version."""

    document_id: str
    source: str
    title: str
    sha256: str
    version: str
    start: int
    end: int
    text: str


class DocumentList(BaseModel):
    """The documents of a store, by source."""

    documents: list[DocumentBody]


class JobBody(BaseModel):
    """An upload on its way. `reason` says why it failed; `conflicts` counts the places where it
    disagrees with the store (see `rag-cs check`)."""

    id: str
    source: str
    state: State
    attempts: int = 0
    chunks_done: int = 0
    chunks_total: int = 0
    document_id: str = ""
    reason: str = ""
    conflicts: int = 0
    created_at: str = ""
    ended_at: str = ""

    @classmethod
    def of(cls, job: Job) -> JobBody:
        """From a job."""
        return cls(**{name: getattr(job, name) for name in cls.model_fields})


class JobList(BaseModel):
    """Uploads, the latest first."""

    jobs: list[JobBody]


class TurnBody(BaseModel):
    """A message as it is stored: personal data that was noticed stands there as placeholders."""

    role: str
    text: str
    created_at: str


class ConversationBody(BaseModel):
    """All that is stored of a conversation, oldest turn first."""

    conversation_id: str
    turns: list[TurnBody]

    @classmethod
    def of(cls, stored: StoredConversation) -> ConversationBody:
        """From what is stored."""
        turns = [TurnBody(role=t.role, text=t.text, created_at=t.created_at) for t in stored.turns]
        return cls(conversation_id=stored.conversation_id, turns=turns)


class SubjectBody(BaseModel):
    """All that is stored of a subject."""

    conversations: list[ConversationBody]


class ErasedConversation(BaseModel):
    """A conversation that is gone, and how many turns it had."""

    conversation_id: str
    turns: int


class ErasedBody(BaseModel):
    """What was erased."""

    erased: list[ErasedConversation]

    @classmethod
    def of(cls, erased: Sequence[Erased]) -> ErasedBody:
        """From what the store says."""
        rows = [
            ErasedConversation(conversation_id=e.conversation_id, turns=e.turns) for e in erased
        ]
        return cls(erased=rows)


class StoreList(BaseModel):
    """The stores, by name."""

    stores: list[str]


class NewStore(BaseModel):
    """The name that a store is to have: letters of any script, digits, `-` and `_`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "myshop"}]})
    name: Annotated[str, Field(max_length=64, json_schema_extra={"pattern": STORE_PATTERN})]


class StoreBody(BaseModel):
    """A store."""

    name: str


class OriginsBody(BaseModel):
    """Whose pages may use a store from a browser."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"origins": ["https://shop.example"]}]}
    )
    origins: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=1_000)]


class AuditEntryBody(BaseModel):
    """A change: `actor` is a key's id, "this machine" or "command line"; `target` what it was
    about. `sha256` is that of the entry before it, of any store, and of the other fields."""

    time: str
    actor: str
    action: str
    store: str
    target: str
    outcome: Outcome
    sha256: str

    @classmethod
    def of(cls, entry: Entry) -> AuditEntryBody:
        """From an entry."""
        return cls(**asdict(entry))


class AuditPage(BaseModel):
    """Entries, the latest first, and where the page after this one begins, if there is one."""

    entries: list[AuditEntryBody]
    next_cursor: str | None


class NewCorrection(BaseModel):
    """What shall stand in the place of a span of a document's text."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"start": 120, "end": 127, "text": "30 days"}]}
    )
    start: int
    end: int
    text: str


class CorrectionBody(BaseModel):
    """`before` is what the file says, with as much around it as makes its place the only one."""

    id: str
    document_id: str
    before: str
    after: str
    state: Literal["applied", "conflict"]
    created_at: str

    @classmethod
    def of(cls, correction: Correction) -> CorrectionBody:
        """A correction as a body."""
        return cls(**asdict(correction))


class CorrectionList(BaseModel):
    """A store's corrections, the oldest first."""

    corrections: list[CorrectionBody]
