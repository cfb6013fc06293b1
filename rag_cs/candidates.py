"""What was read of the passages -> the sentences that most likely answer, each with what a reader
should know of the text before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rag_cs.extents import extent
from rag_cs.facts import Kind
from rag_cs.guard import is_instruction
from rag_cs.text import detect_language, in_other_language, normalise, split_sentences
from rag_cs.types import Chunk, Evidence, Hit
from rag_cs.wanted import states, wanted

# Sentences that the generator is asked about. Of the questions that any of six sentences answers,
# three hold the answer of 97%. See the log, "One sentence at a time".
CANDIDATES = 3
# What a finder's score, 0.2 to 0.9, weighs in a candidate's, and what the reader's logit beside it.
# These and the next two: see the log, "Which sentence answers". The head of the sentences learned
# by them and by `rerank.COSINE_WEIGHT`: to change any but the second is to train it anew.
FINDER_WEIGHT = 24.0
READER_WEIGHT = 0.5
# What a fact of the kind that is asked for is worth, and its lack costs, in the finder's scale.
KIND_WEIGHT = 0.055
# What a passage's place in the retrieval costs, in the finder's scale.
RANK_COST = 0.026
# Added to the sentences of a passage in another language than the question's, in the finder's
# scale: those that are right score less there. The head didn't learn with it. See the log, "Across
# languages".
OTHER_LANGUAGE = 0.05
# What a score is worth in a generator's log-odds, as the second regression has it. See the log,
# "Which sentence answers".
SCORE_WORTH = 0.15
# Characters of what stands before a sentence: enough to know what "it" is.
MAX_BEFORE = 120


@dataclass(frozen=True, slots=True)
class Candidate:
    """`hit.chunk.text[start:end]`, which may answer; the higher the score the likelier. `before`
    is the question of a FAQ pair, the header of a table or else the sentence before it."""

    hit: Hit
    start: int
    end: int
    score: float = 0.0
    before: str = ""

    @property
    def text(self) -> str:
        """The sentence as it stands."""
        return self.hit.chunk.text[self.start : self.end]


def candidates(
    question: str,
    found: Sequence[Evidence],
    read: Sequence[Evidence] = (),
    most: int = CANDIDATES,
) -> list[Candidate]:
    """The likeliest answers of all passages, best first, none twice; never one that would instruct
    a machine. `question` is what the shopper asked, without the conversation; `found` are in the
    order of retrieval; `read` are the same passages as another reader saw them, whose scores count
    too."""
    others = {
        (each.hit.chunk.id, start, end): score
        for each in read
        for start, end, score in each.sentences
    }
    ranked = sorted(_scored(question, found, others), key=lambda row: -row[0])
    return list(islice(_distinct(question, ranked), most))


def priors(candidates: Sequence[Candidate]) -> list[float]:
    """What their scores count beside the generator's log-odds of each."""
    return [SCORE_WORTH * each.score for each in candidates]


def _scored(
    question: str, found: Sequence[Evidence], others: Mapping[tuple[str, int, int], float]
) -> Iterator[tuple[float, Hit, int, int]]:
    """Every sentence with its score."""
    weight = FINDER_WEIGHT if others else 1.0
    kinds, language = wanted(question), detect_language(question)
    for rank, each in enumerate(found):
        chunk = each.hit.chunk
        across = OTHER_LANGUAGE * in_other_language(chunk.text, language)
        for start, end, score in each.sentences:
            worth = worth_of(chunk, start, end, rank, kinds) + across
            read = others.get((chunk.id, start, end), 0.0)
            yield weight * (score + worth) + READER_WEIGHT * read, each.hit, start, end


def _distinct(question: str, ranked: Iterable[tuple[float, Hit, int, int]]) -> Iterator[Candidate]:
    """Each answer once, though several of its sentences or several documents may hold it."""
    taken: list[tuple[str, int, int]] = []
    texts: set[str] = set()
    for score, hit, start, end in ranked:
        chunk = hit.chunk
        span = extent(chunk, start, end, question)
        if span is None:
            continue
        place = (chunk.document_id, chunk.start + span[0], chunk.start + span[1])
        if any(_overlap(place, each) for each in taken):
            continue
        text = normalise(chunk.text[slice(*span)])
        if text in texts or is_instruction(chunk.text[slice(*span)]):
            continue
        texts.add(text)
        taken.append(place)
        yield Candidate(hit, *span, score, text_before(chunk, span[0]))


def worth_of(chunk: Chunk, start: int, end: int, rank: int, kinds: frozenset[Kind]) -> float:
    """What counts of a sentence beside its finder's score, in its scale: the rank of its passage,
    and whether it states a fact of the kinds that are asked for."""
    kind = 0.0
    if kinds:
        kind = KIND_WEIGHT if states(chunk.text[start:end], kinds) else -KIND_WEIGHT
    return kind - RANK_COST * rank


def _overlap(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def text_before(chunk: Chunk, start: int) -> str:
    """What a reader of the sentence at `start` should know beyond its context."""
    if chunk.question:
        return chunk.question
    if chunk.text[start : start + 1] == "|":
        return _header(chunk.text, start)
    earlier = [each for each in split_sentences(chunk.text) if each[1] <= start]
    if not earlier:
        return ""
    text = chunk.text[slice(*earlier[-1])]
    return "" if is_instruction(text) else text[-MAX_BEFORE:]


def _header(text: str, start: int) -> str:
    """The first row of the table that the row at `start` belongs to; "" if it is that row."""
    lines = text[:start].split("\n")[:-1]
    header = ""
    for line in reversed(lines):
        if not line.lstrip().startswith("|"):
            break
        header = line
    return header.strip()[:MAX_BEFORE]
