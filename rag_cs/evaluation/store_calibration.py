"""A store's own questions -> the calibration of its judge.

Each question of the store's suite is judged twice: with what retrieval finds, and with the document
that answers left out, when nothing answers any more; a generator that gives a verdict is asked both
times. The judge's log-odds are then scaled and shifted to fit this store (Platt, 1999,
"Probabilistic outputs for support vector machines").
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag_cs.answerable import READ_HITS, Judge, Judgement, is_foreign
from rag_cs.calibration import Calibration, logit
from rag_cs.candidates import Candidate
from rag_cs.draft import Choice
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.questions import Question
from rag_cs.evaluation.risk import RISKS, threshold
from rag_cs.evaluation.suite import Searcher, find_quote, rank_of
from rag_cs.types import Document, Hit

# Two numbers are fitted: so many questions of either kind must there be.
MIN_QUESTIONS = 20
# Reading ten passages takes about 0.3 seconds, what the generator says of six sentences about one.
MAX_QUESTIONS = 200
_SEED = 20240607

Ask = Callable[[str, Sequence[Candidate]], Choice]
"""A question and the sentences that may answer -> the one that does, and the log-odds of it."""

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
    ask: Ask | None = None,
) -> Calibration:
    """The judge's calibration for this store; `ask` for a judge that hears the generator. Raises
    InvalidInput when there are too few questions, or when those that can't be answered look no
    worse than the others."""
    base = judge.calibration
    cases: list[Case] = []
    chosen = list(questions)
    random.Random(_SEED).shuffle(chosen)  # noqa: S311
    by_source = {document.source: document for document in documents}
    for number, question in enumerate(chosen[:MAX_QUESTIONS], start=1):
        if document := by_source.get(question.document):
            cases += _cases(question, document, retriever, judge, ask)
        if progress:
            progress(number, min(len(chosen), MAX_QUESTIONS))
    return fit(cases, base)


def _cases(
    question: Question, document: Document, retriever: Searcher, judge: Judge, ask: Ask | None
) -> list[Case]:
    span = find_quote(question, document.text)
    if span is None:
        return []
    asked = question.question
    hits = retriever.search([asked], 4 * READ_HITS)
    found = hits[:READ_HITS]
    without = [hit for hit in hits if not _holds(hit, document, question.quote)][:READ_HITS]
    cases = []
    # As the judge does: what is foreign isn't judged by signals, nor is nothing at all.
    if not is_foreign(asked, found) and rank_of(found, document.id, span, question.quote):
        cases.append(Case(_log_odds(asked, found, judge, ask), answers=True))
    if not is_foreign(asked, without):
        cases.append(Case(_log_odds(asked, without, judge, ask), answers=False))
    return cases


def _log_odds(asked: str, hits: Sequence[Hit], judge: Judge, ask: Ask | None) -> float:
    """By all that the judge hears, so that it is the last regression that gets scaled."""
    seen = judge.see(asked, hits)
    first = judge.calibration.probability(seen.values)
    judgement = Judgement(first, candidates=seen.candidates)
    if ask and seen.candidates:
        said = ask(asked, seen.candidates)
        judgement = judge.hear(judgement, said.logit, said.number)
    elif ask:
        judgement = judge.hear(judgement, None)
    return logit(judgement.probability)


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
    # Less a hair: what was fitted to must not fall below by the order of sums.
    thresholds = [(risk, threshold(probabilities, labels, risk) - 1e-9) for risk in RISKS]
    return base.scaled(slope, shift, thresholds)
