"""Whether an answer taken from a passage answers a question, as far as a data set tells: the one
rule by which the generator learns and its verdict is calibrated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.candidates import Candidate
from rag_cs.evaluation.answer_marks import WRONG_BELOW_F1, answer_terms, contains, token_f1
from rag_cs.evaluation.datasets import Dataset, Passage, Query
from rag_cs.training.answer_pairs import PRODUCT

# Freely worded answers: below this F1 a sentence is on another subject ...
_OTHER_BELOW_F1 = 0.1
# ... unless what was expected is too short to share words with a sentence.
_MIN_TERMS = 4
# Tells nothing of a sentence, though passages may hold it.
_YES_OR_NO = re.compile(
    r"(?:yes|no|是|是的|不是|对|对的|不对|可以|可以的|不可以|能|不能|有|没有|会|不会)\W*",
    re.IGNORECASE,
)


def answers(query: Query, candidate: Candidate, dataset: Dataset) -> bool | None:
    """None where the data set doesn't tell. An answer must stand in a relevant passage. Where the
    expected answers are spans of the passages it holds one; else it shares words with one, though
    of a product's reviews some say the same in other words; where none is known, the passage
    decides."""
    expected = dataset.expected.get(query.id)
    if expected and not expected.answerable:
        return False
    relevant = bool(dataset.relevant.get(query.id, {}).get(candidate.hit.chunk.document_id))
    if expected is None or not expected.answers:
        return relevant
    told = [each for each in expected.answers if not _YES_OR_NO.fullmatch(each.strip())]
    if not told:
        return None if relevant else False
    if contains(candidate.text, told):
        return relevant or None
    if any(contains(passage.text, told) for passage in _relevant(query, dataset)):
        return False
    f1 = token_f1(candidate.text, told)
    if f1 < _OTHER_BELOW_F1:
        short = all(len(answer_terms(each)) < _MIN_TERMS for each in told)
        return None if relevant and (short or PRODUCT in query.metadata) else False
    return True if relevant and f1 >= WRONG_BELOW_F1 else None


def _relevant(query: Query, dataset: Dataset) -> Iterator[Passage]:
    grades = dataset.relevant.get(query.id, {})
    return (passage for passage in dataset.passages if grades.get(passage.id))
