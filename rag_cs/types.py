"""The values that flow between the stages. Frozen, without behaviour beyond reading them.

Every offset counts Unicode code points of `Document.text`, so for any span
`document.text[start:end]` is the quoted text, to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list_item", "table", "row", "faq", "code"]
Language = Literal["zh", "en"]
Status = Literal["answered", "abstained", "handed_off"]


@dataclass(frozen=True, slots=True)
class Block:
    """One structural element of a document: `document.text[start:end]`.

    `heading_path` names the headings above it, outermost first (a heading's own text is the
    last element of its path). `page` counts from 1 and is None where a format has no pages.
    `context` is what a reader should know but the slice doesn't say, such as the header row
    of a table's continuation; it is embedded in front of the slice, never quoted.
    For `faq` blocks, `question` holds the question alone.
    """

    kind: BlockKind
    start: int
    end: int
    heading_path: tuple[str, ...] = ()
    page: int | None = None
    context: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A merchant's file as text. `id` depends on `source` alone: a re-upload replaces it.

    `source` is the file's name, relative and with forward slashes; `sha256` is that of the
    file's bytes, and so names the version. `blocks` are in reading order, don't overlap, and
    between them lies nothing but white space.
    """

    id: str
    source: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    media_type: str
    sha256: str
    language: Language
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A retrievable slice: `text == document.text[start:end]`.

    `context` (title, heading path, table header) goes in front of it for the embedder only.
    `version` is what its document calls itself ("" when it doesn't), `sha256` that of the
    document's file.
    """

    id: str
    document_id: str
    title: str
    text: str
    start: int
    end: int
    page: int | None = None
    heading_path: tuple[str, ...] = ()
    kind: BlockKind = "paragraph"
    context: str = ""
    question: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    sha256: str = ""

    @property
    def embedded_text(self) -> str:
        """What the embedder and the lexical index see."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk. Every score is higher-is-better; the halves are None where a half
    did not return this chunk.

    `dense` is a cosine in [-1, 1], `lexical` a BM25 score >= 0, `reranked` the reranker's, in its
    own scale (None without one), `score` the fused one.
    """

    chunk: Chunk
    score: float
    dense: float | None = None
    lexical: float | None = None
    reranked: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader of question and passage says; higher is better, 0 is undecided.

    `answers` is the logit of "this passage answers the question"; `tokens` holds each token's
    (start, end) in the passage and the logit of its being part of the answer.
    """

    answers: float
    tokens: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A hit as it was read: `answers` is the logit of its answering; `sentences` are those of the
    chunk's text, (start, end, logit of holding the answer), in text order."""

    hit: Hit
    answers: float
    sentences: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote, `document.text[start:end]`, and the answer sentence it supports.

    `document_sha256` names the file that was quoted. `version` and the days between which it is in
    force, both included, YYYY-MM-DD, are "" where the document states none.
    """

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


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shopper gets: supported sentences with their citations, or an honest abstention.

    `confidence` is the calibrated probability, in [0, 1], that the retrieved passages answer the
    question; an abstention has one too.
    """

    status: Status
    text: str
    language: Language
    citations: tuple[Citation, ...] = ()
    confidence: float = 1.0
