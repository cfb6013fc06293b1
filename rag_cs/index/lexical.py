"""BM25 over FTS5. The text is cut beforehand by `text.search_terms`; FTS5 only splits at spaces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, bindparam, column, select, table, text

from rag_cs.index.base import Numbers, Scores

# The sum of document frequencies that one query may walk. FTS5 takes about 1 ms for 1,000
# postings; without a limit a query of frequent words takes 190 ms at 100,000 chunks. See the
# log, "Retrieval at 100,000 chunks".
POSTINGS_BUDGET = 6_000

_terms = table("chunk_terms", column("rowid"), column("terms"), column("rank"))
_match = text("chunk_terms MATCH :match")
# As one value, so that no number of chunks is too many.
_not_barred = text("chunk_terms.rowid NOT IN (SELECT value FROM json_each(:barred))")


class LexicalSearch:
    """Searches one store's `chunk_terms` table, and remembers how frequent terms are.

    The frequencies only decide which terms are too common to walk.
    """

    def __init__(self) -> None:
        self._frequencies: dict[str, int] = {}
        self._counted_at = 0

    @staticmethod
    def add(connection: Connection, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Index the terms of numbered chunks."""
        values = [{"number": number, "terms": " ".join(terms)} for number, terms in rows]
        connection.execute(
            text("INSERT INTO chunk_terms(rowid, terms) VALUES (:number, :terms)"), values
        )

    @staticmethod
    def remove(connection: Connection, numbers: Sequence[int]) -> None:
        """Forget numbered chunks."""
        statement = text("DELETE FROM chunk_terms WHERE rowid IN :numbers")
        connection.execute(
            statement.bindparams(bindparam("numbers", expanding=True)), {"numbers": list(numbers)}
        )

    @staticmethod
    def rebuild(connection: Connection) -> None:
        """Index all terms anew, so that nothing is left of what was removed: FTS5 only marks it."""
        connection.exec_driver_sql("INSERT INTO chunk_terms(chunk_terms) VALUES ('rebuild')")
        connection.exec_driver_sql("INSERT INTO chunk_terms(chunk_terms) VALUES ('optimize')")

    def search(
        self,
        connection: Connection,
        terms: Sequence[str],
        limit: int,
        allowed: Select[Any] | None = None,
        barred: Numbers | None = None,
    ) -> Scores:
        """The `limit` chunks of greatest BM25 score (k1 = 1.2, b = 0.75, as in FTS5), among
        `allowed` if given, and not among `barred`."""
        chosen = self._affordable(connection, dict.fromkeys(terms))
        if not chosen:
            return Scores(np.empty(0, np.int64), np.empty(0, np.float32))
        query = select(_terms.c.rowid, _terms.c.rank).where(_match)
        if allowed is not None:
            query = query.where(_terms.c.rowid.in_(allowed))
        values = {"match": " OR ".join(f'"{term}"' for term in chosen)}
        if barred is not None and len(barred):
            query = query.where(_not_barred)
            values["barred"] = json.dumps(barred.tolist())
        query = query.order_by(_terms.c.rank, _terms.c.rowid).limit(limit)
        rows = connection.execute(query, values).all()
        numbers = np.array([row.rowid for row in rows], np.int64)
        return Scores(numbers, -np.array([row.rank for row in rows], np.float32))

    def _affordable(self, connection: Connection, terms: dict[str, None]) -> list[str]:
        """The rarest terms whose postings fit the budget; always at least one that occurs."""
        frequencies = {term: self._frequency(connection, term) for term in terms}
        present = sorted((term for term in terms if frequencies[term]), key=frequencies.__getitem__)
        budget = POSTINGS_BUDGET
        chosen: list[str] = []
        for term in present:
            budget -= frequencies[term]
            if chosen and budget < 0:
                break
            chosen.append(term)
        return chosen

    def _frequency(self, connection: Connection, term: str) -> int:
        known = self._frequencies.get(term)
        if known is None:
            statement = text("SELECT doc FROM vocabulary WHERE term = :term")
            known = int(connection.scalar(statement, {"term": term}) or 0)
            if known:  # a term that is missing may come with the next document
                self._frequencies[term] = known
        return known

    def forget_frequencies(self, chunks: int) -> None:
        """To be called when chunks came or went, of which there are now `chunks`: the counts
        only decide which terms are too common to walk, so they may be a tenth out of date."""
        if abs(chunks - self._counted_at) > 0.1 * self._counted_at:
            self._frequencies = {}
            self._counted_at = chunks
