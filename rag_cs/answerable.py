"""Question + hits -> can they answer it, how surely, and with which sentences?

A reader (a small cross-encoder), where there is one, looks at the first passages; a logistic
regression turns its scores and signals that cost little into one calibrated probability. Knows
nothing of the generator: what follows from the probability is for the assistant to say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rag_cs.calibration import Calibration
from rag_cs.candidates import Candidate, candidates
from rag_cs.stages import stage
from rag_cs.statements import statements_of
from rag_cs.text import detect_language, in_other_language, search_terms, tokenise
from rag_cs.types import Chunk, Evidence, Hit, Language, Reading

# Passages that are read. The answer is among the first five of ten where it is at all.
READ_HITS = 5
# A hit is relevant at this cosine (e5 gives unrelated texts 0.70 to 0.80), one in another language
# than the query at so much less, or with this share of the query's terms. See the log,
# "Relevance" and "Across languages".
MIN_COSINE = 0.82
LESS_ACROSS = 0.065
MIN_COVERAGE = 0.6
# A question of this probability stands alone; else it is read with what was said before it as well,
# so much of it. See the log, "Follow-up questions".
ENOUGH_ALONE = 0.5
MAX_WORDING_CHARACTERS: Mapping[Language, int] = {"en": 350, "zh": 150}
_CODE = re.compile(r"\d")
# The score of a sentence that no reader looked at, below any that one did.
_UNREAD = -9.0
# Words that questions are made of, which no passage need hold.
_QUESTION_WORDS = frozenset(
    """
    what when where which who whom whose why how is are was were be do does did can could will
    would should may might must have has had the a an of in on at to for from by with and or if
    it its this that these those there i my me you your we our they them their any some much many
    long please tell know want need get
    什么 怎么 怎样 如何 哪 哪个 哪些 哪里 哪儿 谁 何时 为什么 为何 多少 几 吗 呢 吧 的 了 是 在 有
    和 与 或 我 你 您 我们 请问 请 想 要 可以 能 能否 是否 会 这 那 这个 那个 一下 啊 呀 多久 多长
    """.split()
)


class AnswerReader(Protocol):
    """Reads passages for the answer to a question."""

    def read(self, question: str, passages: Sequence[str]) -> Sequence[Reading]:
        """One reading a passage."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """`probability` in [0, 1] of the passages' holding the answer; `evidence`, and the sentences
    that most likely hold it, best first. `goes_on`: the question was understood by what was said
    before it."""

    probability: float
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to be judged: the values that a calibration weighs, and as in `Judgement`."""

    values: Mapping[str, float]
    evidence: tuple[Evidence, ...]
    candidates: tuple[Candidate, ...]


class Judge:
    """Says whether hits answer a question: `needed` is the probability that an answer must have
    for the risk that the merchant takes, `needed_to_quote` that for the likeliest sentence as
    it is.

    `reader` tells whether passages answer; without one, what retrieval says must do. `finder` tells
    which sentences do, and is the reader where there is none: see the log, "The answer reader".
    With `hears` the generator's own verdict counts too; only questions worth asking it then go
    on (`is_worth_asking`), and `hear` has the last word.
    """

    def __init__(
        self,
        calibration: Calibration,
        max_risk: float,
        reader: AnswerReader | None = None,
        finder: AnswerReader | None = None,
        *,
        hears: bool = False,
    ) -> None:
        self.calibration = calibration
        self.hears = hears and calibration.verdict is not None
        self._reader = reader
        self._finder = finder or reader
        self._max_risk = max_risk
        self.needed = calibration.threshold(max_risk, heard=self.hears)
        # To quote a sentence that no generator chose, four fifths of the risk must do.
        self.needed_to_quote = calibration.threshold(0.8 * max_risk, heard=self.hears)

    def calibrated(self, calibration: Calibration) -> Judge:
        """The same judge with another calibration, such as a store's own."""
        return Judge(calibration, self._max_risk, self._reader, self._finder, hears=self.hears)

    def deaf(self) -> Judge:
        """The same judge for a generator that gives no verdict."""
        return Judge(self.calibration, self._max_risk, self._reader, self._finder)

    def is_worth_asking(self, judgement: Judgement) -> bool:
        """Whether the generator is to be asked at all."""
        if self.hears and self.calibration.verdict:
            return judgement.probability >= self.calibration.verdict.gate
        return judgement.probability >= self.needed

    def hear(self, judgement: Judgement, verdict: float | None, chosen: int = 0) -> Judgement:
        """The judgement with the generator's log-odds of the chosen candidate's answering; None
        where it wasn't asked. As it was, for a judge that doesn't hear."""
        if not self.hears:
            return judgement
        score = score_of(judgement.candidates, chosen)
        probability = self.calibration.heard(judgement.probability, verdict, score)
        return replace(judgement, probability=probability)

    @stage("judge")
    def judge(self, question: str, hits: Sequence[Hit], wording: str = "") -> Judgement:
        """What the first hits hold. `wording` is the question with what was said before it, for
        one that may not stand alone: of both the surer counts."""
        if not hits:
            return Judgement(0.0)
        alone = self._judge(question, hits, question)
        if not wording or alone.probability >= ENOUGH_ALONE:
            return alone
        most = MAX_WORDING_CHARACTERS[detect_language(question)]
        with_it = self._judge(wording[: max(most, len(question))], hits, question)
        return max(alone, replace(with_it, goes_on=True), key=lambda each: each.probability)

    def _judge(self, wording: str, hits: Sequence[Hit], asked: str) -> Judgement:
        seen = self.see(wording, hits, asked)
        if is_foreign(wording, hits):
            # Nothing was calibrated for that.
            probability = self.needed * is_relevant(wording, hits)
        else:
            probability = self.calibration.probability(seen.values)
        return Judgement(probability, seen.evidence, seen.candidates)

    def see(self, question: str, hits: Sequence[Hit], asked: str = "") -> Seen:
        """Read the first hits, of which there must be one, in a wording of what the shopper asked,
        which is the same without a conversation."""
        read = evidence_of(question, hits[:READ_HITS], self._reader)
        apart = self._finder is not self._reader
        found = evidence_of(question, hits[:READ_HITS], self._finder) if apart else read
        order = sorted(found, key=_best_sentence, reverse=True)
        chosen = candidates(asked or question, found, read if apart else ())
        values = signals(question, read) | {"candidate": score_of(chosen)}
        return Seen(values, tuple(order), tuple(chosen))


