"""Ruled tables of a PDF's pages, found by pdfplumber; nothing of what stands around them."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rag_cs.readers.builder import one_line

# Columns at a table's edges are often left without an outer rule; the rules between the rows
# then reach further than the grid that was found, by more than this many points.
_OVERHANG = 5.0
_MIN_FILLED_SHARE = 0.4
# What a page may take at the most.
_SECONDS_A_PAGE = 0.5


@dataclass(frozen=True, slots=True)
class PageTable:
    """The cells of a table, its page, from 1, and its place, in points from the upper left."""

    rows: tuple[tuple[str, ...], ...]
    page: int
    left: float
    top: float
    right: float
    bottom: float


def find_tables(
    data: bytes, numbers: Sequence[int], earn: Callable[[float], None] = lambda _: None
) -> dict[int, list[PageTable]]:
    """The tables on the given pages, which count from 0. Takes some 0.1 s a page, of which `earn`
    is told: see `Limits`. Where pdfplumber fails there are none: PDFium has read the words."""
    if not numbers:
        return {}
    import pdfplumber

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # each oddity of each file, otherwise
    found: dict[int, list[PageTable]] = {}
    with suppress(Exception), pdfplumber.open(io.BytesIO(data)) as document:
        for number in numbers:
            with suppress(Exception):
                page = document.pages[number]
                if not page.rotation:
                    found[number] = list(_page_tables(page))
                page.close()
            earn(_SECONDS_A_PAGE)
    return found


def _page_tables(page: Any) -> Iterator[PageTable]:
    for table in _grids(page):
        # A share of the letters' size: the default, 3 points, swallows spaces in small print.
        cells = table.extract(x_tolerance_ratio=0.15)
        rows = tuple(tuple(one_line(cell or "") for cell in row) for row in cells)
        rows = tuple(row for row in rows if any(row))
        if _is_table(rows):
            yield PageTable(rows, page.page_number, *table.bbox)


def _grids(page: Any) -> list[Any]:
    grids = page.find_tables()
    edges = [edge for grid in grids for edge in _outer_edges(page, grid)]
    if not edges:
        return list(grids)
    return list(page.find_tables({"explicit_vertical_lines": edges}))


def _outer_edges(page: Any, grid: Any) -> Iterator[dict[str, Any]]:
    """Upright lines at the ends of the rules that reach beyond a grid's own edges."""
    left, top, right, bottom = grid.bbox
    rules = [
        edge
        for edge in page.horizontal_edges
        if top - 2 <= edge["top"] <= bottom + 2 and edge["x0"] <= right and edge["x1"] >= left
    ]
    starts = min((edge["x0"] for edge in rules), default=left)
    ends = max((edge["x1"] for edge in rules), default=right)
    for x, beyond in ((starts, left - starts), (ends, ends - right)):
        if beyond > _OVERHANG:
            yield {
                "object_type": "line", "x0": x, "x1": x, "top": top, "bottom": bottom,
                "width": 0, "height": bottom - top, "orientation": "v",
            }  # fmt: skip


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell for row in rows for cell in row]
    columns = len(rows[0]) if rows else 0
    return len(rows) > 1 and columns > 1 and sum(map(bool, cells)) > _MIN_FILLED_SHARE * len(cells)
