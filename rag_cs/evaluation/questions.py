"""A store's documents -> questions with the spans that answer them. Pure and deterministic.

FAQ questions in other words, headings as questions, codes and figures looked up.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag_cs.evaluation.asking.ambiguity import Asked, precisely, unmistakable
from rag_cs.evaluation.asking.candidates import candidates
from rag_cs.evaluation.asking.lookups import CODE
from rag_cs.evaluation.asking.rewording import reword
from rag_cs.types import Document

SEED = 20240607
QUESTIONS_PER_DOCUMENT = 12
# A FAQ sheet is one document, and every pair of it is what shoppers ask.
PAIRS_PER_DOCUMENT = 48
# A search takes about 20 ms: 2,000 questions are asked within a minute.
MAX_QUESTIONS = 2_000
# Nobody asks for more of a law by number.
_MAX_OF_KIND = {"article": 4}


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the span that answers it: `text[start:end] == quote` of the document whose
    source is `document`.

    `kind` is one of QuestionKind, or what a merchant calls it; `change` says how a FAQ
    question was reworded.
    """

    question: str
    kind: str
    change: str
    document: str
    quote: str
    start: int
    end: int


def make_questions(
    documents: Sequence[Document], per_document: int = QUESTIONS_PER_DOCUMENT
) -> list[Question]:
    """The questions of `documents`, at most `per_document` of each besides FAQ pairs, by document
    and place. The same documents give the same questions."""
    asked = [one for document in documents for one in _asked(document)]
    limit = max(1, min(per_document, MAX_QUESTIONS // max(1, len(documents))))
    groups: dict[str, list[Asked]] = defaultdict(list)
    for one in unmistakable(asked, documents):
        groups[one.document.source].append(one)
    return [question for group in groups.values() for question in _rows(group, limit)]


def _asked(document: Document) -> Iterator[Asked]:
    """The candidates of a document; of a manual's, each with the product that it is about."""
    codes = (match[0] for match in CODE.finditer(document.title))
    product = next((code for code in codes if re.search(r"[-/]|\d{3}", code)), "")
    for candidate in candidates(document):
        one = Asked(candidate, document, product)
        # A spreadsheet program would take these for formulas.
        if one.quote[0] not in "=+@":
            yield precisely(one) if product else one


def _rows(group: Sequence[Asked], limit: int) -> Iterator[Question]:
    """The chosen questions of one document; FAQ questions get other words."""
    chooser = random.Random(SEED ^ zlib.crc32(group[0].document.source.encode()))  # noqa: S311
    pairs = [one for one in group if one.candidate.kind == "faq"]
    others = [one for one in group if one.candidate.kind != "faq"]
    pairs = _choose(pairs, PAIRS_PER_DOCUMENT if limit > 1 else 1, chooser)
    chosen = pairs + _choose(others, limit, chooser)
    for turn, one in enumerate(sorted(chosen, key=lambda one: one.candidate.start)):
        candidate = one.candidate
        change, wording = "", candidate.question
        if candidate.kind == "faq":
            change, wording = reword(candidate.question, turn)
        if wording:
            span = (candidate.start, candidate.end)
            yield Question(wording, candidate.kind, change, one.document.source, one.quote, *span)


def _choose(group: Sequence[Asked], limit: int, chooser: random.Random) -> list[Asked]:
    """`limit` of them, as many of one kind as of another while there are."""
    kinds: dict[str, list[Asked]] = defaultdict(list)
    for one in chooser.sample(group, len(group)):
        kinds[one.candidate.kind].append(one)
    chosen: list[Asked] = []
    for kind, most in _MAX_OF_KIND.items():
        kinds[kind] = kinds[kind][:most]
    while len(chosen) < limit and any(kinds.values()):
        chosen += [queue.pop() for _, queue in sorted(kinds.items()) if queue]
    return chosen[:limit]
