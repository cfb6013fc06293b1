"""A merchant's corrections of a document's text, and how they survive its next version. Pure.

A correction is what stood there and what shall stand there instead, with as much around it as
makes its place the only one. It is put into every later version that still says the same; where
a version doesn't, the two are in conflict, and the merchant decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag_cs.errors import InvalidInput
from rag_cs.types import Block, Document

# Characters by which the place of a change is widened until it is the only one.
_STEP = 20
MAX_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Correction:
    """`before` stood in a document once, `after` shall stand there. `created_at` is UTC."""

    id: str
    document_id: str
    before: str
    after: str
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A document with the corrections that fit it; those that don't; and those that it already
    says by itself."""

    document: Document
    conflicts: tuple[Correction, ...] = ()
    absorbed: tuple[Correction, ...] = ()


def change_of(document: Document, start: int, end: int, text: str) -> tuple[str, str]:
    """(before, after) of putting `text` in the place of `document.text[start:end]`, narrowed to
    what differs and widened until it stands there once.

    Raises InvalidInput for a span that isn't there, and for a text that is endless or the same.
    """
    whole = document.text
    if not 0 <= start < end <= len(whole):
        raise InvalidInput(f"There is no span from {start} to {end} in {document.source}.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"The correction has more than {MAX_CHARACTERS:,} characters.")
    old = whole[start:end]
    if old == text:
        raise InvalidInput("The correction says what stands there already.")
    left = _shared(old, text)
    right = _shared(old[left:][::-1], text[left:][::-1])
    low, high, new = start + left, end - right, text[left : len(text) - right]
    first, last = _paragraph(whole, low, high)
    while whole.count(whole[low:high]) != 1 or not whole[low:high].strip():
        if (low, high) == (first, last):
            raise InvalidInput(
                f"{document.source} says {whole[low:high][:60]!r} more than once. "
                "Correct it in the file and upload that."
            )
        wider = max(first, low - _STEP), min(last, high + _STEP)
        new = whole[wider[0] : low] + new + whole[high : wider[1]]
        low, high = wider
    return whole[low:high], new


def _paragraph(text: str, start: int, end: int) -> tuple[int, int]:
    """The ends of the paragraphs that a span lies in."""
    after = text.find("\n\n", end)
    return text.rfind("\n\n", 0, start) + 2 if "\n\n" in text[:start] else 0, (
        after if after >= 0 else len(text)
    )


def correct(document: Document, corrections: Iterable[Correction]) -> Corrected:
    """The document with every correction whose place it still has, in their order."""
    conflicts, absorbed = [], []
    for each in corrections:
        places = document.text.count(each.before)
        said = bool(each.after) and each.after in document.text
        if said and (not places or each.before in each.after):
            absorbed.append(each)
        elif places == 1 and (changed := _replaced(document, each)):
            document = changed
        else:
            conflicts.append(each)
    return Corrected(document, tuple(conflicts), tuple(absorbed))


def _replaced(document: Document, correction: Correction) -> Document | None:
    """None when the place lies in more than one block: its structure would be lost."""
    start = document.text.index(correction.before)
    end = start + len(correction.before)
    touched = [block for block in document.blocks if block.start < end and start < block.end]
    if len(touched) != 1 or not (touched[0].start <= start and end <= touched[0].end):
        return None
    text = document.text[:start] + correction.after + document.text[end:]
    grown = len(correction.after) - len(correction.before)
    blocks = (_moved(block, touched[0], grown, correction) for block in document.blocks)
    kept = tuple(block for block in blocks if text[block.start : block.end].strip())
    return replace(document, text=text, blocks=_trimmed(text, kept))


def _moved(block: Block, touched: Block, grown: int, correction: Correction) -> Block:
    if block is touched:
        question = block.question.replace(correction.before, correction.after)
        return replace(block, end=block.end + grown, question=question)
    if block.start >= touched.end:
        return replace(block, start=block.start + grown, end=block.end + grown)
    return block


def _trimmed(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks without white space at their ends, as readers make them."""
    trimmed = []
    for block in blocks:
        part = text[block.start : block.end]
        start = block.start + len(part) - len(part.lstrip())
        trimmed.append(replace(block, start=start, end=start + len(part.strip())))
    return tuple(trimmed)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
