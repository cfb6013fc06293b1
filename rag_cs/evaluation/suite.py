"""A store's regression suite: its questions asked, and one run compared with another.

A run is compared with the last one that was accepted: a question that was answered then and
isn't now is a regression.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.question_file import replace_text
from rag_cs.evaluation.questions import Question
from rag_cs.types import Document, Hit

TOP_K = 5
# A hit answers when it shares this much of the span, or of itself if it is the shorter.
_MIN_OVERLAP = 0.5
# How far down the answer of a question that failed is looked for, to say where it came.
_DEPTH = 50
# Shorter quotes ("Weight | 5.6 kg") stand in other documents too, where they answer nothing. A
# Chinese character counts twice, as it does on paper.
_MIN_COPY_WIDTH = 30

State = Literal["passed", "failed", "stale"]
Key = tuple[str, str]


class Searcher(Protocol):
    """What is tested: `rag_cs.retrieve.Retriever`."""

    def search(self, queries: Sequence[str], top_k: int = 10) -> list[Hit]:
        """The `top_k` best hits, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question. `rank` is that of the first hit that answers, 0 when none of
    the first 50 does; `instead` says what came first. Stale: its document no longer holds the
    quote."""

    question: str
    document: str
    kind: str
    state: State
    rank: int = 0
    quote: str = ""
    instead: str = ""

    @property
    def key(self) -> Key:
        """What makes it the same question in another run."""
        return self.document, self.question


@dataclass(frozen=True, slots=True)
class Run:
    """All outcomes, and the documents that no question reached: `unasked` had no question that
    isn't stale, `unreached` had some, and none found them."""

    top_k: int
    outcomes: tuple[Outcome, ...]
    unasked: tuple[str, ...]
    unreached: tuple[str, ...]

    def count(self, state: State) -> int:
        """How many questions ended so."""
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from an earlier run, question by question."""

    broken: tuple[Outcome, ...]
    fixed: tuple[Outcome, ...]
    added: int
    removed: int


def run_suite(
    questions: Sequence[Question],
    documents: Sequence[Document],
    retriever: Searcher,
    top_k: int = TOP_K,
) -> Run:
    """Search for every question. Raises InvalidInput when there are none."""
    if not questions:
        raise InvalidInput("There are no questions to run. Ingest documents first, or add some.")
    by_source = {document.source: document for document in documents}
    outcomes = tuple(_ask(each, by_source, retriever, top_k) for each in questions)
    asked = {each.document for each in outcomes if each.state != "stale"}
    reached = {each.document for each in outcomes if each.state == "passed"}
    return Run(
        top_k=top_k,
        outcomes=outcomes,
        unasked=tuple(source for source in sorted(by_source) if source not in asked),
        unreached=tuple(sorted((asked - reached) & by_source.keys())),
    )


def _ask(
    question: Question, documents: Mapping[str, Document], retriever: Searcher, top_k: int
) -> Outcome:
    told = (question.question, question.document, question.kind)
    document = documents.get(question.document)
    span = find_quote(question, document.text) if document else None
    if document is None or span is None:
        return Outcome(*told, "stale", quote=question.quote)
    hits = retriever.search([question.question], top_k)
    rank = rank_of(hits, document.id, span, question.quote)
    passed = rank > 0
    if not passed and top_k < _DEPTH:
        deeper = retriever.search([question.question], _DEPTH)
        rank = rank_of(deeper, document.id, span, question.quote)
    instead = f"{hits[0].chunk.title}: {hits[0].chunk.text}" if hits and rank != 1 else ""
    return Outcome(*told, "passed" if passed else "failed", rank, question.quote, instead[:200])


def rank_of(hits: Sequence[Hit], document_id: str, span: tuple[int, int], quote: str) -> int:
    """The rank of the first hit that shows the span or its copy; 0 when none does."""
    ranked = enumerate(hits, start=1)
    return next((rank for rank, hit in ranked if _answers(hit, document_id, span, quote)), 0)


def is_current(question: Question, documents: Sequence[Document]) -> bool:
    """Whether the document that a question is about still holds its quote."""
    texts = (each.text for each in documents if each.source == question.document)
    return any(find_quote(question, text) for text in texts)


def find_quote(question: Question, text: str) -> tuple[int, int] | None:
    """Where the quote stands now: in an edited document, at the place nearest to the old one."""
    if text[question.start : question.end] == question.quote:
        return question.start, question.end
    places = (match.start() for match in re.finditer(re.escape(question.quote), text))
    start = min(places, key=lambda place: abs(place - question.start), default=None)
    return None if start is None else (start, start + len(question.quote))


def _answers(hit: Hit, document_id: str, span: tuple[int, int], quote: str) -> bool:
    """Whether a hit shows the span, or, in another document, the same words."""
    chunk = hit.chunk
    if chunk.document_id != document_id:
        return _width(quote) >= _MIN_COPY_WIDTH and quote in chunk.text
    shared = min(chunk.end, span[1]) - max(chunk.start, span[0])
    return shared >= _MIN_OVERLAP * min(chunk.end - chunk.start, span[1] - span[0])


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def changes_since(run: Run, before: Run) -> Changes:
    """Questions that passed and fail now, that failed and pass now, new ones and lost ones.

    A question that the earlier run found only further down than this one looks hasn't changed.
    """
    now = {outcome.key: outcome for outcome in run.outcomes}
    then = {outcome.key: outcome for outcome in before.outcomes}
    both = [(each, then[key]) for key, each in now.items() if key in then]
    return Changes(
        broken=tuple(
            n for n, t in both if n.state == "failed" and 0 < t.rank <= min(run.top_k, before.top_k)
        ),
        fixed=tuple(n for n, t in both if t.state == "failed" and n.state == "passed"),
        added=len(now.keys() - then.keys()),
        removed=len(then.keys() - now.keys()),
    )


def write_run(path: Path, run: Run) -> None:
    """Keep a run as JSON, whole or not at all."""
    replace_text(path, json.dumps(asdict(run), ensure_ascii=False, indent=1) + "\n")


def read_run(path: Path) -> Run | None:
    """A kept run; None when there is none. Raises InvalidInput when it is damaged."""
    try:
        value: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Run(
            top_k=int(value["top_k"]),
            outcomes=tuple(Outcome(**each) for each in value["outcomes"]),
            unasked=tuple(value["unasked"]),
            unreached=tuple(value["unreached"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path.name} is damaged ({error}). Delete it; the next run begins anew."
        ) from error
