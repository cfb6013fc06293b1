from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag_cs.readers.builder import Builder, Draft
from rag_cs.readers.layout import Flow, TextLine, joined, read_style


def line(text: str, top: float, *, left: float = 50, right: float = 500, size: float = 10,
         page: int = 1, bold: bool = False) -> TextLine:  # fmt: skip
    return TextLine(text, page, left, top, right, top + size, size, bold)


def laid_out(*lines: TextLine, outline: tuple[tuple[int, str], ...] = ()) -> Draft:
    builder = Builder()
    flow = Flow(builder, read_style(lines, outline))
    for one in lines:
        flow.add(one)
    flow.flush()
    return builder.draft(flow.title)


def texts(draft: Draft) -> list[tuple[str, str]]:
    return [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks]


def test_larger_and_bold_type_are_headings_and_gaps_end_paragraphs() -> None:
    draft = laid_out(
        line("Air Purifier", 50, size=20),
        line("Before use", 90, size=14, right=120),
        line("Take the filter out of its bag before you", 110),
        line("switch it on", 122, right=150),
        line("Warning", 150, bold=True, right=90),
        line("Keep it dry and away from children at all", 164),
        line("times.", 176, right=90),
    )
    assert texts(draft) == [
        ("heading", "Air Purifier"),
        ("heading", "Before use"),
        ("paragraph", "Take the filter out of its bag before you switch it on"),
        ("heading", "Warning"),
        ("paragraph", "Keep it dry and away from children at all times."),
    ]
    assert draft.title == "Air Purifier"
    assert draft.blocks[-1].heading_path == ("Air Purifier", "Before use", "Warning")


def test_bookmarks_say_which_lines_are_headings_and_how_deep() -> None:
    draft = laid_out(
        line("1.2 保修范围", 50, right=120),
        line("整机保修两年，电机保修三年，自签收之日起算，凭订单", 70),
        line("号即可报修。", 82, right=120),
        outline=((3, "保修范围"),),
    )
    assert texts(draft) == [
        ("heading", "1.2 保修范围"),
        ("paragraph", "整机保修两年，电机保修三年，自签收之日起算，凭订单号即可报修。"),
    ]


def test_a_chinese_paragraph_ends_where_its_last_line_ends_early() -> None:
    draft = laid_out(
        line("自收到商品之日起七天内可以退货，商品须完好，配件须", 50),
        line("齐全。", 62, right=80),
        line("运费由买家承担，质量问题除外。", 74),
    )
    assert [text for _, text in texts(draft)] == [
        "自收到商品之日起七天内可以退货，商品须完好，配件须齐全。",
        "运费由买家承担，质量问题除外。",
    ]


def test_items_and_clauses_begin_blocks_of_their_own() -> None:
    draft = laid_out(
        line("• unplug the appliance and let it cool for", 50),
        line("ten minutes", 62, left=60, right=150),
        line("(2) clean it", 74, right=150),
        line("2.1 Roles of the parties. Each of them agrees to", 86),
        line("this.", 98, right=70),
        line("2.2 Term. Two years.", 110, right=200),
    )
    assert texts(draft) == [
        ("list_item", "• unplug the appliance and let it cool for ten minutes"),
        ("list_item", "(2) clean it"),
        ("paragraph", "2.1 Roles of the parties. Each of them agrees to this."),
        ("paragraph", "2.2 Term. Two years."),
    ]


def test_a_sentence_runs_on_over_the_end_of_a_page_and_keeps_its_first_page() -> None:
    draft = laid_out(
        line("You may return the goods within", 700),
        line("thirty days of their arrival.", 50, page=2),
        line("Send them to us.", 700, page=2),
        line("We pay.", 50, page=3),
    )
    assert [(block.page, draft.text[block.start : block.end]) for block in draft.blocks] == [
        (1, "You may return the goods within thirty days of their arrival."),
        (2, "Send them to us."),
        (3, "We pay."),
    ]


def test_fixed_width_type_keeps_its_line_ends() -> None:
    lines = [replace(line(text, 50 + 12 * n), fixed_width=True) for n, text in enumerate("ab")]
    assert texts(laid_out(*lines)) == [("code", "a\nb")]


def test_words_broken_at_a_hyphen_are_made_whole() -> None:
    words = {"third", "party", "maintenance"}
    assert joined(["a third-", "party seller"], words) == "a third-party seller"
    assert joined(["main-", "tenance"], words) == "maintenance"
    assert joined(["see http://x.org/-", "faq"], words) == "see http://x.org/faq"


@given(
    st.lists(
        st.tuples(
            st.text(alphabet="ab中。.1• -", max_size=12), st.floats(0, 800), st.floats(0, 300),
            st.sampled_from([9.0, 10.0, 16.0]), st.integers(1, 3), st.booleans(),
        ),
        max_size=15,
    )
)  # fmt: skip
def test_no_words_are_lost(rows: list[tuple[str, float, float, float, int, bool]]) -> None:
    lines = [
        line(text, top, left=left, right=left + 100, size=size, page=page, bold=bold)
        for text, top, left, size, page, bold in rows
    ]

    def letters(text: str) -> str:
        return "".join(character for character in text if character in "ab中1")

    assert letters(laid_out(*lines).text) == letters("".join(row[0] for row in rows))
