"""The recipe of the token head: BEIR folders in, a projection of a few hundred kilobytes out.

The embedder stays frozen, so its token states are computed once and training takes minutes on
two cores. A query must come nearer to the passage that answers it than to passages our own
retrieval confuses with it. Only queries whose relevant passages all fall into the training half
(by a hash of their ids) are learned from; the other half is for `scripts/evaluate_retrieval.py`.
"""

from __future__ import annotations

import logging
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from rag_cs.chunk import chunk
from rag_cs.embed import Halves, LocalEmbeddings, Side
from rag_cs.evaluation.datasets import Dataset, Query, read_dataset, to_document
from rag_cs.evaluation.runs import sample_queries
from rag_cs.index.base import Numbers
from rag_cs.models.token_codes import Floats, TokenHead
from rag_cs.rewrite import rewrite

log = logging.getLogger(__name__)

DIMENSIONS = 96
BATCH = 16
EPOCHS = 2
LEARNING_RATE = 1e-3
TEMPERATURE = 0.05
NEGATIVES = 4
# Of each data set at most so many queries: large ones would drown the small.
MOST_QUERIES = 1_500
# The step of a two-bit code in standard deviations: Max, 1960, table I.
_STEP = 0.996
_MINED = 30
_STATES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Example:
    """A query's token states, and the chunks that answer it and that don't, by position."""

    query: Halves
    positives: tuple[int, ...]
    negatives: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """One data set's chunks as token states (in float16, to save memory), and its examples."""

    name: str
    states: tuple[Halves, ...]
    documents: tuple[str, ...]
    examples: tuple[Example, ...]


def is_held_out(document_id: str) -> bool:
    """Whether a passage belongs to the half that is never learned from."""
    return bool(zlib.crc32(document_id.encode()) % 2)


def train(folders: Sequence[Path], embeddings: LocalEmbeddings, *, seed: int = 0) -> TokenHead:
    """A head for `embeddings`, learned from the training halves of the data sets in `folders`.

    Raises InvalidInput for a malformed data set.
    """
    random.seed(seed)
    torch.manual_seed(seed)
    materials: list[Material] = []
    for folder in folders:
        for material in prepare(read_dataset(folder), embeddings):
            log.info("%s: %d examples", material.name, len(material.examples))
            materials.append(material)
    materials = [material for material in materials if material.examples]
    model = HeadModel(_principal_axes(materials))
    _fit(model, materials)
    return to_head(model, [material.states for material in materials])


def prepare(dataset: Dataset, embeddings: LocalEmbeddings) -> list[Material]:
    """The material of a data set; where queries have a history, once without and once with it."""
    parts = [
        part
        for passage in dataset.passages
        for part in chunk(to_document(passage), embeddings.count_tokens)
    ]
    vectors, states = all_states([part.embedded_text for part in parts], "document", embeddings)
    documents = tuple(part.document_id for part in parts)
    queries = _training_queries(dataset)
    wordings = [[query.text for query in queries]]
    if any(query.history for query in queries):
        wordings.append([rewrite(query.text, query.history)[-1] for query in queries])
    made = []
    for texts in wordings:
        near, tokens = all_states(texts, "query", embeddings)
        candidates = np.argsort(-(near @ vectors.T), axis=1)[:, :_MINED]
        found = [
            _example(tokens[number], dataset.relevant[query.id], candidates[number], documents)
            for number, query in enumerate(queries)
        ]
        examples = tuple(example for example in found if example.positives and example.negatives)
        made.append(Material(dataset.name, tuple(states), documents, examples))
    return made


def _training_queries(dataset: Dataset) -> list[Query]:
    allowed = [
        query
        for query in dataset.judged_queries()
        if not any(is_held_out(document) for document in dataset.relevant[query.id])
    ]
    return sample_queries(allowed, MOST_QUERIES) if allowed else []


def all_states(
    texts: Sequence[str], side: Side, embeddings: LocalEmbeddings
) -> tuple[Floats, list[Halves]]:
    """(vectors, token states) of many texts, the states in float16."""
    vectors: list[Floats] = [np.empty((0, embeddings.dimensions), np.float32)]
    states: list[Halves] = []
    for start in range(0, len(texts), _STATES_AT_ONCE):
        rows, some = embeddings.states(list(texts[start : start + _STATES_AT_ONCE]), side)
        vectors.append(rows)
        states += [each.astype(np.float16) for each in some]
    return np.concatenate(vectors), states


def _example(
    query: Halves, grades: Mapping[str, int], near: Numbers, documents: Sequence[str]
) -> Example:
    """The nearest chunks that answer, and those among the nearest that don't."""
    answers = [grades.get(documents[position], 0) > 0 for position in near]
    return Example(
        query=query,
        positives=tuple(int(position) for position, yes in zip(near, answers, strict=True) if yes),
        negatives=tuple(
            int(position) for position, yes in zip(near, answers, strict=True) if not yes
        ),
    )


