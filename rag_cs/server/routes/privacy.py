"""A shopper's data on request: shown or erased, by conversation or by subject."""

from __future__ import annotations

from fastapi import APIRouter

from rag_cs.server.dependencies import TheSystem, Writable
from rag_cs.server.store_schemas import ConversationBody, ErasedBody, SubjectBody

router = APIRouter(tags=["merchant"])


@router.get("/v1/stores/{store}/conversations/{conversation_id}")
def export_conversation(
    store: Writable, conversation_id: str, system: TheSystem
) -> ConversationBody:
    """All that is stored of a conversation, as it is stored."""
    with system.personal(store) as personal:
        return ConversationBody.of(personal.conversation(conversation_id))


@router.delete("/v1/stores/{store}/conversations/{conversation_id}")
def erase_conversation(store: Writable, conversation_id: str, system: TheSystem) -> ErasedBody:
    """Erase a conversation, on disk and in memory; tells what was erased."""
    system.vault.forget(store, conversation_id)
    with system.personal(store) as personal:
        return ErasedBody.of(personal.erase_conversation(conversation_id))


@router.get("/v1/stores/{store}/subjects/{subject:path}")
def export_subject(store: Writable, subject: str, system: TheSystem) -> SubjectBody:
    """All that is stored of a subject: what came with that `subject` in questions."""
    with system.personal(store) as personal:
        stored = personal.of_subject(subject)
    return SubjectBody(conversations=[ConversationBody.of(each) for each in stored])


@router.delete("/v1/stores/{store}/subjects/{subject:path}")
def erase_subject(store: Writable, subject: str, system: TheSystem) -> ErasedBody:
    """Erase every conversation of a subject, on disk and in memory; tells what was erased."""
    with system.personal(store) as personal:
        erased = personal.erase_subject(subject)
    for each in erased:
        system.vault.forget(store, each.conversation_id)
    return ErasedBody.of(erased)
