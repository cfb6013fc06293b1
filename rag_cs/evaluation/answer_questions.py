"""A data set -> the questions to ask of its corpus: its own, and those of another set, which it
can't answer. Knows nothing of answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.datasets import ANSWERS_FILE, Dataset, Query
from rag_cs.evaluation.runs import filters_of, sample_queries
from rag_cs.index.base import Filters
from rag_cs.text import detect_language
from rag_cs.types import Language, Turn

HeldOut = Callable[[Query, Dataset], bool]
"""Whether nothing was learned from a question's passages."""


def nothing_held_out(query: Query, dataset: Dataset) -> bool:  # noqa: ARG001
    """The HeldOut of those who haven't learned from any data set."""
    return False


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known of its answer. `group` is where its figures are shown: its
    data set or, for questions of another one, `other asked of dataset`."""

    id: str
    text: str
    language: Language
    dataset: str
    group: str
    answerable: bool
    expected: tuple[str, ...] = ()
    relevant: frozenset[str] = frozenset()
    history: tuple[Turn, ...] = ()
    filters: Filters | None = None
    held_out: bool = False


def questions_of(
    dataset: Dataset,
    *,
    limit: int | None = None,
    use_history: bool = False,
    filter_field: str | None = None,
    held_out: HeldOut = nothing_held_out,
) -> list[Question]:
    """The questions of a data set whose answers are known, or `limit` of them, always the same:
    among them as large a share of unanswerable ones as among all.

    Raises InvalidInput for a data set without answers and for a query without the filter's field.
    """
    known = [query for query in dataset.queries if query.id in dataset.expected]
    if not known:
        raise InvalidInput(
            f"{dataset.name} has no {ANSWERS_FILE} that covers its queries. To ask its questions "
            "of another corpus, where none can be answered, name it after --also."
        )
    chosen = _sample(known, [dataset.expected[query.id].answerable for query in known], limit)
    return [
        Question(
            id=query.id,
            text=query.text,
            language=detect_language(query.text),
            dataset=dataset.name,
            group=dataset.name,
            answerable=dataset.expected[query.id].answerable,
            expected=dataset.expected[query.id].answers,
            relevant=frozenset(
                passage for passage, grade in dataset.relevant.get(query.id, {}).items() if grade
            ),
            history=query.history if use_history else (),
            filters=filters_of(query, filter_field),
            held_out=held_out(query, dataset),
        )
        for query in chosen
    ]


def foreign_questions(
    dataset: Dataset,
    other: Dataset,
    *,
    limit: int | None = None,
    use_history: bool = False,
    filter_field: str | None = None,
    held_out: HeldOut = nothing_held_out,
) -> list[Question]:
    """Questions of `other`, to be asked of the corpus of `dataset`, which can't answer them.

    With a filter, they take the values of the data set's own queries in turn: they are asked on
    the page of some product. Raises InvalidInput when both are one data set.
    """
    if other.name == dataset.name:
        raise InvalidInput(f"{dataset.name} can answer its own questions. Name another.")
    filters = [filters_of(query, filter_field) for query in dataset.queries]
    return [
        Question(
            id=f"{other.name}/{query.id}",
            text=query.text,
            language=detect_language(query.text),
            dataset=dataset.name,
            group=f"{other.name} asked of {dataset.name}",
            answerable=False,
            history=query.history if use_history else (),
            filters=filters[number % len(filters)],
            held_out=held_out(query, other),
        )
        for number, query in enumerate(sample_queries(other.queries, limit))
    ]


def _sample(queries: Sequence[Query], answerable: Sequence[bool], limit: int | None) -> list[Query]:
    if limit is None or not 1 <= limit < len(queries):
        return sample_queries(queries, limit)
    sides = [
        [query for query, can in zip(queries, answerable, strict=True) if can is side]
        for side in (True, False)
    ]
    unanswerable = round(limit * len(sides[1]) / len(queries))
    counts = (limit - unanswerable, unanswerable)
    chosen = {
        query.id
        for side, count in zip(sides, counts, strict=True)
        if count
        for query in sample_queries(side, count)
    }
    return [query for query in queries if query.id in chosen]
