"""One answer, what was expected and the corpus -> how good each part of it is. Pure.

The words of English are compared as SQuAD's official script does (lower case, no punctuation, no
articles), Chinese character by character as CMRC's does. Quotes are checked against the texts of
the data set, not against what an index gave back.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag_cs.evaluation.answers import AnswerRecord
from rag_cs.evaluation.fact_check import unsupported_facts
from rag_cs.parts import MOST_PARTS
from rag_cs.replies import conclude
from rag_cs.text import CJK, split_sentences
from rag_cs.types import Language

# An answer is wrong when it holds none of the expected ones whole and shares less than this with
# the nearest: below it lies what is on another subject, above it lie other wordings and parts of
# long expected answers.
WRONG_BELOW_F1 = 0.3

# How the assistant begins to say which part of a question it can't answer, letters alone.
_LANGUAGES: tuple[Language, ...] = ("en", "zh")
_NOT_FOUND = [
    "".join(
        character
        for character in conclude([""], (), [place], language, 0.0).text.lower()
        if character.isalnum()
    )
    for language in _LANGUAGES
    for place in range(MOST_PARTS)
]
_ARTICLES = frozenset({"a", "an", "the"})
_TERM = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


@dataclass(frozen=True, slots=True)
class Marks:
    """`f1` and `contained` are against the best expected answer, 0 for a refusal. None stands
    where nothing can be said: F1 of what can't be answered, citations without labels.

    `wrong`: it was answered, and it can't be, or not so. `uncited` are those of the answer's
    sentences that no citation backs; what it says not to know counts as none.
    """

    f1: float | None
    contained: float | None
    wrong: bool
    citation_precision: float | None
    citation_recall: float | None
    span_precision: float | None
    span_recall: float | None
    citations: int
    altered_quotes: int
    unretrieved: int
    sentences: int
    uncited: tuple[str, ...]
    unsupported: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer with its marks."""

    record: AnswerRecord
    marks: Marks


def mark(record: AnswerRecord, documents: Mapping[str, str]) -> Marked:
    """Check one answer. `documents` holds the corpus's texts by document id."""
    question = record.question
    citations = record.citations if record.answered else ()
    chunks = {chunk for chunk, _ in record.retrieved}
    sentences = statements(record.answer) if record.answered else []
    backed = [_squeezed(citation.sentence) for citation in citations]
    f1, contained = _agreement(record)
    labelled = record.answered and question.answerable and bool(question.relevant)
    right = [citation.document_id in question.relevant for citation in citations]
    spans = _spans(record, documents)
    return Marked(
        record,
        Marks(
            f1=f1,
            contained=contained,
            wrong=record.answered and not _is_right(f1, contained),
            citation_precision=_share(right) if labelled else None,
            citation_recall=float(any(right)) if labelled and citations else None,
            span_precision=_share(spans) if spans is not None else None,
            span_recall=float(any(spans)) if spans else None,
            citations=len(citations),
            altered_quotes=sum(
                not each.quote
                or documents.get(each.document_id, "")[each.start : each.end] != each.quote
                for each in citations
            ),
            unretrieved=sum(citation.chunk_id not in chunks for citation in citations),
            sentences=len(sentences),
            uncited=tuple(
                sentence
                for sentence in sentences
                if not any(_overlap(_squeezed(sentence), each) for each in backed)
            ),
            unsupported=(
                unsupported_facts(record.answer, record.support, question.text)
                if record.answered
                else ()
            ),
        ),
    )


def token_f1(answer: str, expected: Iterable[str]) -> float:
    """The greatest F1 of the terms shared with any expected answer, in [0, 1]."""
    said = Counter(answer_terms(answer))
    return max((_f1(said, Counter(answer_terms(each))) for each in expected), default=0.0)


def contains(answer: str, expected: Iterable[str]) -> bool:
    """Whether the terms of any expected answer stand in the answer, together and in order."""
    said = _joined(answer)
    return any(len(each) > 1 and each in said for each in map(_joined, expected))


def answer_terms(text: str) -> list[str]:
    """The terms that are compared: words without articles and punctuation, Chinese characters."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("'", "").replace("’", "")
    return [term for term in _TERM.findall(folded) if term not in _ARTICLES]


def statements(answer: str) -> list[str]:
    """The sentences of an answer, without those that say what isn't known."""
    parts = [answer[start:end] for start, end in split_sentences(answer)]
    return [
        part
        for part in parts
        if _squeezed(part) and not _squeezed(part).startswith(tuple(_NOT_FOUND))
    ]


def _agreement(record: AnswerRecord) -> tuple[float | None, float | None]:
    question = record.question
    if not question.answerable:
        return None, None
    if not record.answered:
        return 0.0, 0.0
    expected = question.expected
    return token_f1(record.answer, expected), float(contains(record.answer, expected))


def _is_right(f1: float | None, contained: float | None) -> bool:
    return f1 is not None and (f1 >= WRONG_BELOW_F1 or bool(contained))


def _spans(record: AnswerRecord, documents: Mapping[str, str]) -> list[bool] | None:
    """Whether each citation's quote holds an expected answer; None unless these are spans of the
    relevant passages and something is cited."""
    if not (record.answered and record.citations and record.question.answerable):
        return None
    texts = [documents.get(identifier, "") for identifier in record.question.relevant]
    spans = [each for each in record.question.expected if any(contains(t, [each]) for t in texts)]
    if not spans:
        return None
    return [contains(citation.quote, spans) for citation in record.citations]


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _overlap(one: str, other: str) -> bool:
    return one in other or (bool(other) and other in one)


def _squeezed(text: str) -> str:
    """A text as letters and digits alone, so that neither marks nor spaces tell texts apart."""
    return "".join(sign for sign in text.lower() if sign.isalnum())


def _joined(text: str) -> str:
    return f" {' '.join(answer_terms(text))} " if answer_terms(text) else ""


def _f1(said: Counter[str], expected: Counter[str]) -> float:
    shared = (said & expected).total()
    return 2 * shared / (said.total() + expected.total()) if shared else 0.0
