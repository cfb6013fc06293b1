"""Markdown, by markdown-it's tokens. Front matter becomes metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.front_matter import split_front_matter
from rag_cs.readers.plain import decode

if TYPE_CHECKING:
    from markdown_it.token import Token

_TAG = re.compile(r"<[^>]+>")


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Headings, paragraphs, list items, tables and code, in order."""
    from markdown_it import MarkdownIt

    metadata, text = split_front_matter(decode(data, name).replace("\r\n", "\n"))
    builder = Builder(limits)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    title = _walk(builder, tokens)
    return builder.draft(metadata.get("title") or title, metadata)


def _walk(builder: Builder, tokens: Sequence[Token]) -> str:
    title, markers, position = "", [], 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "heading_open":
            text = _plain(tokens[position + 1])
            title = title or (text if token.tag == "h1" else "")
            builder.heading(text, int(token.tag[1]))
            position += 2
        elif token.type == "table_open":
            position = _table(builder, tokens, position)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            markers.append(None if token.type[0] == "b" else int(token.attrGet("start") or 1))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            markers.pop()
        elif token.type == "list_item_open" and markers[-1] is not None:
            markers[-1] += 1
        elif token.type == "inline":
            _inline(builder, token, markers)
        elif token.type in ("fence", "code_block"):
            builder.code(token.content)
        elif token.type == "html_block":
            builder.paragraph(_TAG.sub(" ", token.content))
        position += 1
    return title


def _inline(builder: Builder, token: Token, markers: Sequence[int | None]) -> None:
    if markers:
        builder.list_item(_plain(token), f"{markers[-1] - 1}." if markers[-1] else "-")
    else:
        builder.paragraph(_plain(token))


def _plain(inline: Token) -> str:
    """The words of an inline token, without marks, addresses and tags."""
    parts = []
    for child in inline.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
    return "".join(parts)


def _table(builder: Builder, tokens: Sequence[Token], position: int) -> int:
    rows: list[list[str]] = []
    while tokens[position].type != "table_close":
        if tokens[position].type == "tr_open":
            rows.append([])
        elif tokens[position].type == "inline":
            rows[-1].append(_plain(tokens[position]))
        position += 1
    builder.table(rows)
    return position
