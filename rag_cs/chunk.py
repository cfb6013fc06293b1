"""Document -> chunks that keep their offsets. Pure, given a way to count tokens.

A chunk is a run of whole blocks below one heading. FAQ pairs and sheet rows stand alone;
a block over the limit is cut at its lines, then at its sentences, then at white space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag_cs.text import split_sentences, trim
from rag_cs.types import Block, Chunk, Document

TokenCounter = Callable[[Sequence[str]], list[int]]
"""Maps n texts to n token counts."""

# Tokens of the embedder in one chunk, context included; e5 reads 512 at the most.
MAX_TOKENS = 320
# A heading opens a new chunk only when the running one has at least this many tokens, so that
# a page of short sections doesn't become chunks of one line each.
MIN_TOKENS = 48
# Characters of title and headings in front of a chunk; longer ones are cut.
MAX_CONTEXT_CHARACTERS = 160

# A text of more characters than this for each token that it may have isn't counted but cut; and it
# counts as no fewer tokens, since a run of characters that the embedder doesn't know is one token.
_CHARACTERS_A_TOKEN = 20
# Texts are counted so many characters at a time: a token takes some 150 bytes while it is counted.
_COUNTED_CHARACTERS = 256_000
_SEPARATORS = " ,，、；;：:|\t"

_ALONE = {"faq", "row"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or a part of one that was over the limit, with its size in tokens."""

    block: Block
    start: int
    end: int
    tokens: int
    context: str = ""


def chunk(
    document: Document,
    count_tokens: TokenCounter,
    *,
    max_tokens: int = MAX_TOKENS,
    min_tokens: int = MIN_TOKENS,
) -> list[Chunk]:
    """The chunks of `document` in reading order, each equal to its slice of `document.text`.

    `count_tokens` maps n texts to n token counts; use the embedder's own. No chunk has more
    than `max_tokens` tokens, its context included, unless one word alone has.
    """
    budget = max_tokens - MAX_CONTEXT_CHARACTERS // 4
    pieces = _pieces(document, _Sizes(count_tokens, budget))
    groups = _group(pieces, budget, min_tokens)
    return [_to_chunk(document, group, ordinal) for ordinal, group in enumerate(groups)]


