"""The recipe of the calibration: questions with and without an answer in, a logistic regression
over `answerable.signals` out, with the probability to ask for by risk.

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

from rag_cs.answerable import READ_HITS, AnswerReader, evidence_of, signals
from rag_cs.evaluation.datasets import Dataset, Query
from rag_cs.evaluation.risk import RISKS, threshold
from rag_cs.training.answer_pairs import Corpus, asked, group_of, search
from rag_cs.types import Hit


@dataclass(frozen=True, slots=True)
class Case:
    """The signals of a question, and whether what was read answers it. `kind` is the data set, or
    `foreign` for one that was asked of another corpus."""

    kind: str
    values: dict[str, float]
    answers: bool


def make_cases(
    corpora: Sequence[Corpus],
    reader: AnswerReader | None,
    belongs: Callable[[str], bool],
    *,
    limit: int,
    seed: int = 0,
) -> Iterator[Case]:
    """The cases of at most `limit` questions of each data set whose passages all belong."""
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
        for query in queries[:limit]:
            if hits := search(query, corpus)[:READ_HITS]:
                values = signals(asked(query), evidence_of(asked(query), hits, reader))
                yield Case(dataset.name, values, _is_among(query, hits, dataset))
            if others:
                hits = chance.choice(others).retriever.search([query.text], READ_HITS)
                values = signals(query.text, evidence_of(query.text, hits, reader))
                yield Case(f"{dataset.name}, asked elsewhere", values, answers=False)


def _is_judged(query: Query, dataset: Dataset) -> bool:
    expected = dataset.expected.get(query.id)
    return bool(dataset.relevant.get(query.id)) or bool(expected and not expected.answerable)


def _is_among(query: Query, hits: Sequence[Hit], dataset: Dataset) -> bool:
    grades = dataset.relevant.get(query.id, {})
    return any(grades.get(hit.chunk.document_id) for hit in hits)


def fit(cases: Sequence[Case]) -> dict[str, object]:
    """What `Calibration.load` reads. Both classes weigh the same."""
    names = list(cases[0].values)
    rows = np.array([[case.values[name] for name in names] for case in cases])
    labels = np.array([case.answers for case in cases])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced"))
    unseen = cross_val_predict(model, rows, labels, cv=10, method="predict_proba")[:, 1]
    model.fit(rows, labels)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - (weights * scaler.mean_).sum())
    return {
        "weights": {
            name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)
        },
        "bias": round(bias, 5),
        "thresholds": [[risk, round(threshold(unseen, labels, risk), 4)] for risk in RISKS],
    }


def save(calibration: dict[str, object], path: Path) -> None:
    """Write the calibration as JSON."""
    path.write_text(json.dumps(calibration, indent=1) + "\n", "utf-8")
