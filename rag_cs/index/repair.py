"""Makes again what `verify` found missing or damaged, where what is sound suffices for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from rag_cs.index.base import Matrix
from rag_cs.index.facts import raise_generation, set_fact
from rag_cs.index.lexical import LexicalSearch
from rag_cs.index.rows import batches, vector_row, withdraw_turns
from rag_cs.index.schema import (
    SNAPSHOT_NAME,
    chunks,
    conversations,
    documents,
    token_codes,
    turn_sources,
    vectors,
)
from rag_cs.index.verify import Fault, Kind, embedded, find_faults, opened
from rag_cs.text import search_terms

Embed = Callable[[list[str]], tuple[Matrix, list[bytes]]]
"""Texts to vectors, shape (texts, dimensions), and token codes, if the embedder has some."""


def repair(folder: Path, faults: Sequence[Fault], embed: Embed) -> list[Fault]:
    """Make again what can be, in one transaction; the faults that are left.

    A document's text is taken for true when its seal holds: its chunks are cut from it again,
    embedded and indexed. With a fault of the database itself nothing is touched. A server that has
    the store open notices changed vectors only when it starts again.
    """
    kinds = {fault.kind for fault in faults}
    if not faults or "database" in kinds:
        return list(faults)
    (folder / SNAPSHOT_NAME).unlink(missing_ok=True)  # the next opening reads the database instead
    gone = _numbers(faults, "left over", "chunk without document")
    broken = [
        number for number in _numbers(faults, "text", "vector", "terms", "codes")
        if number not in set(gone)
    ]  # fmt: skip
    with opened(folder) as engine, engine.execution_options(writes=True).begin() as connection:
        if "word index" in kinds:
            LexicalSearch.rebuild(connection)
        for batch in batches(gone):
            _forget(connection, batch)
            connection.execute(delete(chunks).where(chunks.c.number.in_(batch)))
        for batch in batches(broken):
            _make_again(connection, batch, embed)
        withdraw_turns(connection, _numbers(faults, "quote", "turn"))
        there = select(conversations.c.number)
        connection.execute(delete(turn_sources).where(turn_sources.c.turn.not_in(there)))
        if "numbering" in kinds:
            set_fact(connection, "last_number", _highest(connection))
        if gone or broken:
            raise_generation(connection)
    return find_faults(folder)


def _numbers(faults: Sequence[Fault], *kinds: Kind) -> list[int]:
    return sorted({number for fault in faults if fault.kind in kinds for number in fault.numbers})


def _highest(connection: Connection) -> int:
    return int(connection.scalar(select(func.max(chunks.c.number))) or 0)


def _forget(connection: Connection, numbers: list[int]) -> None:
    for table in (vectors, token_codes):
        connection.execute(delete(table).where(table.c.number.in_(numbers)))
    LexicalSearch.remove(connection, numbers)


def _make_again(connection: Connection, numbers: list[int], embed: Embed) -> None:
    query = select(chunks, documents.c.text.label("whole")).join(documents)
    rows: list[Mapping[Any, Any]] = list(
        connection.execute(query.where(chunks.c.number.in_(numbers))).mappings()
    )
    texts = []
    for row in rows:
        own = row["whole"][row["start"] : row["end"]]
        # The seal stays: that it holds again shows that nothing else of the chunk had changed.
        connection.execute(update(chunks).where(chunks.c.number == row["number"]).values(text=own))
        texts.append(embedded(row["context"], own))
    made, codes = embed(texts)
    held = [int(row["number"]) for row in rows]
    _forget(connection, held)
    beside = codes or [b""] * len(held)
    connection.execute(
        insert(vectors),
        [
            vector_row(number, np.asarray(vector), code)
            for number, vector, code in zip(held, made, beside, strict=True)
        ],
    )
    if codes:
        pairs = zip(held, codes, strict=True)
        connection.execute(
            insert(token_codes), [{"number": number, "codes": code} for number, code in pairs]
        )
    LexicalSearch.add(
        connection, [(n, search_terms(each)) for n, each in zip(held, texts, strict=True)]
    )
