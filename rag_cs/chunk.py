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

# Tokens of the embedder in one chunk, context included; e5 reads 512 at the most.
MAX_TOKENS = 320
# A heading opens a new chunk only when the running one has at least this many tokens, so that
# a page of short sections doesn't become chunks of one line each.
MIN_TOKENS = 48
# Characters of title and headings in front of a chunk; longer ones are cut.
MAX_CONTEXT_CHARACTERS = 160

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
    pieces = _pieces(document, count_tokens, budget)
    groups = _group(pieces, budget, min_tokens)
    return [_to_chunk(document, group, ordinal) for ordinal, group in enumerate(groups)]


def _pieces(document: Document, count_tokens: TokenCounter, budget: int) -> Iterator[_Piece]:
    text = document.text
    counts = count_tokens([text[block.start : block.end] for block in document.blocks])
    for block, tokens in zip(document.blocks, counts, strict=True):
        if tokens <= budget:
            yield _Piece(block, block.start, block.end, tokens)
        else:
            yield from _cut(text, block, count_tokens, budget)


def _cut(text: str, block: Block, count_tokens: TokenCounter, budget: int) -> Iterator[_Piece]:
    """Parts of an oversized block. A table's later parts carry its header row as context."""
    parts = list(_split(text, (block.start, block.end), count_tokens, budget))
    header = text[block.start : block.end].split("\n", 1)[0] if block.kind == "table" else ""
    run: list[tuple[int, int, int]] = []
    for start, end, tokens in parts:
        if run and sum(part[2] for part in run) + tokens > budget:
            yield _merge(block, run, "" if run[0][0] == block.start else header)
            run = []
        run.append((start, end, tokens))
    if run:
        yield _merge(block, run, "" if run[0][0] == block.start else header)


def _merge(block: Block, run: list[tuple[int, int, int]], header: str) -> _Piece:
    return _Piece(block, run[0][0], run[-1][1], sum(part[2] for part in run), header)


def _split(
    text: str, span: tuple[int, int], count_tokens: TokenCounter, budget: int
) -> Iterator[tuple[int, int, int]]:
    """Sentences and lines of `span` with their sizes, none over `budget`, longest unit first."""
    spans = [
        (span[0] + start, span[0] + end) for start, end in split_sentences(text[span[0] : span[1]])
    ]
    counts = count_tokens([text[start:end] for start, end in spans])
    for (start, end), tokens in zip(spans, counts, strict=True):
        if tokens <= budget or end - start < 2:
            yield start, end, tokens
        else:
            for half in _halves(text, start, end):
                yield from _split(text, half, count_tokens, budget)


def _halves(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut an endless sentence in two, at the white space or comma nearest to its middle."""
    middle = (start + end) // 2
    for distance in range((end - start) // 4):
        for cut in (middle - distance, middle + distance):
            if text[cut] in " ,，、；;：:|\t":
                return [trim(text, start, cut + 1), trim(text, cut + 1, end)]
    return [trim(text, start, middle), trim(text, middle, end)]


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
