"""Data sets -> what the generator should say: prompts as the assistant writes them, with replies.

A reply is "No" where the passages shown don't answer, or "Yes" and the best of the candidate
answers: of what the untrained generator drafts, the expected answers and the passages' own
sentences, the one nearest to what was expected among those that `ground` lets pass. So the
generator learns only what may be sent (rejection sampling: Yuan et al., 2023, arXiv:2308.01825).

Questions that aren't answered come from the data sets, and from those that are: shown without the
sentence that answers, without the passage that does, with another name or number in the
question, or with another data set's passages.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from langchain_core.embeddings import Embeddings
from langchain_core.messages import BaseMessage

from rag_cs.answerable import AnswerReader, likeliest_first
from rag_cs.evaluation.answer_marks import contains, token_f1
from rag_cs.evaluation.datasets import Query
from rag_cs.ground import ground, repeats
from rag_cs.prompt import MAX_PASSAGES, NO, YES, build_prompt, shown_passages
from rag_cs.statements import statements_of
from rag_cs.text import content_words, detect_language, split_sentences
from rag_cs.training.answer_pairs import Corpus, is_allowed, search
from rag_cs.types import Evidence, Hit, Language, Turn

# Of each data set at most so many questions, answerable and not.
MOST_QUERIES: Mapping[str, int] = {
    "squad2_en": 2_000, "cmrc2018_zh": 800, "doc2dial_en": 600, "stackfaq_en": 250
}  # fmt: skip
# Share of the answered questions that also come in each of these ways, unanswered.
CUT, DROPPED, CHANGED, FOREIGN = 0.3, 0.25, 0.25, 0.12
# Share of the prompts that show one passage instead of two: a small store has no more.
ONE_PASSAGE = 0.35
# An answer agrees with what was expected from this F1 on.
_MIN_F1 = 0.3
# An expected answer of fewer words is a span, not an answer that a shop would give.
_MIN_EXPECTED_WORDS = 4
_MOST_SENTENCES = 2
_MOST_CHARACTERS: Mapping[Language, int] = {"en": 320, "zh": 140}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Names inside an English sentence: capital letters after the first word.
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")

Draft = Callable[[Sequence[list[BaseMessage]]], list[str]]
"""What the untrained generator says to prompts."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt as (role, content) pairs, and what should be said to it."""

    dataset: str
    messages: tuple[tuple[str, str], ...]
    reply: str

    @property
    def answers(self) -> bool:
        """Whether the reply is that the passages answer."""
        return self.reply.startswith(YES)


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with what is shown for it; `expected` is empty where nothing answers."""

    dataset: str
    question: str
    history: tuple[Turn, ...]
    evidence: tuple[Evidence, ...]
    expected: tuple[str, ...] = ()
    answered: bool = False

    @property
    def language(self) -> Language:
        return detect_language(self.question)

    @property
    def shown(self) -> str:
        return shown_passages(self.evidence, self.language)

    def prompt(self, *, trained: bool) -> list[BaseMessage]:
        return build_prompt(
            self.question, self.evidence, self.language, self.history, trained=trained
        )


def make_examples(
    corpora: Sequence[Corpus],
    finder: AnswerReader,
    embeddings: Embeddings,
    draft: Draft,
    *,
    seed: int = 0,
) -> list[Example]:
    """The examples of all data sets, shuffled, of the questions that may be learned from."""
    chance = random.Random(seed)
    cases = [case for corpus in corpora for case in _cases(corpus, corpora, finder, chance)]
    answered = [case for case in cases if case.answered]
    drafts = draft([case.prompt(trained=False) for case in answered])
    examples = [_example(case, NO) for case in cases if not case.answered]
    for case, drafted in zip(answered, drafts, strict=True):
        if best := best_answer(case.expected, [drafted], case.evidence, case.question, embeddings):
            examples.append(_example(case, f"{YES}\n{best}"))
    chance.shuffle(examples)
    return examples


def _example(case: _Case, reply: str) -> Example:
    messages = tuple((each.type, str(each.content)) for each in case.prompt(trained=True))
    return Example(case.dataset, messages, reply)


def _cases(
    corpus: Corpus, corpora: Sequence[Corpus], finder: AnswerReader, chance: random.Random
) -> Iterator[_Case]:
    dataset = corpus.dataset
    queries = [query for query in dataset.queries if is_allowed(query, dataset)]
    chance.shuffle(queries)
    queries = queries[: MOST_QUERIES.get(dataset.name, len(queries))]
    for query in queries:
        hits = search(query, corpus)
        case = _own(query, corpus, hits, finder, chance)
        if case is None:
            continue
        yield case
        if case.answered:
            yield from _unanswered(case, query, corpus, hits, queries, finder, chance)
            others = [each for each in corpora if each is not corpus]
            if others and chance.random() < FOREIGN:
                other = chance.choice(others)
                yield _read(query, dataset.name, other.retriever.search([query.text], 5), finder)


def _read(
    query: Query, name: str, hits: Sequence[Hit], finder: AnswerReader, passages: int = MAX_PASSAGES
) -> _Case:
    evidence = tuple(likeliest_first(query.text, hits, finder)[:passages])
    return _Case(name, query.text, query.history, evidence)


def _own(
    query: Query, corpus: Corpus, hits: Sequence[Hit], finder: AnswerReader, chance: random.Random
) -> _Case | None:
    """The question with what its own corpus offers; None where nobody knows whether that
    answers."""
    dataset = corpus.dataset
    passages = 1 if chance.random() < ONE_PASSAGE else MAX_PASSAGES
    case = _read(query, dataset.name, hits, finder, passages)
    expected = dataset.expected.get(query.id)
    if expected and not expected.answerable:
        return case
    grades = dataset.relevant.get(query.id, {})
    best = max(grades.values(), default=0)
    right = [each for each in case.evidence if grades.get(each.hit.chunk.document_id, 0) == best]
    if not right:
        return None
    answers = expected.answers if expected else ()
    if any(contains(corpus_text(hits), [answer]) for answer in answers):
        # Spans of the passages: what is shown must hold one.
        answers = tuple(each for each in answers if contains(case.shown, [each]))
        if not answers:
            return None
    return replace(case, expected=answers, answered=True)


def corpus_text(hits: Sequence[Hit]) -> str:
    """All that was retrieved."""
    return "\n".join(hit.chunk.text for hit in hits)


def _unanswered(
    case: _Case,
    query: Query,
    corpus: Corpus,
    hits: Sequence[Hit],
    queries: Sequence[Query],
    finder: AnswerReader,
    chance: random.Random,
) -> Iterator[_Case]:
    """An answered question so that it isn't any more."""
    literal = bool(case.expected) and all(contains(case.shown, [each]) for each in case.expected)
    if literal and chance.random() < CUT:
        yield replace(
            case, evidence=tuple(_without(each, case.expected) for each in case.evidence),
            expected=(), answered=False,
        )  # fmt: skip
    if literal and chance.random() < DROPPED:
        grades = corpus.dataset.relevant.get(query.id, {})
        rest = [
            hit
            for hit in hits
            if not grades.get(hit.chunk.document_id) and not contains(hit.chunk.text, case.expected)
        ]
        if rest:
            yield _read(query, case.dataset, rest, finder)
    if chance.random() < CHANGED and (other := _changed(query.text, case, queries, chance)):
        yield replace(case, question=other, expected=(), answered=False)


