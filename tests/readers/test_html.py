from __future__ import annotations

from rag_cs.readers.builder import Limits
from rag_cs.readers.html import read

PAGE = """<!DOCTYPE html><html><head><title>Shop - Shipping</title>
<meta charset="{charset}"><style>p{{}}</style></head>
<body><nav><a href="/">Home</a></nav><main><h1>运费 Shipping</h1>
<p>Parcels leave<br>within <b>24</b> hours.</p><script>alert(1)</script>
<ul><li>Express <ul><li>Air</li></ul></li><li>Standard</li></ul>
<table><tr><th>Zone</th><th>Fee</th></tr><tr><td>A</td><td>￥12</td></tr></table>
<div>Loose words <span>in a div</span><p>then a paragraph</p></div>
<p hidden>secret</p></main><footer>(c) all of us, the shop's usual footer</footer></body></html>"""

EXPECTED = [
    ("heading", "运费 Shipping"),
    ("paragraph", "Parcels leave within 24 hours."),
    ("list_item", "- Express"),
    ("list_item", "- Air"),
    ("list_item", "- Standard"),
    ("table", "| Zone | Fee |\n| A | ￥12 |"),
    ("paragraph", "Loose words in a div"),
    ("paragraph", "then a paragraph"),
]


def blocks(data: bytes) -> list[tuple[str, str]]:
    draft = read(data, "x.html", Limits())
    return [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks]


def test_the_main_content_is_read_and_what_surrounds_it_left_out() -> None:
    assert blocks(PAGE.format(charset="utf-8").encode()) == EXPECTED


def test_declared_and_mistaken_encodings() -> None:
    assert blocks(PAGE.format(charset="gb2312").encode("gbk")) == EXPECTED
    assert blocks(PAGE.format(charset="iso-8859-99").encode()) == EXPECTED


def test_the_title_is_the_only_heading_of_the_first_level_or_the_head_s() -> None:
    assert read(PAGE.format(charset="utf-8").encode(), "x", Limits()).title == "运费 Shipping"
    assert read(b"<title>T</title><p>words</p>", "x", Limits()).title == "T"


def test_cells_that_span_rows_are_told_in_each_row() -> None:
    page = """<table><tr><th>Zone</th><th colspan="2">Fee</th></tr>
    <tr><td rowspan="2">A</td><td>12</td><td>day</td></tr><tr><td>15</td><td>night</td></tr>
    <tr><td rowspan="x">B</td><td>9</td><td></td></tr></table>"""
    assert blocks(page.encode()) == [
        ("table", "| Zone | Fee |  |\n| A | 12 | day |\n| A | 15 | night |\n| B | 9 |  |")
    ]


def test_lists_of_contents_are_left_out_but_not_text_that_is_filed_under_such_a_name() -> None:
    words = "What this page says at some length, " * 10
    page = f"""<div class="toc"><a href="#1">Part one</a> <a href="#2">Part two</a></div>
    <div class="toctree-wrapper"><h2>Part one<a class="headerlink" href="#">¶</a></h2>
    <p>{words}</p></div>"""
    assert blocks(page.encode()) == [("heading", "Part one"), ("paragraph", words.strip())]


def test_meta_elements_date_a_page() -> None:
    page = (
        '<head><meta name="Effective-From" content="2026-03-01"><meta name="版本" content="2">'
        '<meta name="expires" content="0"><meta name="viewport" content="width=1"></head><p>Words.'
    )
    metadata = read(page.encode(), "a.html", Limits()).metadata
    assert metadata == {"effective-from": "2026-03-01", "版本": "2"}
