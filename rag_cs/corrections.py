"""A merchant's corrections of a document's text, and how they survive its next version. Pure.

A correction is what stood there and what shall stand there instead, with as much around it as
makes its place the only one. It is put into every later version that still says the same; where
a version doesn't, the two are in conflict, and the merchant decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag_cs.errors import InvalidInput
from rag_cs.types import Block, Chunk, Document

State = Literal["applied", "conflict"]
# Metadata of a corrected document: the hash of the file, where the document's own names the
# corrections too.
FILE_HASH = "file_sha256"

# Characters by which the place of a change is widened until it is the only one.
_STEP = 20
MAX_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Correction:
    """`before` stood in a document once, `after` shall stand there, and does unless they are in
    conflict. `created_at` is UTC."""

    id: str
    document_id: str
    before: str
    after: str
    created_at: str = ""
    state: State = "applied"


@dataclass(frozen=True, slots=True)
class Corrected:
    """A document with the corrections that fit it; those that don't; and those that it already
    says by itself."""

    document: Document
    applied: tuple[Correction, ...] = ()
    conflicts: tuple[Correction, ...] = ()
    absorbed: tuple[Correction, ...] = ()

    @property
    def kept(self) -> tuple[Correction, ...]:
        """Those that go on, each with its state."""
        return (
            *(replace(each, state="applied") for each in self.applied),
            *(replace(each, state="conflict") for each in self.conflicts),
        )


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
    while not _stands_once(whole[low:high], whole) or not whole[low:high].strip():
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
    """The document, as its file has it, with every correction whose place it still has, in their
    order."""
    applied: list[Correction] = []
    conflicts: list[Correction] = []
    absorbed: list[Correction] = []
    for each in corrections:
        said = bool(each.after) and each.after in document.text
        if said and (each.before not in document.text or each.before in each.after):
            absorbed.append(each)
        elif _stands_once(each.before, document.text) and (changed := _replaced(document, each)):
            document = changed
            applied.append(each)
        else:
            conflicts.append(each)
    document = _named(document, file_hash(document), applied)
    return Corrected(document, tuple(applied), tuple(conflicts), tuple(absorbed))


def correct_chunks(
    document: Document, chunks: Sequence[Chunk], correction: Correction, kept: Sequence[Correction]
) -> tuple[Document, list[Chunk]]:
    """A stored document, whose blocks nobody knows any more, and its chunks with one more
    correction; `kept` are all that it stands with then.

    Raises InvalidInput for a change that reaches over the end of a passage, or takes all of it.
    """
    start = document.text.index(correction.before)
    end = start + len(correction.before)
    holding = [each for each in chunks if each.start <= start and end <= each.end]
    if len(holding) != 1:
        raise InvalidInput(
            "The correction reaches over the end of a passage. Correct each passage by itself."
        )
    text = document.text[:start] + correction.after + document.text[end:]
    grown = len(correction.after) - len(correction.before)
    changed = _named(replace(document, text=text), file_hash(document), kept)
    moved = [
        _changed_chunk(each, changed, correction, grown, end, is_held=each is holding[0])
        for each in chunks
    ]
    if not all(each.text.strip() for each in moved):
        raise InvalidInput("Nothing would be left of this passage. Correct the file and upload it.")
    return changed, moved


def _changed_chunk(
    chunk: Chunk, document: Document, correction: Correction, grown: int, end: int, *, is_held: bool
) -> Chunk:
    named = replace(chunk, sha256=document.sha256, metadata=document.metadata)
    if is_held:
        question = chunk.question.replace(correction.before, correction.after)
        text = document.text[chunk.start : chunk.end + grown]
        return replace(named, text=text, end=chunk.end + grown, question=question)
    if chunk.start >= end:
        return replace(named, start=chunk.start + grown, end=chunk.end + grown)
    return named


def file_hash(document: Document) -> str:
    """The hash of the file that a document was read from."""
    return document.metadata.get(FILE_HASH, document.sha256)


def _named(document: Document, file: str, applied: Sequence[Correction]) -> Document:
    """A corrected document is another version: what quotes one doesn't quote the other."""
    metadata = {name: value for name, value in document.metadata.items() if name != FILE_HASH}
    if not applied:
        return replace(document, sha256=file, metadata=metadata)
    names = "\n".join([file, *(each.id for each in applied)])
    digest = hashlib.sha256(names.encode()).hexdigest()
    return replace(document, sha256=digest, metadata=metadata | {FILE_HASH: file})


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


def _stands_once(part: str, text: str) -> bool:
    """Whether a text holds a part in one place; ". ." stands in ". . ." twice."""
    place = text.find(part)
    return place >= 0 and text.find(part, place + 1) < 0


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