class HeadModel(torch.nn.Module):
    """What `TokenHead` computes, to be learned."""

    def __init__(self, projection: torch.Tensor) -> None:
        super().__init__()
        self.projection = torch.nn.Parameter(projection)
        self.importance = torch.nn.Parameter(torch.zeros(projection.shape[0]))
        self.bias = torch.nn.Parameter(torch.ones(1))

    def vectors(self, states: torch.Tensor) -> torch.Tensor:
        """As `TokenHead.project`."""
        projected = functional.normalize(states, dim=-1) @ self.projection
        return functional.normalize(projected, dim=-1)

    def weights(self, states: torch.Tensor) -> torch.Tensor:
        """As `TokenHead.weights`."""
        scores = 8 * (functional.normalize(states, dim=-1) @ self.importance) + self.bias
        return functional.softplus(scores)


def _principal_axes(materials: Sequence[Material]) -> torch.Tensor:
    """The projection that training begins with: it keeps the most of the states' spread."""
    chosen = [
        material.states[position].astype(np.float32)
        for material in materials
        for position in random.sample(range(len(material.states)), min(50, len(material.states)))
    ]
    states = np.concatenate(chosen)
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    return torch.from_numpy(np.linalg.svd(states, full_matrices=False)[2][:DIMENSIONS].T.copy())


def _fit(model: HeadModel, materials: Sequence[Material]) -> None:
    # A batch is of one data set, so that its passages are hard negatives of each other; the
    # square root lets small sets count for more than their size.
    shares = [len(material.examples) ** 0.5 for material in materials]

    def loss() -> torch.Tensor:
        material = random.choices(materials, shares)[0]
        batch = random.sample(material.examples, min(BATCH, len(material.examples)))
        return _loss(model, material, batch)

    steps = EPOCHS * sum(len(material.examples) for material in materials) // BATCH
    optimise(model, loss, steps, LEARNING_RATE)


def optimise(
    model: HeadModel, loss_of_batch: Callable[[], torch.Tensor], steps: int, learning_rate: float
) -> None:
    """So many steps down the loss of a new batch each, the rate rising to `learning_rate` first."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=max(steps, 10), pct_start=0.1
    )
    losses: list[float] = []
    for step in range(steps):
        loss = loss_of_batch()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % 100 == 99:
            log.info("step %d of %d, loss %.3f", step + 1, steps, np.mean(losses[-100:]))


def _loss(model: HeadModel, material: Material, batch: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy of each query's best positive among all passages of the batch, other right
    answers left out."""
    columns = _columns(batch)
    padded = torch.nn.utils.rnn.pad_sequence(
        [tensor(material.states[position]) for position in columns], batch_first=True
    )
    real = padded.abs().sum(-1) > 0
    passages = model.vectors(padded)
    losses = []
    for example in batch:
        states = tensor(example.query)
        weights = model.weights(states)
        products = torch.einsum("qd,ptd->qpt", model.vectors(states), passages)
        best = products.masked_fill(~real[None], -9).amax(-1)
        scores = weights @ best / weights.sum() / TEMPERATURE
        right = torch.tensor([position in example.positives for position in columns])
        target = int(scores.detach().masked_fill(~right, -1e4).argmax())
        right[target] = False
        losses.append(
            functional.cross_entropy(scores.masked_fill(right, -1e4)[None], torch.tensor([target]))
        )
    return torch.stack(losses).mean()


def _columns(batch: Sequence[Example]) -> list[int]:
    chosen: dict[int, None] = {}
    for example in batch:
        chosen[
            example.positives[0] if random.random() < 0.5 else random.choice(example.positives)
        ] = None
        for position in random.sample(example.negatives, min(NEGATIVES, len(example.negatives))):
            chosen[position] = None
    return list(chosen)


def tensor(states: Halves) -> torch.Tensor:
    """States to be multiplied."""
    return torch.from_numpy(states.astype(np.float32))


def to_head(model: HeadModel, states: Sequence[Sequence[Halves]]) -> TokenHead:
    """What was learned; the steps of its codes are fitted to `states`, one sequence a data set."""
    with torch.no_grad():
        sample = [
            model.vectors(tensor(state)).numpy()
            for some in states
            for state in some[:: max(1, len(some) // 200)]
        ]
    return TokenHead(
        projection=model.projection.detach().numpy(),
        steps=_STEP * np.concatenate(sample).std(axis=0),
        importance=model.importance.detach().numpy(),
        bias=float(model.bias.item()),
    )
