"""Data sets -> pairs of question and passage, with whether and where the passage answers.

What our own retrieval finds for a question makes the pairs: the passages that are judged to
answer it, and the best of those that aren't. To them come questions that nobody can answer:
those of data sets that have some; passages whose answering sentence was cut out; and questions
of one data set asked of another's corpus, in either language.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rag_cs.evaluation.datasets import Dataset, Query
from rag_cs.evaluation.runs import build_index
from rag_cs.retrieve import Retriever
from rag_cs.rewrite import rewrite
from rag_cs.text import search_terms, split_sentences
from rag_cs.training.late_interaction import is_held_out
from rag_cs.types import Chunk, Hit

# Metadata that names the product a question is about.
PRODUCT = "product_id"
# Of each data set at most so many questions.
MOST_QUERIES = 2_500
# What retrieval offers, and how many right and wrong passages of it are used, the best ones.
TOP_K = 10
POSITIVES = 2
NEGATIVES = 2
# Shares of the questions that are asked of another corpus, and of the passages that are also
# shown without the sentence that answers.
FOREIGN_SHARE = 0.5
CUT_SHARE = 0.5
# A sentence answers when it holds so much of the expected answer's words.
_MIN_OVERLAP = 0.5
# A passage of so few sentences is one chunk.
_SHORT = 3


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """`spans` are the parts of the passage that answer; None when it does but nobody knows where.

    `dataset` is that of the question.
    """

    dataset: str
    question: str
    passage: str
    answers: bool
    spans: tuple[tuple[int, int], ...] | None = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """A data set with the retriever over its passages. Where `filter_field` is set, a question
    searches only passages with its own value of that metadata."""

    dataset: Dataset
    retriever: Retriever
    filter_field: str = ""


class Opener(Protocol):
    """What opens stores: `bootstrap.System`, which this file may not import."""

    def store(self, name: str, *, create: bool = False) -> Any:
        """The store of that name."""
        ...


def open_corpus(dataset: Dataset, system: Opener) -> Corpus:
    """A data set in a store of its own, indexed. One whose queries name a product is searched
    inside the product."""
    store = system.store(dataset.name, create=True)
    build_index(dataset, store.index, store.ingester)
    has_products = all(PRODUCT in query.metadata for query in dataset.queries)
    return Corpus(dataset, store.retriever, PRODUCT if has_products else "")


def is_for_calibration(document_id: str) -> bool:
    """Whether a passage of the training half is kept from the network, for what is fitted to its
    scores."""
    return not is_held_out(document_id) and zlib.crc32(document_id.encode()) // 2 % 6 == 0


def is_for_training(document_id: str) -> bool:
    """Whether a passage may be learned from."""
    return not is_held_out(document_id) and not is_for_calibration(document_id)


def make_pairs(corpora: Sequence[Corpus], *, seed: int = 0) -> list[AnswerPair]:
    """The pairs of all data sets, shuffled, of the questions that may be learned from."""
    chance = random.Random(seed)
    pairs: list[AnswerPair] = []
    for corpus in corpora:
        queries = [query for query in corpus.dataset.queries if is_allowed(query, corpus.dataset)]
        chance.shuffle(queries)
        for query in queries[:MOST_QUERIES]:
            pairs += _own(query, corpus, chance)
            if chance.random() < FOREIGN_SHARE and len(corpora) > 1:
                other = chance.choice([each for each in corpora if each is not corpus])
                pairs += _foreign(query, corpus.dataset.name, other)
    chance.shuffle(pairs)
    return pairs


def asked(query: Query) -> str:
    """A question as the network reads it: with the conversation, if there is one."""
    return rewrite(query.text, query.history)[-1]


def group_of(query: Query, dataset: Dataset) -> list[str]:
    """What decides the half that a question belongs to: the product that it was asked about, its
    passages or, where it has none, the passage that it was asked of."""
    if product := query.metadata.get(PRODUCT):
        return [product]
    relevant = [passage for passage, grade in dataset.relevant.get(query.id, {}).items() if grade]
    return relevant or [query.metadata.get("context_id") or query.id]


def is_allowed(query: Query, dataset: Dataset) -> bool:
    """Whether it is known what answers a question, and it may be learned from."""
    expected = dataset.expected.get(query.id)
    known = bool(dataset.relevant.get(query.id)) or (expected and not expected.answerable)
    return bool(known) and all(map(is_for_training, group_of(query, dataset)))


def _own(query: Query, corpus: Corpus, chance: random.Random) -> Iterator[AnswerPair]:
    """What the question's own corpus offers."""
    dataset = corpus.dataset
    grades = dataset.relevant.get(query.id, {})
    best = max(grades.values(), default=0)
    hits = search(query, corpus)
    right = [hit for hit in hits if grades.get(hit.chunk.document_id, 0) == best > 0]
    for hit in right[:POSITIVES]:
        yield from _positive(query, hit.chunk, dataset, chance)
    wrong = [hit for hit in hits if not grades.get(hit.chunk.document_id)]
    # The passage that an unanswerable question was asked of is the hardest negative.
    context = query.metadata.get("context_id")
    wrong.sort(key=lambda hit: hit.chunk.document_id != context)
    # Within one product all that is offered is hard.
    for hit in wrong[: NEGATIVES * (2 if corpus.filter_field else 1)]:
        yield AnswerPair(dataset.name, asked(query), hit.chunk.embedded_text, answers=False)


