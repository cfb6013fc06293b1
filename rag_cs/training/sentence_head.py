"""The recipe of the sentence head: questions and the sentences of what retrieval finds, in a
projection out.

`late_interaction` learns which passage answers; this goes on from its head and learns which of the
sentences in the first passages does, by the finder's part of the score that `candidates` orders
them by, on exact vectors. The embedder stays frozen, so its token states are computed once.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rag_cs.answerable import READ_HITS, is_foreign
from rag_cs.candidates import FINDER_WEIGHT, Candidate, worth_of
from rag_cs.embed import Halves, LocalEmbeddings
from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import Query
from rag_cs.evaluation.runs import sample_queries
from rag_cs.extents import extent
from rag_cs.models.token_codes import Floats, TokenHead
from rag_cs.rerank import COSINE_WEIGHT, MOST_CHARACTERS, MOST_SENTENCES, USUAL_COSINE
from rag_cs.statements import statements_of
from rag_cs.training.answer_pairs import Corpus, is_allowed, search
from rag_cs.training.labels import answers
from rag_cs.training.late_interaction import HeadModel, all_states, optimise, tensor, to_head
from rag_cs.types import Hit
from rag_cs.wanted import wanted

log = logging.getLogger(__name__)

STEPS = 900
BATCH = 16
LEARNING_RATE = 2e-3
# Of these data sets at most so many questions, for the time that searching and encoding take; of
# each question at most so many sentences that don't answer, for the time of a step.
MOST_QUERIES: Mapping[str, int] = {
    "squad2_en": 900, "doc2dial_en": 700, "cmrc2018_zh": 500, "dstc11_t5_en": 500
}  # fmt: skip
MOST_WRONG = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's token states and vector, and for each sentence that may answer it: its position
    in `Material.sentences`, what counts beside the words (`candidates.worth_of`), and whether it
    answers, 1, 0, or -1 where nobody knows."""

    text: str
    query: Halves
    vector: Floats
    sentences: np.ndarray
    worth: Floats
    labels: np.ndarray


@dataclass(frozen=True, slots=True)
class Material:
    """One data set: its sentences as token states and vectors (sentences, dimensions)."""

    name: str
    sentences: tuple[Halves, ...]
    vectors: Floats
    questions: tuple[Asked, ...]


def train(
    corpora: Sequence[Corpus], embeddings: LocalEmbeddings, start: TokenHead, *, seed: int = 0
) -> TokenHead:
    """A head for the sentences, from that of the passages, learned from what may be learned of the
    data sets. Raises InvalidInput when that is nothing."""
    random.seed(seed)
    torch.manual_seed(seed)
    materials = [prepare(corpus, embeddings) for corpus in corpora]
    for material in materials:
        log.info("%s: %d questions", material.name, len(material.questions))
    materials = [material for material in materials if material.questions]
    if not materials:
        raise InvalidInput(
            "No question may be learned from: retrieval finds none an answer among other sentences."
        )
    model = HeadModel(torch.from_numpy(start.projection.copy()))
    with torch.no_grad():
        model.importance.copy_(torch.from_numpy(start.importance))
        model.bias.fill_(start.bias)
    _fit(model, materials)
    return to_head(model, [material.sentences for material in materials])


def prepare(corpus: Corpus, embeddings: LocalEmbeddings) -> Material:
    """The questions of a data set that retrieval finds an answer to, and the sentences found."""
    dataset = corpus.dataset
    queries = [
        query
        for query in dataset.queries
        if dataset.relevant.get(query.id) and is_allowed(query, dataset)
    ]
    places: dict[str, int] = {}
    found = []
    for query in sample_queries(queries, MOST_QUERIES.get(dataset.name)):
        hits = search(query, corpus)[:READ_HITS]
        rows = [] if is_foreign(query.text, hits) else list(_rows(query, hits, corpus))
        labels = np.array([label for *_, label in rows])
        if (labels == 1).any() and (labels == 0).any():
            numbers = [places.setdefault(text, len(places)) for text, *_ in rows]
            found.append((query.text, numbers, rows, labels))
    vectors, states = all_states(list(places), "document", embeddings)
    near, tokens = all_states([text for text, *_ in found], "query", embeddings)
    questions = tuple(
        Asked(
            text=text,
            query=tokens[number],
            vector=near[number],
            sentences=np.array(numbers),
            worth=np.array([worth for _, worth, _ in rows], np.float32),
            labels=labels,
        )
        for number, (text, numbers, rows, labels) in enumerate(found)
    )
    return Material(dataset.name, tuple(states), vectors, questions)


def _rows(query: Query, hits: Sequence[Hit], corpus: Corpus) -> Iterator[tuple[str, float, int]]:
    """(text, worth, label) of each sentence that may be an answer."""
    kinds = wanted(query.text)
    for rank, hit in enumerate(hits):
        chunk = hit.chunk
        for start, end in statements_of(chunk)[:MOST_SENTENCES]:
            span = extent(chunk, start, end, query.text)
            if span is None:
                continue
            label = answers(query, Candidate(hit, *span), corpus.dataset)
            text = chunk.text[start:end][:MOST_CHARACTERS]
            yield text, worth_of(chunk, start, end, rank, kinds), -1 if label is None else label


def _fit(model: HeadModel, materials: Sequence[Material]) -> None:
    # The square root lets small sets count for more than their size.
    shares = [len(material.questions) ** 0.5 for material in materials]

    def loss() -> torch.Tensor:
        chosen = random.choices(materials, shares, k=BATCH)
        each = [_loss(model, material, random.choice(material.questions)) for material in chosen]
        return torch.stack(each).mean()

    optimise(model, loss, STEPS, LEARNING_RATE)


def _loss(model: HeadModel, material: Material, asked: Asked) -> torch.Tensor:
    """How little of the sentences' weight the ones that answer hold, as a cross-entropy."""
    right = np.flatnonzero(asked.labels == 1)
    wrong = np.flatnonzero(asked.labels == 0).tolist()
    rows = np.array([*right, *random.sample(wrong, min(MOST_WRONG, len(wrong)))])
    scores = FINDER_WEIGHT * scores_of(model, material, asked, rows)
    return torch.logsumexp(scores, 0) - torch.logsumexp(scores[: len(right)], 0)


def scores_of(model: HeadModel, material: Material, asked: Asked, rows: np.ndarray) -> torch.Tensor:
    """The finder's part of what `candidates` orders those sentences of a question by."""
    places = asked.sentences[rows]
    states = [material.sentences[place] for place in places]
    query = tensor(asked.query)
    weights = model.weights(query)
    products = model.vectors(query) @ model.vectors(tensor(np.concatenate(states))).T
    owners = torch.from_numpy(np.repeat(np.arange(len(states)), [len(each) for each in states]))
    best = torch.full((len(query), len(states)), -9.0).scatter_reduce(
        1, owners.expand(len(query), -1), products, "amax"
    )
    cosines = material.vectors[places] @ asked.vector
    beside = COSINE_WEIGHT * (cosines - USUAL_COSINE) + asked.worth[rows]
    return weights / weights.sum() @ best + torch.from_numpy(beside)
