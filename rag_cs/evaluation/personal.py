"""Labelled texts and a recogniser of personal data -> what it finds, misses and takes wrongly.

A line of the file is JSON with `text`, `language` and `part`; in the text `{PHONE:13812345678}`
marks personal data and its kind. A label counts as found when nothing of it is left uncovered, by
whatever kind: that is what keeps it out of a database. A finding is right when it touches a label
of its kind.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag_cs.errors import InvalidInput
from rag_cs.privacy import KINDS, Finding

Find = Callable[[str], Sequence[Finding]]

_LABEL = re.compile(rf"\{{(?P<kind>{'|'.join(KINDS)}):(?P<value>[^{{}}]+)\}}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with where its personal data stands. `part` names what it may be used for."""

    text: str
    language: str
    part: str
    labels: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What was found of one kind in texts of one language. `exact` counts findings that are a label
    to the character; rates are in [0, 1], and 1 where there was nothing to find."""

    language: str
    kind: str
    labels: int
    covered: int
    findings: int
    right: int
    exact: int

    @property
    def recall(self) -> float:
        """The share of labels of which nothing is left."""
        return self.covered / self.labels if self.labels else 1.0

    @property
    def precision(self) -> float:
        """The share of findings that are personal data of that kind."""
        return self.right / self.findings if self.findings else 1.0


def read_labelled(path: Path) -> list[Labelled]:
    """The texts of a file. Raises InvalidInput that names file and line."""
    texts = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            texts.append(_labelled(row["text"], row["language"], row["part"]))
        except (ValueError, KeyError, TypeError, InvalidInput) as error:
            raise InvalidInput(f"{path.name}, line {number}: {error}.") from None
    return texts


def _labelled(marked: str, language: str, part: str) -> Labelled:
    text, place, labels = "", 0, []
    for match in _LABEL.finditer(marked):
        text += marked[place : match.start()]
        kind = next(kind for kind in KINDS if kind == match["kind"])
        labels.append(Finding(len(text), len(text) + len(match["value"]), kind))
        text += match["value"]
        place = match.end()
    text += marked[place:]
    if "{" in text or "}" in text:
        raise InvalidInput("a brace that marks no known kind")
    return Labelled(text, language, part, tuple(labels))


def score(texts: Sequence[Labelled], find: Find) -> list[Score]:
    """One row for each language and kind, and one for both together ("all")."""
    found = [(each, list(find(each.text))) for each in texts]
    languages = sorted({each.language for each in texts}, reverse=True)
    rows = [
        _score([pair for pair in found if pair[0].language == language], language, [kind])
        for language in languages
        for kind in KINDS
    ]
    return [
        *rows,
        *(_score([p for p in found if p[0].language == lang], lang, KINDS) for lang in languages),
    ]


def _score(
    found: Sequence[tuple[Labelled, list[Finding]]], language: str, kinds: Sequence[str]
) -> Score:
    labels = covered = findings = right = exact = 0
    for each, spans in found:
        own = [span for span in spans if span.kind in kinds]
        marked = [label for label in each.labels if label.kind in kinds]
        hidden = {place for span in spans for place in range(span.start, span.end)}
        labels += len(marked)
        covered += sum(hidden.issuperset(range(mark.start, mark.end)) for mark in marked)
        findings += len(own)
        right += sum(any(_touch(span, mark) for mark in each.labels) for span in own)
        exact += sum(span in marked for span in own)
    name = kinds[0] if len(kinds) == 1 else "all"
    return Score(language, name, labels, covered, findings, right, exact)


def _touch(one: Finding, other: Finding) -> bool:
    return one.kind == other.kind and one.start < other.end and other.start < one.end


def untouched(texts: Iterable[Labelled], find: Find) -> tuple[int, int]:
    """How many texts without personal data are left as they are, and how many there are."""
    clean = [each for each in texts if not each.labels]
    return sum(not find(each.text) for each in clean), len(clean)


def mistakes(texts: Iterable[Labelled], find: Find) -> Iterator[str]:
    """Each text that isn't found to the character: what was missed and what was taken."""
    for each in texts:
        spans = set(find(each.text))
        labels = set(each.labels)
        if spans != labels:
            missed = [each.text[mark.start : mark.end] for mark in sorted(labels - spans)]
            taken = [f"{s.kind} {each.text[s.start : s.end]}" for s in sorted(spans - labels)]
            yield f"{each.text}\n    not as labelled: {missed}; found instead: {taken}"


def milliseconds(texts: Sequence[Labelled], find: Find, rounds: int = 5) -> tuple[float, float]:
    """The median and the 95th percentile of the time that one text takes, after a first round."""
    spent = []
    for turn in range(rounds + 1):
        for each in texts:
            start = time.perf_counter()
            find(each.text)
            if turn:
                spent.append(1000 * (time.perf_counter() - start))
    return float(np.percentile(spent, 50)), float(np.percentile(spent, 95))
