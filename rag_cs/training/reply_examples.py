"""Data sets -> what the generator should say of one sentence: prompts as the assistant writes them,
with replies.

The sentences are those that the assistant would ask about. A reply is "No" where the sentence
doesn't answer, or "Yes" and the answer: the expected one where it stands in the sentence; else, of
the expected answers and the sentence itself, the one nearest to what was expected among those that
`ground` lets pass. So the generator learns only what may be sent.

Questions that aren't answered come from the data sets, and from those that are: of another
sentence, with another name or number in the question, or of another data set's passages.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from langchain_core.embeddings import Embeddings

from rag_cs.answerable import READ_HITS, AnswerReader, evidence_of
from rag_cs.candidates import Candidate, candidates
from rag_cs.evaluation.answer_marks import contains, token_f1
from rag_cs.evaluation.datasets import Query
from rag_cs.ground import ground
from rag_cs.prompt import NO, YES, ask_about
from rag_cs.statements import repeats
from rag_cs.text import detect_language, split_sentences
from rag_cs.training.answer_pairs import Corpus, is_allowed, search
from rag_cs.training.labels import answers
from rag_cs.types import Hit, Language, Turn

# Of each data set at most so many questions, answerable and not.
MOST_QUERIES: Mapping[str, int] = {
    "squad2_en": 2_500, "cmrc2018_zh": 600, "doc2dial_en": 500, "stackfaq_en": 250
}  # fmt: skip
# Sentences of a question that are looked at, and wrong ones that are learned.
LOOKED_AT = 6
WRONG = 2
# Share of the answered questions that also come in each of these ways, unanswered.
OTHER_SENTENCE, CHANGED, FOREIGN = 0.6, 0.25, 0.3
# Share of the questions in a conversation that are shown with it: the assistant shows it only where
# the question says too little alone.
WITH_HISTORY = 0.3
_MOST_SENTENCES = 2
_MOST_CHARACTERS: Mapping[Language, int] = {"en": 320, "zh": 140}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Names inside an English sentence: capital letters after the first word.
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt as (role, content) pairs, and what should be said to it."""

    dataset: str
    messages: tuple[tuple[str, str], ...]
    reply: str

    @property
    def answers(self) -> bool:
        """Whether the reply is that the sentence answers."""
        return self.reply.startswith(YES)


def make_examples(
    corpora: Sequence[Corpus], finder: AnswerReader | None, embeddings: Embeddings, *, seed: int = 0
) -> list[Example]:
    """The examples of all data sets, shuffled, of the questions that may be learned from."""
    chance = random.Random(seed)
    examples = [
        example
        for corpus in corpora
        for example in _examples(corpus, corpora, finder, embeddings, chance)
    ]
    chance.shuffle(examples)
    return examples


def _examples(
    corpus: Corpus,
    corpora: Sequence[Corpus],
    finder: AnswerReader | None,
    embeddings: Embeddings,
    chance: random.Random,
) -> Iterator[Example]:
    dataset = corpus.dataset
    queries = [query for query in dataset.queries if is_allowed(query, dataset)]
    chance.shuffle(queries)
    queries = queries[: MOST_QUERIES.get(dataset.name, len(queries))]
    for query in queries:
        history = query.history if chance.random() < WITH_HISTORY else ()
        found = _candidates(query.text, search(query, corpus)[:READ_HITS], finder)
        marks = [answers(query, each, dataset) for each in found]
        wrong = [each for each, mark in zip(found, marks, strict=True) if mark is False][:WRONG]
        right = next((each for each, mark in zip(found, marks, strict=True) if mark), None)
        if right is None:
            answerable = bool(dataset.relevant.get(query.id))
            for each in wrong[: 1 if answerable else WRONG]:
                yield _refused(dataset.name, query.text, history, each)
            continue
        expected = dataset.expected.get(query.id)
        reply = best_reply(expected.answers if expected else (), right, query.text, embeddings)
        if reply is None:
            continue
        yield _example(dataset.name, query.text, history, right, f"{YES}\n{reply}")
        for each in wrong:
            if chance.random() < OTHER_SENTENCE:
                yield _refused(dataset.name, query.text, history, each)
        if chance.random() < CHANGED and (other := _changed(query.text, right, queries, chance)):
            yield _refused(dataset.name, other, history, right)
        others = [each for each in corpora if each is not corpus]
        if others and chance.random() < FOREIGN:
            hits = chance.choice(others).retriever.search([query.text], READ_HITS)
            for each in _candidates(query.text, hits, finder)[:1]:
                yield _refused(dataset.name, query.text, (), each)


