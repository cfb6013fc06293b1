"""The bodies of questions, searches and their answers, as docs/architecture.md promises them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from rag_cs.errors import InvalidInput
from rag_cs.policies import parse_day
from rag_cs.retrieve import MAX_QUERY_CHARACTERS, MAX_TOP_K
from rag_cs.types import Answer, Citation, Hit

Status = Literal["answered", "abstained", "handed_off"]


def _as_of(value: Any) -> date | None:
    """Pydantic alone would take a number for seconds since 1970."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidInput("as_of must be a string, YYYY-MM-DD, as in 2026-03-01.")
    return parse_day(value, "as_of")


AsOf = Annotated[
    date | None,
    BeforeValidator(_as_of),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"const": ""}, {"type": "null"}]}
    ),
    Field(description="what was in force on this day, YYYY-MM-DD; default: today, UTC"),
]


# Checked in `retrieve`, in a sentence; said in the schema too.
Question = Annotated[
    str, Field(json_schema_extra={"pattern": r"\S", "maxLength": MAX_QUERY_CHARACTERS})
]


class SearchRequest(BaseModel):
    """A query for passages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "退货期限", "top_k": 3}]})
    query: Question
    top_k: int = Field(default=10, json_schema_extra={"minimum": 1, "maximum": MAX_TOP_K})
    filters: dict[str, str] = Field(
        default_factory=dict, description="document metadata, `document_id` or `language`"
    )
    as_of: AsOf = None


class HitBody(BaseModel):
    """A passage: `text` is the slice `start:end` of its document."""

    document_id: str
    chunk_id: str
    title: str
    text: str
    page: int | None
    start: int
    end: int
    score: float

    @classmethod
    def of(cls, hit: Hit) -> HitBody:
        """From a hit."""
        fields: dict[str, Any] = {
            name: getattr(hit.chunk, name) for name in cls.model_fields if hasattr(hit.chunk, name)
        }
        return cls(**fields, chunk_id=hit.chunk.id, score=hit.score)


class SearchResponse(BaseModel):
    """Passages, best first."""

    hits: list[HitBody]


class AskRequest(BaseModel):
    """A shopper's question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "How much does standard shipping cost?"},
                {"question": "几天之内可以退货？", "stream": True},
            ]
        }
    )
    question: Question
    conversation_id: Annotated[str, Field(max_length=64)] | None = None
    subject: (
        Annotated[
            str,
            Field(
                max_length=128,
                description="whom the shop takes the shopper for: an opaque id, not a name or an "
                "address; kept as a salted hash, to export or erase by",
            ),
        ]
        | None
    ) = None
    stream: bool = Field(default=False, description="answer as server-sent events")
    as_of: AsOf = None


class CitationBody(BaseModel):
    """A verbatim quote, the slice `start:end` of its document, and the sentence it supports."""

    document_id: str
    chunk_id: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    sentence: str
    document_sha256: str = ""
    version: str = ""
    effective_from: str = ""
    effective_until: str = ""

    @classmethod
    def of(cls, citation: Citation) -> CitationBody:
        """From a citation."""
        return cls(**{name: getattr(citation, name) for name in cls.model_fields})


class SentenceEvent(BaseModel):
    """The data of a `sentence` event."""

    text: str
    citation: CitationBody


# What OpenAPI before 3.2 says of a stream's media type holds for each event in it.
EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}


class AnswerBody(BaseModel):
    """An answer whose every sentence is supported, or an abstention. `conversation_id` is "" in a
    store that keeps no conversations."""

    status: Status
    answer: str
    language: Literal["zh", "en"]
    citations: list[CitationBody]
    conversation_id: str

    @classmethod
    def of(cls, answer: Answer, conversation_id: str) -> AnswerBody:
        """From an answer."""
        return cls(
            status=answer.status,
            answer=answer.text,
            language=answer.language,
            citations=[CitationBody.of(citation) for citation in answer.citations],
            conversation_id=conversation_id,
        )


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[dict[str, Any]]

    def text(self) -> str:
        """The content's text parts."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(part.get("text", "")) for part in self.content)


class ChatRequest(BaseModel):
    """OpenAI's chat completion; `model` names a store. Sampling settings are ignored."""

    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