def _positive(
    query: Query, chunk: Chunk, dataset: Dataset, chance: random.Random
) -> Iterator[AnswerPair]:
    expected = dataset.expected.get(query.id)
    passage = chunk.embedded_text
    body = len(passage) - len(chunk.text)
    if expected is None or not expected.answers:
        yield AnswerPair(dataset.name, asked(query), passage, answers=True, spans=None)
        return
    found = literal_spans(chunk.text, expected.answers)
    sentences = split_sentences(chunk.text)
    if not found:
        found = _likely_sentences(chunk.text, sentences, expected.answers)
    if not found:
        if len(sentences) <= _SHORT:  # it answers, in other words
            yield AnswerPair(dataset.name, asked(query), passage, answers=True, spans=None)
        return  # another chunk of the passage may hold the answer: nothing to be learned
    spans = tuple((start + body, end + body) for start, end in found)
    yield AnswerPair(dataset.name, asked(query), passage, answers=True, spans=spans)
    kept = [each for each in sentences if not any(_overlap(each, span) for span in found)]
    if kept and chance.random() < CUT_SHARE:
        rest = " ".join(chunk.text[start:end] for start, end in kept)
        yield AnswerPair(dataset.name, asked(query), passage[:body] + rest, answers=False)


def _foreign(query: Query, name: str, other: Corpus) -> Iterator[AnswerPair]:
    """What another corpus offers to a question that it can't answer."""
    hits = other.retriever.search([query.text], 2)
    for hit in hits[:1]:
        yield AnswerPair(name, asked(query), hit.chunk.embedded_text, answers=False)


def search(query: Query, corpus: Corpus) -> list[Hit]:
    """What retrieval offers to a question of the corpus' own."""
    filters: Mapping[str, str] | None = None
    if corpus.filter_field:
        filters = {corpus.filter_field: query.metadata[corpus.filter_field]}
    return corpus.retriever.search(rewrite(query.text, query.history), TOP_K, filters)


def literal_spans(text: str, answers: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where the longest of the answers that stands in the text does so first."""
    for answer in sorted(answers, key=len, reverse=True):
        start = text.find(answer)
        if answer.strip() and start >= 0:
            return ((start, start + len(answer)),)
    return ()


def _likely_sentences(
    text: str, sentences: Sequence[tuple[int, int]], answers: Sequence[str]
) -> tuple[tuple[int, int], ...]:
    """The sentence that shares the most with an answer that was worded freely."""
    wanted = [set(search_terms(answer)) for answer in answers]
    scored = [
        (max(_share(set(search_terms(text[start:end])), answer) for answer in wanted), (start, end))
        for start, end in sentences
    ]
    best = max(scored, default=(0.0, (0, 0)))
    return (best[1],) if best[0] >= _MIN_OVERLAP else ()


def _share(terms: set[str], answer: set[str]) -> float:
    return len(terms & answer) / max(1, min(len(terms), len(answer)))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
