from __future__ import annotations

import io

from reportlab.lib import colors
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from rag_cs.readers.pdf_tables import find_tables

ROWS = [["Part", "Interval", "How"], ["Filter", "6 months", "replace"], ["Sensor", "", "wipe"]]


def page(*style: tuple[object, ...]) -> bytes:
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, invariant=1).build([Table(ROWS, style=TableStyle(list(style)))])
    return buffer.getvalue()


def test_a_ruled_table_is_found_with_its_place() -> None:
    grid = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)
    (table,) = find_tables(page(grid), [0])[0]
    assert table.rows == tuple(map(tuple, ROWS))
    assert table.page == 1
    assert 0 < table.left < table.right < 612
    assert 0 < table.top < table.bottom < 792


def test_columns_beyond_the_last_upright_rule_belong_to_the_table() -> None:
    rules = [
        ("LINEABOVE", (0, 0), (-1, -1), 0.5, colors.black),
        ("LINEBELOW", (0, -1), (-1, -1), 0.5, colors.black),
        ("LINEBEFORE", (1, 0), (-1, -1), 0.5, colors.black),
    ]
    (table,) = find_tables(page(*rules), [0])[0]
    assert table.rows == tuple(map(tuple, ROWS))


def test_a_box_around_words_is_no_table() -> None:
    assert find_tables(page(("BOX", (0, 0), (-1, -1), 1, colors.black)), [0]) == {0: []}
    assert find_tables(b"", []) == {}
