"""Also the proof that parts are read as the readers write them: real files go through `load`."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rag_cs.evaluation.asking.parts import read_pair, read_rows, read_sections
from rag_cs.load import load

MARKDOWN = """# Shipping

## Delivery times

| Service | Time | Fee |
|---|---|---|
| Standard | 2 to 4 days | |
| Express | next day | ¥25 |

## Returns

Pack the goods well. The following can't be returned:

- filters
- lamps without their box

They stay yours
"""


def test_sections_of_markdown_with_their_tables_and_lists() -> None:
    text = load(MARKDOWN.encode(), "shipping.md").text
    times, returns = read_sections(text)
    assert (times.heading, returns.heading) == ("Delivery times", "Returns")
    assert [part.kind for part in returns.parts] == ["prose", "list", "prose"]
    assert text[slice(*returns.span)].startswith("Pack the goods")
    rows = read_rows(text, times.parts[0])
    cells = [[(cell.name, cell.value) for cell in row] for row in rows]
    assert cells[0] == [("Service", "Standard"), ("Time", "2 to 4 days"), ("Fee", "")]
    assert cells[1][2] == ("Fee", "¥25")
    assert all(text[cell.start : cell.end] == cell.value for row in rows for cell in row)


def test_rows_of_a_sheet() -> None:
    text = load("货号,名称,价格（元）\nSP-1,壶盖,29\nSP-2,底座,59\n".encode(), "价目.csv").text
    (section,) = read_sections(text)
    first, second = (row for part in section.parts for row in read_rows(text, part))
    assert [(cell.name, cell.value) for cell in second][::2] == [
        ("货号", "SP-2"),
        ("价格（元）", "59"),
    ]
    assert text[first[0].start : first[2].end] == "货号：SP-1；名称：壶盖；价格（元）：29"


def test_pairs_of_a_faq_sheet_without_their_other_wordings_and_columns() -> None:
    sheet = "问题,相似问题,答案,分类\n几天可以退？,多久能退,7天。,退货\n"
    text = load(sheet.encode(), "faq.csv").text
    (section,) = read_sections(text)
    pair = read_pair(text, section.parts[0])
    assert pair
    assert (pair.question, text[pair.start : pair.end]) == ("几天可以退？", "7天。")


@given(st.text("aB. \n|-：:问Q答A；1", max_size=120))
def test_any_text_falls_into_parts_that_do_not_overlap(text: str) -> None:
    spans = [part for section in read_sections(text) for part in section.parts]
    assert all(a.end <= b.start for a, b in pairwise(spans))
    for part in spans:
        read_pair(text, part)
        if part.kind in ("table", "rows"):
            read_rows(text, part)
