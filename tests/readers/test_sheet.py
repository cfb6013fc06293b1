from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence

import openpyxl
import pytest
import xlwt

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.builder import Draft, Limits
from rag_cs.readers.sheet import read_csv, read_workbook


def workbook(**sheets: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def texts(draft: Draft) -> list[tuple[str, str]]:
    return [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("问题", "答案"),
        ("常见问题", "回答"),
        ("Question", "Answer"),
        ("Q", "A"),
        ("提问", "答复内容"),
        ("標準問題", "回覆"),
    ],
)
def test_faq_columns_are_known_by_their_names(question: str, answer: str) -> None:
    data = workbook(
        FAQ=[["客服知识库", None], ["分类", question, answer], ["运费", "包邮吗？", "满199元。"]]
    )
    draft = read_workbook(data, "x.xlsx", Limits())
    assert texts(draft)[-1] == ("faq", "问：包邮吗？\n答：满199元。\n分类：运费")
    assert draft.blocks[-1].question == "包邮吗？"


def test_other_wordings_of_a_question_stay_with_it() -> None:
    data = "标准问,相似问,答案\n能退吗,可以退货吗|退货行吗,能。\n".encode()
    assert texts(read_csv(data, "x.csv", Limits())) == [
        ("faq", "问：能退吗 / 可以退货吗 / 退货行吗\n答：能。")
    ]


def test_other_sheets_are_read_row_by_row_with_their_header() -> None:
    rows = [["Price list 2026"], [], ["Code", "Price", "Since"],
            ["AQ-300/B", 129.0, dt.datetime(2026, 3, 1)], ["AQ-301", 99.5, None]]  # fmt: skip
    draft = read_workbook(workbook(Products=rows), "x.xlsx", Limits())
    assert texts(draft) == [
        ("paragraph", "Price list 2026"),
        ("row", "Code: AQ-300/B; Price: 129; Since: 2026-03-01"),
        ("row", "Code: AQ-301; Price: 99.5"),
    ]


def test_several_sheets_stand_under_their_names() -> None:
    draft = read_workbook(workbook(甲=[["a", "b"], [1, 2]], 乙=[["c", "d"], [3, 4]]), "x", Limits())
    assert [block.heading_path for block in draft.blocks] == [("甲",), ("甲",), ("乙",), ("乙",)]


def test_an_old_workbook(tmp_path: object) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("备件")
    for row, cells in enumerate([["货号", "名称"], ["LK-9", "滤网"]]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    assert texts(read_workbook(buffer.getvalue(), "x.xls", Limits())) == [
        ("row", "货号：LK-9；名称：滤网")
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_csv_in_any_dress(delimiter: str, encoding: str) -> None:
    data = f"货号{delimiter}名称\r\nLK-9{delimiter}这是滤网的名称\r\n".encode(encoding)
    assert texts(read_csv(data, "x.csv", Limits())) == [("row", "货号：LK-9；名称：这是滤网的名称")]


def test_a_workbook_without_rows_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="no rows"):
        read_workbook(workbook(Empty=[]), "x.xlsx", Limits())


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(TooLarge, match="more than 3 rows"):
        read_csv(b"a,b\n1,2\n3,4\n5,6\n", "x.csv", Limits(max_rows=3))


def test_numbers_read_as_people_write_them() -> None:
    rows = [["SKU", "EAN", "Weight"], ["12", 4006381333931.0, 0.1 + 0.2]]
    draft = read_workbook(workbook(Products=rows), "x.xlsx", Limits())
    assert draft.text == "SKU: 12; EAN: 4006381333931; Weight: 0.3"


def test_a_sheet_without_a_header_and_one_that_names_its_delimiter() -> None:
    assert read_csv(b"AQ-300,129\nAQ-301,99\n", "x", Limits()).text == "AQ-300; 129\nAQ-301; 99"
    assert read_csv(b"sep=;\nSKU;Price\nA-1;5,50\n", "x", Limits()).text == "SKU: A-1; Price: 5,50"


def test_a_column_that_counts_the_pairs_is_left_out() -> None:
    data = "序号,问题,答案\n1,能退吗,能。\n".encode()
    assert read_csv(data, "x", Limits()).text == "问：能退吗\n答：能。"