def evidence_of(question: str, hits: Sequence[Hit], reader: AnswerReader | None) -> list[Evidence]:
    """The hits as they were read, in their order; without a reader, as retrieval scored them, and
    each sentence by the share of the question's terms in it."""
    if reader is None:
        terms = _terms(question)
        return [Evidence(hit, hit.score, _overlaps(terms, hit.chunk)) for hit in hits]
    readings = reader.read(question, [hit.chunk.embedded_text for hit in hits])
    return [_evidence(hit, reading) for hit, reading in zip(hits, readings, strict=True)]


def _terms(question: str) -> set[str]:
    return {term for term in search_terms(question) if term not in _QUESTION_WORDS}


def _overlaps(terms: set[str], chunk: Chunk) -> tuple[tuple[int, int, float], ...]:
    return tuple(
        (start, end, len(terms & set(search_terms(chunk.text[start:end]))) / max(1, len(terms)))
        for start, end in statements_of(chunk)
    )


def signals(question: str, evidence: Sequence[Evidence]) -> dict[str, float]:
    """What the calibration weighs, of evidence in the order of retrieval."""
    ranked = sorted(evidence, key=lambda each: -each.answers)
    best = ranked[0]
    cosines = [each.hit.dense or 0.0 for each in evidence]
    reranked = sorted((each.hit.reranked or 0.0 for each in evidence), reverse=True)
    terms = _terms(question)
    held = set(search_terms(best.hit.chunk.embedded_text))
    codes = {term for term in terms if _CODE.search(term)}
    return {
        "best": best.answers,
        "second": ranked[1].answers if len(ranked) > 1 else best.answers - 1,
        "sentence": max(map(_best_sentence, evidence)),
        "best_sentence": _best_sentence(best),
        "cosine": max(cosines),
        "margin": max(cosines) - sum(cosines) / len(cosines),
        "interaction": reranked[0],
        "interaction_margin": reranked[0] - sum(reranked) / len(reranked),
        "lexical": math.log1p(max(each.hit.lexical or 0.0 for each in evidence)),
        "rank": evidence.index(best) / READ_HITS,
        "coverage": len(terms & held) / len(terms) if terms else 0.5,
        "missing_code": float(bool(codes - held)),
        "terms": math.log1p(len(terms)),
    }


def score_of(candidates: Sequence[Candidate], chosen: int = 0) -> float:
    """The score of a candidate, and that of none."""
    return candidates[chosen].score if candidates else _UNREAD


def _best_sentence(evidence: Evidence) -> float:
    return max((logit for *_, logit in evidence.sentences), default=_UNREAD)


def _evidence(hit: Hit, reading: Reading) -> Evidence:
    """The reading by sentences of the chunk's own text, which follows its context."""
    text = hit.chunk.text
    shift = len(hit.chunk.embedded_text) - len(text)
    logits = [(start - shift, end - shift, logit) for start, end, logit in reading.tokens]
    sentences = tuple(
        (start, end, max((logit for left, right, logit in logits if left < end and start < right),
                         default=_UNREAD))
        for start, end in statements_of(hit.chunk)
    )  # fmt: skip
    return Evidence(hit, reading.answers, sentences)


def unread(question: str, hits: Sequence[Hit], asked: str = "") -> Judgement:
    """What can be said without a calibration: whether any hit is near. As `Judge.see`."""
    evidence = evidence_of(question, hits[:READ_HITS], None)
    return Judgement(
        float(is_relevant(question, hits)),
        tuple(evidence),
        tuple(candidates(asked or question, evidence)),
    )


def extract(question: str, evidence: Sequence[Evidence]) -> Candidate | None:
    """What of the best passage most likely answers."""
    return next(iter(candidates(question, evidence[:1], most=1)), None)


def is_foreign(question: str, hits: Sequence[Hit]) -> bool:
    """Whether none of the first hits is in the question's language, so that words can't be
    compared; so too where there are none."""
    language = detect_language(question)
    return all(detect_language(hit.chunk.text) != language for hit in hits[:2])


def is_relevant(query: str, hits: Sequence[Hit]) -> bool:
    """Whether any hit is near enough to the query to be worth reading at all.

    A guard against questions about something else entirely; whether a passage really answers
    is for the grounding of each sentence to say. See the log, "Relevance".
    """
    terms, language = set(tokenise(query)), detect_language(query)
    return bool(terms) and any(
        (hit.dense or 0.0) >= _least_cosine(hit, language)
        or len(terms & set(tokenise(hit.chunk.embedded_text))) >= MIN_COVERAGE * len(terms)
        for hit in hits
    )


def _least_cosine(hit: Hit, language: Language) -> float:
    return MIN_COSINE - LESS_ACROSS * in_other_language(hit.chunk.text, language)
