"""The recipe of the calibration: questions with and without an answer in, a logistic regression
over `answerable.signals` out, with the probability to ask for by risk; and a second one over it,
the verdict of a generator that gives one, and the score of the sentence that this is about.

Learned from the questions that the answer reader was kept from (`is_for_calibration`), as many
answerable ones as not: those of data sets that have some, and every question asked once more of
another data set's corpus.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rag_cs.answerable import READ_HITS, Judge, is_foreign, score_of
from rag_cs.calibration import UNASKED, logit
from rag_cs.candidates import Candidate
from rag_cs.draft import Choice
from rag_cs.evaluation.datasets import Dataset, Query
from rag_cs.evaluation.risk import RISKS, Flags, Values, threshold
from rag_cs.training.answer_pairs import Corpus, group_of, search
from rag_cs.training.labels import answers
from rag_cs.types import Hit

# Of the questions that what is shown answers, the share that the generator isn't asked: those
# that all other signals speak against.
GATED = 0.0

Ask = Callable[[str, Sequence[Candidate]], Choice]
"""A question and the sentences that may answer -> the sentence that the generator would answer
from, and its log-odds."""


@dataclass(frozen=True, slots=True)
class Case:
    """The signals of a question, and whether the sentence that would be sent answers it. `kind` is
    the data set, or the set with ", asked elsewhere" for one that was asked of another corpus;
    `verdict` is the generator's, if it was asked, `score` that of the sentence."""

    kind: str
    values: dict[str, float]
    answers: bool
    verdict: float | None = None
    score: float = 0.0


def make_cases(
    corpora: Sequence[Corpus],
    judge: Judge,
    belongs: Callable[[str], bool],
    *,
    limit: int,
    ask: Ask | None = None,
    heard: int | None = None,
    seed: int = 0,
) -> Iterator[Case]:
    """The cases of at most `limit` questions of each data set whose passages all belong; of the
    first `heard`, by default all, the generator is asked, which takes most of the time."""
    chance = random.Random(seed)
    for corpus in corpora:
        dataset = corpus.dataset
        queries = [
            query
            for query in dataset.queries
            if _is_judged(query, dataset) and all(map(belongs, group_of(query, dataset)))
        ]
        chance.shuffle(queries)
        others = [each for each in corpora if each is not corpus]
        for number, query in enumerate(queries[:limit]):
            hear = ask if heard is None or number < heard else None
            hits = search(query, corpus)[:READ_HITS]
            if hits and (case := _case(dataset.name, query, hits, judge, hear, dataset)):
                yield case
            if others:
                hits = chance.choice(others).retriever.search([query.text], READ_HITS)
                if case := _case(f"{dataset.name}, asked elsewhere", query, hits, judge, hear):
                    yield case


def _case(
    kind: str,
    query: Query,
    hits: Sequence[Hit],
    judge: Judge,
    ask: Ask | None,
    dataset: Dataset | None = None,
) -> Case | None:
    # As the judge does: a question is read alone, and what is foreign isn't judged by signals.
    if is_foreign(query.text, hits):
        return None
    seen = judge.see(query.text, hits)
    said = Choice(0, UNASKED)
    if ask and seen.candidates:
        said = ask(query.text, seen.candidates)
    is_right: bool | None = False
    if dataset and seen.candidates:
        is_right = answers(query, seen.candidates[said.number], dataset)
    if is_right is None:
        return None
    score = score_of(seen.candidates, said.number)
    return Case(kind, dict(seen.values), is_right, said.logit if ask else None, score)


def _is_judged(query: Query, dataset: Dataset) -> bool:
    expected = dataset.expected.get(query.id)
    return bool(dataset.relevant.get(query.id)) or bool(expected and not expected.answerable)


def fit(cases: Sequence[Case]) -> dict[str, object]:
    """What `Calibration.load` reads. Both classes weigh the same. The second regression is fitted
    to the cases that have a verdict, where there are some."""
    names = list(cases[0].values)
    rows = np.array([[case.values[name] for name in names] for case in cases])
    labels = np.array([case.answers for case in cases])
    weights, bias, unseen = _regress(rows, labels)
    fitted: dict[str, object] = {
        "weights": {
            name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)
        },
        "bias": round(bias, 5),
        "thresholds": _thresholds(unseen, labels),
    }
    heard = np.array([case.verdict is not None for case in cases])
    if heard.any():
        asked_of = [case for case in cases if case.verdict is not None]
        fitted["verdict"] = _fit_verdict(unseen[heard], asked_of)
    return fitted


def _fit_verdict(first: Values, cases: Sequence[Case]) -> dict[str, object]:
    labels = np.array([case.answers for case in cases])
    verdicts = [case.verdict for case in cases]
    scores = [case.score for case in cases]
    rows = np.array([[logit(each) for each in first], verdicts, scores]).T
    (judged, verdict, candidate), bias, unseen = _regress(rows, labels)
    gate = float(np.quantile(first[labels], GATED))
    unseen = np.where(first >= gate, unseen, 0.0)  # the generator isn't asked: nothing is sent
    return {
        "judged": round(float(judged), 5),
        "verdict": round(float(verdict), 5),
        "bias": round(bias, 5),
        "gate": round(gate, 4),
        "thresholds": _thresholds(unseen, labels),
        "candidate": round(float(candidate), 5),
    }


def _regress(rows: Values, labels: Flags) -> tuple[Values, float, Values]:
    """(weights, bias, probability of each row by a regression that didn't see it)."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced"))
    unseen: Values = cross_val_predict(model, rows, labels, cv=10, method="predict_proba")[:, 1]
    model.fit(rows, labels)
    scaler, regression = model[0], model[1]
    weights: Values = regression.coef_[0] / scaler.scale_
    return weights, float(regression.intercept_[0] - (weights * scaler.mean_).sum()), unseen


def _thresholds(probabilities: Values, labels: Flags) -> list[list[float]]:
    return [[risk, round(threshold(probabilities, labels, risk), 4)] for risk in RISKS]


def save(calibration: dict[str, object], path: Path) -> None:
    """Write the calibration as JSON."""
    path.write_text(json.dumps(calibration, indent=1) + "\n", "utf-8")