def _candidates(question: str, hits: Sequence[Hit], finder: AnswerReader | None) -> list[Candidate]:
    return candidates(question, evidence_of(question, hits, finder), most=LOOKED_AT)


def _refused(name: str, question: str, history: Sequence[Turn], candidate: Candidate) -> Example:
    return _example(name, question, history, candidate, NO)


def _example(
    name: str, question: str, history: Sequence[Turn], candidate: Candidate, reply: str
) -> Example:
    prompt = ask_about(candidate, question, detect_language(question), history)
    return Example(name, tuple((each.type, str(each.content)) for each in prompt), reply)


def best_reply(
    expected: Sequence[str], candidate: Candidate, question: str, embeddings: Embeddings
) -> str | None:
    """What to say of a sentence that answers; None when nothing will do."""
    spans = [each.strip() for each in expected if contains(candidate.text, [each])]
    spans = [each for each in spans if each in candidate.text and not repeats(each, question)]
    if spans:
        return max(spans, key=len)
    options = [each for each in (*expected, candidate.text) if _is_short(each)]
    if expected:
        options.sort(key=lambda each: -token_f1(each, expected))
    else:
        options = [candidate.text] if _is_short(candidate.text) else []
    return next(
        (each for each in options if may_be_sent(each, question, candidate, embeddings)), None
    )


def _changed(
    question: str, candidate: Candidate, queries: Sequence[Query], chance: random.Random
) -> str | None:
    """The question with a name or number of another one, of which the sentence says nothing."""
    shown = f"{candidate.hit.chunk.context} {candidate.before} {candidate.text}"
    for pattern in chance.sample([_NAME, _NUMBER], 2):
        found = list(pattern.finditer(question))
        if not found:
            continue
        place = chance.choice(found)
        for other in chance.sample(queries, min(40, len(queries))):
            instead = pattern.search(other.text)
            if instead and instead[0] not in shown and instead[0] not in question:
                return question[: place.start()] + instead[0] + question[place.end() :]
    return None


def _is_short(text: str) -> bool:
    few = len(split_sentences(text)) <= _MOST_SENTENCES
    return few and 0 < len(text.strip()) <= _MOST_CHARACTERS[detect_language(text)]


def may_be_sent(answer: str, question: str, candidate: Candidate, embeddings: Embeddings) -> bool:
    """Whether each sentence is supported and says something that the question doesn't."""
    return all(
        not repeats(answer[start:end], question)
        and ground(answer[start:end], [candidate.hit], embeddings) is not None
        for start, end in split_sentences(answer)
    )


def balanced(
    examples: Sequence[Example], most: int, others: Mapping[str, int] = MappingProxyType({})
) -> list[Example]:
    """Of each data set the first `most` that are answered, and as many that aren't; of those that
    `others` names, so many instead."""
    counts: Counter[tuple[str, bool]] = Counter()
    kept: list[Example] = []
    for example in examples:
        kind = (example.dataset, example.answers)
        counts[kind] += 1
        if counts[kind] <= others.get(example.dataset, most):
            kept.append(example)
    return kept


def write_examples(examples: Sequence[Example], path: Path) -> None:
    """Keep examples for a later run, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")


def read_examples(path: Path) -> list[Example]:
    """What `write_examples` wrote."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [
        Example(row["dataset"], tuple(map(tuple, row["messages"])), row["reply"]) for row in rows
    ]
