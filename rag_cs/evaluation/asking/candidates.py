"""A document -> every question that one of its spans answers: FAQ pairs, headings, look-ups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag_cs.evaluation.asking import chinese, english
from rag_cs.evaluation.asking.lookups import lookups
from rag_cs.evaluation.asking.parts import (
    Candidate,
    QuestionKind,
    Section,
    read_pair,
    read_sections,
)
from rag_cs.text import detect_language, trim
from rag_cs.types import Document

# A shorter section says nothing; a longer one is chapters, of which other passages tell as much.
MIN_SECTION = {"zh": 18, "en": 75}
MAX_SECTION = {"zh": 900, "en": 2_400}
# A section that only points elsewhere must say more than that.
_POINTER = re.compile(r"\b(?:following|below|see|refer to)\b|如下|以下|下列|参见", re.IGNORECASE)
# Above steps that have headings of their own stands no more than an introduction.
_FIRST_STEP = re.compile(
    r"(?:step|method|option|phase|part) (?:1|a|one)\b|步骤[一1]", re.IGNORECASE
)
_MARKUP = re.compile(r"!\[[^\]]*\]|\]\([^)]*\)|\{[^}]*\}|https?:\S+")


def candidates(document: Document) -> list[Candidate]:
    """The candidates of a document in no order that matters. One that gives none is asked about
    by its title."""
    text, title = document.text, document.title
    sections = read_sections(text)
    found: list[Candidate] = []
    for place, section in enumerate(sections):
        pairs = [pair for part in section.parts if (pair := read_pair(text, part))]
        found += [Candidate(pair.question, "faq", pair.start, pair.end) for pair in pairs]
        if section.heading and not pairs and not _is_introduction(sections, place, title):
            found += _of_heading(document, section)
        found += lookups(text, section, title)
    if sections and not found:
        every = tuple(part for section in sections for part in section.parts)
        found += _of_heading(document, Section(title, every), is_title=True)
    return found


def same_words(text: str) -> str:
    """`text` without what may differ in two copies of it: case, white space, punctuation."""
    return re.sub(r"[\W_]", "", text).lower()


def _is_introduction(sections: Sequence[Section], place: int, title: str) -> bool:
    """Whether a section stands below the document's own title, or above the first of its steps."""
    if place + 1 == len(sections):
        return False
    is_title = place == 0 and same_words(title) in same_words(sections[place].heading)
    return is_title or bool(_FIRST_STEP.match(sections[place + 1].heading))


def _of_heading(
    document: Document, section: Section, *, is_title: bool = False
) -> Iterator[Candidate]:
    """The heading as a question, unless its section is too short or too long to answer it; of
    what stands below a title, the beginning."""
    language = detect_language(section.heading)
    start, end = section.span
    if language != detect_language(document.text[start:end]):
        return
    if is_title:
        start, end = _beginning(document.text, section, MAX_SECTION[language])
    if end - start > MAX_SECTION[language]:
        return
    body = document.text[start:end]
    least = MIN_SECTION[language] * (2 if _POINTER.search(body) else 1)
    if len(_MARKUP.sub("", body)) < least:
        return
    kind, asked = _asked(section.heading, document)
    if asked:
        yield Candidate(asked, kind, start, end)


def _beginning(text: str, section: Section, characters: int) -> tuple[int, int]:
    """The span of the first lines of a section that fit into so many characters."""
    start, end = section.span
    if end - start <= characters:
        return start, end
    line_end = text.rfind("\n", start, start + characters)
    return trim(text, start, line_end if line_end > start else start + characters)


def _asked(heading: str, document: Document) -> tuple[QuestionKind, str]:
    """How the heading is asked for: as a FAQ question when it is one already."""
    if detect_language(heading) == "zh":
        if chinese.is_question(heading):
            return "faq", chinese.without_numbering(heading)
        return "heading", chinese.heading_question(heading, document.title)
    if english.is_question(heading):
        return "faq", english.without_numbering(heading)
    return "heading", english.heading_question(heading, document.text)