def _without(evidence: Evidence, expected: Sequence[str]) -> Evidence:
    """The evidence less the sentences that hold an expected answer."""
    text = evidence.hit.chunk.text
    kept, parts, length = [], [], 0
    for start, end, score in evidence.sentences:
        if contains(text[start:end], expected):
            continue
        parts.append(text[start:end])
        kept.append((length, length + end - start, score))
        length += end - start + 1
    chunk = replace(evidence.hit.chunk, text=" ".join(parts))
    return replace(evidence, hit=replace(evidence.hit, chunk=chunk), sentences=tuple(kept))


def _changed(
    question: str, case: _Case, queries: Sequence[Query], chance: random.Random
) -> str | None:
    """The question with a name or number of another one, of which the passages say nothing."""
    for pattern in chance.sample([_NAME, _NUMBER], 2):
        found = list(pattern.finditer(question))
        if not found:
            continue
        place = chance.choice(found)
        for other in chance.sample(queries, min(40, len(queries))):
            instead = pattern.search(other.text)
            if instead and instead[0] not in case.shown and instead[0] not in question:
                return question[: place.start()] + instead[0] + question[place.end() :]
    return None


def best_answer(
    expected: Sequence[str],
    drafts: Sequence[str],
    evidence: Sequence[Evidence],
    question: str,
    embeddings: Embeddings,
) -> str | None:
    """Of all candidates that may be sent, the one nearest to what was expected; where nothing
    was, the likeliest sentence. None when no candidate will do."""
    hits = [each.hit for each in evidence]
    sentences = [
        hit.chunk.text[start:end] for hit in hits for start, end in statements_of(hit.chunk)
    ]
    if not expected:
        return _likeliest(evidence)
    worded = [each for each in expected if len(content_words(each)) >= _MIN_EXPECTED_WORDS]
    candidates = [
        each.strip()
        for each in (*drafts, *worded, *sentences)
        if _is_short(each) and (contains(each, expected) or token_f1(each, expected) >= _MIN_F1)
    ]
    candidates.sort(key=lambda each: -token_f1(each, expected))
    return next(
        (each for each in candidates if may_be_sent(each, question, hits, embeddings)), None
    )


def _likeliest(evidence: Sequence[Evidence]) -> str | None:
    for each in evidence:
        for start, end, _ in sorted(each.sentences, key=lambda span: -span[2])[:1]:
            text = each.hit.chunk.text[start:end]
            return text if _is_short(text) else None
    return None


def _is_short(text: str) -> bool:
    few = len(split_sentences(text)) <= _MOST_SENTENCES
    return few and 0 < len(text.strip()) <= _MOST_CHARACTERS[detect_language(text)]


def may_be_sent(answer: str, question: str, hits: Sequence[Hit], embeddings: Embeddings) -> bool:
    """Whether each sentence is supported and says something that the question doesn't."""
    return all(
        not repeats(answer[start:end], question)
        and ground(answer[start:end], hits, embeddings) is not None
        for start, end in split_sentences(answer)
    )


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
