"""A store's own questions -> the calibration of its judge.

Each question of the store's suite is judged twice: with what retrieval finds, and with the document
that answers left out, when nothing answers any more. The judge's log-odds are then scaled and
shifted to fit this store (Platt, 1999, "Probabilistic outputs for support vector machines").
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag_cs.answerable import READ_HITS, Judge
from rag_cs.calibration import Calibration
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.questions import Question
from rag_cs.evaluation.risk import RISKS, threshold
from rag_cs.evaluation.suite import Searcher, find_quote, rank_of
from rag_cs.types import Document, Hit

# Two numbers are fitted: so many questions of either kind must there be.
MIN_QUESTIONS = 20
# Reading ten passages takes about 0.3 seconds.
MAX_QUESTIONS = 200
_SEED = 20240607

Progress = Callable[[int, int], None]
"""Called with the questions that were judged and the questions in all."""


@dataclass(frozen=True, slots=True)
class Case:
    """Hits that were judged, by their log-odds, and whether they answer."""

    logit: float
    answers: bool


def calibrate_store(
    questions: Sequence[Question],
    documents: Sequence[Document],
    retriever: Searcher,
    judge: Judge,
    progress: Progress | None = None,
) -> Calibration:
    """The judge's calibration for this store. Raises InvalidInput when there are too few questions,
    or when those that can't be answered look no worse than the others."""
    base = judge.calibration
    cases: list[Case] = []
    chosen = list(questions)
    random.Random(_SEED).shuffle(chosen)  # noqa: S311
    by_source = {document.source: document for document in documents}
    for number, question in enumerate(chosen[:MAX_QUESTIONS], start=1):
        if document := by_source.get(question.document):
            cases += _cases(question, document, retriever, judge, base)
        if progress:
            progress(number, min(len(chosen), MAX_QUESTIONS))
    return fit(cases, base)


def _cases(
    question: Question, document: Document, retriever: Searcher, judge: Judge, base: Calibration
) -> list[Case]:
    span = find_quote(question, document.text)
    if span is None:
        return []
    asked = question.question
    hits = retriever.search([asked], 4 * READ_HITS)
    found = hits[:READ_HITS]
    without = [hit for hit in hits if not _holds(hit, document, question.quote)][:READ_HITS]
    cases = []
    if found and rank_of(found, document.id, span, question.quote):
        cases.append(Case(base.logit(judge.signals(asked, found)), answers=True))
    if without:
        cases.append(Case(base.logit(judge.signals(asked, without)), answers=False))
    return cases


def _holds(hit: Hit, document: Document, quote: str) -> bool:
    return hit.chunk.document_id == document.id or quote in hit.chunk.text


def fit(cases: Sequence[Case], base: Calibration) -> Calibration:
    """The base calibration, fitted to cases of both kinds, which weigh the same."""
    labels = np.array([case.answers for case in cases], bool)
    if min(labels.sum(), (~labels).sum(), len(labels)) < MIN_QUESTIONS:
        raise InvalidInput(
            f"{int(labels.sum())} questions find their answer and {int((~labels).sum())} find "
            f"something else when it is left out; {MIN_QUESTIONS} of each are needed. "
            "Add documents or questions."
        )
    logits = np.array([[case.logit] for case in cases])
    model = LogisticRegression(C=10.0, class_weight="balanced").fit(logits, labels)
    slope, shift = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope <= 0:
        raise InvalidInput(
            "Questions that the store can't answer look no worse than those it can. The general "
            "calibration stays in use."
        )
    probabilities = model.predict_proba(logits)[:, 1]
    thresholds = [(risk, threshold(probabilities, labels, risk)) for risk in RISKS]
    return base.scaled(slope, shift, thresholds)