class _Sizes:
    """How large texts are, in tokens; `budget` is what one piece may have."""

    def __init__(self, count_tokens: TokenCounter, budget: int) -> None:
        self._count_tokens = count_tokens
        self.budget = budget
        self.most_characters = _CHARACTERS_A_TOKEN * budget

    def of(self, text: str, spans: Sequence[tuple[int, int]]) -> Iterator[int]:
        """The size of each span of a text; above the budget where it is too long to be counted."""
        for batch in self._batches(spans):
            short = [text[start:end] for start, end in batch if end - start <= self.most_characters]
            counts = iter(self._count_tokens(short) if short else ())
            for start, end in batch:
                least = -(-(end - start) // _CHARACTERS_A_TOKEN)
                yield least if end - start > self.most_characters else max(next(counts), least)

    def _batches(self, spans: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
        batch: list[tuple[int, int]] = []
        characters = 0
        for start, end in spans:
            batch.append((start, end))
            characters += min(end - start, self.most_characters)
            if characters > _COUNTED_CHARACTERS:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch


def _pieces(document: Document, sizes: _Sizes) -> Iterator[_Piece]:
    spans = [(block.start, block.end) for block in document.blocks]
    for block, tokens in zip(document.blocks, sizes.of(document.text, spans), strict=True):
        if tokens <= sizes.budget:
            yield _Piece(block, block.start, block.end, tokens)
        else:
            yield from _cut(document.text, block, sizes)


def _cut(text: str, block: Block, sizes: _Sizes) -> Iterator[_Piece]:
    """Parts of an oversized block. A table's later parts carry its header row as context."""
    header = text[block.start : block.end].split("\n", 1)[0] if block.kind == "table" else ""
    header = header[:MAX_CONTEXT_CHARACTERS]
    run: list[tuple[int, int]] = []
    held = 0
    for start, end, tokens in _split(text, (block.start, block.end), sizes):
        if run and held + tokens > sizes.budget:
            yield _merge(block, run, held, header)
            run, held = [], 0
        run.append((start, end))
        held += tokens
    if run:
        yield _merge(block, run, held, header)


def _merge(block: Block, run: list[tuple[int, int]], tokens: int, header: str) -> _Piece:
    start, end = run[0][0], run[-1][1]
    return _Piece(block, start, end, tokens, "" if start == block.start else header)


def _split(text: str, span: tuple[int, int], sizes: _Sizes) -> Iterator[tuple[int, int, int]]:
    """Sentences and lines of `span` with their sizes, none over the budget, longest unit first."""
    first, last = span
    spans = [(first + start, first + end) for start, end in split_sentences(text[first:last])]
    for (start, end), tokens in zip(spans, sizes.of(text, spans), strict=True):
        if tokens <= sizes.budget or end - start < 2:
            yield start, end, tokens
        else:
            for part in _parts(text, start, end, sizes.most_characters):
                yield from _split(text, part, sizes)


def _parts(text: str, start: int, end: int, most: int) -> list[tuple[int, int]]:
    """An endless sentence cut in two near its middle, or in as many parts as keep each within
    `most` characters; at white space or a comma, if there is one."""
    size = min(most, -(-(end - start) // 2))
    parts = []
    while end - start > size:
        cut = _last_separator(text, start + size // 2, start + size) + 1 or start + size
        parts.append((start, cut))
        start = cut
    parts.append((start, end))
    return [span for part in parts if (span := trim(text, *part))[0] < span[1]]


def _last_separator(text: str, start: int, end: int) -> int:
    """Its place, or -1."""
    return max(text.rfind(separator, start, end) for separator in _SEPARATORS)


def _group(pieces: Iterator[_Piece], budget: int, min_tokens: int) -> Iterator[list[_Piece]]:
    group: list[_Piece] = []
    tokens = 0
    for piece in pieces:
        if group and _breaks(group, tokens, piece, budget, min_tokens):
            kept = _trailing_headings(group)
            yield group[: len(group) - len(kept)]
            group, tokens = kept, sum(part.tokens for part in kept)
        group.append(piece)
        tokens += piece.tokens
    if group:
        yield group


def _breaks(group: list[_Piece], tokens: int, piece: _Piece, budget: int, min_tokens: int) -> bool:
    if tokens + piece.tokens > budget:
        return True
    kinds = {part.block.kind for part in group}
    if kinds <= {"heading"}:
        return False
    if piece.block.kind in _ALONE or kinds & _ALONE:
        return True
    return piece.block.kind == "heading" and tokens >= min_tokens


def _trailing_headings(group: list[_Piece]) -> list[_Piece]:
    """Headings at a group's end belong to what follows, unless the group is nothing else."""
    last = len(group)
    while last and group[last - 1].block.kind == "heading":
        last -= 1
    return group[last:] if last else []


def _to_chunk(document: Document, group: list[_Piece], ordinal: int) -> Chunk:
    start, end = group[0].start, group[-1].end
    body = next((part.block for part in group if part.block.kind != "heading"), group[0].block)
    path = _common_path([part.block.heading_path for part in group])
    return Chunk(
        id=f"{document.id}-{ordinal:05d}",
        document_id=document.id,
        title=document.title,
        text=document.text[start:end],
        start=start,
        end=end,
        page=body.page,
        heading_path=path,
        kind=body.kind,
        context=_context(document.title, path, group[0].context or body.context),
        question=body.question,
        metadata=document.metadata,
    )


def _common_path(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    shortest = min(paths, key=len)
    for depth, name in enumerate(shortest):
        if any(path[depth] != name for path in paths):
            return shortest[:depth]
    return shortest


def _context(title: str, path: tuple[str, ...], header: str) -> str:
    names = [title, *path]
    distinct = [name for before, name in pairwise(["", *names]) if name != before and name]
    lines = [" > ".join(distinct)[:MAX_CONTEXT_CHARACTERS], header[:MAX_CONTEXT_CHARACTERS]]
    return "\n".join(line for line in lines if line)
