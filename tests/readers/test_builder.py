from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.errors import TooLarge
from rag_cs.readers.builder import Builder, Limits, one_line

texts = st.text(alphabet="ab中文 \n\t\x00|-。\u3000", max_size=30)


@given(st.lists(st.tuples(st.sampled_from("hpltcrf"), texts), max_size=12))
def test_blocks_are_slices_in_order_with_only_white_space_between(
    parts: list[tuple[str, str]],
) -> None:
    builder = Builder()
    for kind, text in parts:
        match kind:
            case "h":
                builder.heading(text, 1 + len(text) % 3)
            case "p":
                builder.paragraph(text)
            case "l":
                builder.list_item(text)
            case "t":
                builder.table([[text, "x"], ["y", text]])
            case "c":
                builder.code(text)
            case "r":
                builder.row(["Code", text], [text, "v"])
            case _:
                builder.faq([text], text)
    draft = builder.draft()
    end = 0
    for block in draft.blocks:
        assert draft.text[end : block.start].strip() == ""
        assert block.start < block.end
        content = draft.text[block.start : block.end]
        assert content == content.strip() != ""
        end = block.end
    assert end == len(draft.text) == len(builder)


def test_headings_make_a_path_and_end_the_deeper_ones() -> None:
    builder = Builder()
    builder.heading("A", 1)
    builder.heading("A1", 2)
    builder.paragraph("text")
    builder.heading("B", 1)
    builder.paragraph("more")
    paths = [block.heading_path for block in builder.draft().blocks]
    assert paths == [("A",), ("A", "A1"), ("A", "A1"), ("B",), ("B",)]


def test_rows_tables_and_pairs_read_as_people_write_them() -> None:
    builder = Builder()
    builder.row(["货号", "价格", ""], ["AQ-300/B", "129", ""])
    builder.row(["Code", "Price"], ["AQ-300/B", "129"])
    builder.table([["a", "b"], ["1", "x|y"]])
    builder.faq(["能退吗？", "可以退货吗"], "七天内可以。")
    assert builder.draft().text == (
        "货号：AQ-300/B；价格：129\nCode: AQ-300/B; Price: 129\n\n| a | b |\n| 1 | x/y |\n\n"
        "问：能退吗？ / 可以退货吗\n答：七天内可以。"
    )


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("退货政策\n适用于所有商品", "退货政策适用于所有商品"),
        ("two\nwords", "two words"),
        ("a third-\nparty seller", "a third-party seller"),
        ("a\u00a0 b\t c\x00", "a b c"),
        ("AQ-300\n适用", "AQ-300 适用"),
    ],
)
def test_broken_lines_are_joined(broken: str, whole: str) -> None:
    assert one_line(broken) == whole


def test_what_goes_beyond_the_limits_is_refused_as_soon_as_it_comes() -> None:
    builder = Builder(Limits(max_characters=20, max_blocks=2))
    builder.paragraph("x" * 10)
    with pytest.raises(TooLarge, match="more than 20 characters"):
        builder.paragraph("x" * 11)
    with pytest.raises(TooLarge, match="characters of text"):
        builder.table(["x" * 10] for _ in range(10**9))  # type: ignore[arg-type]
    builder.paragraph("y")
    with pytest.raises(TooLarge, match="more than 2 paragraphs"):
        builder.paragraph("z")


def test_what_comes_with_every_block_stays_short() -> None:
    builder = Builder()
    builder.heading("h" * 10_000, 1)
    builder.faq(["q" * 10_000], "a")
    heading, pair = builder.draft().blocks
    assert heading.end - heading.start == 10_000
    assert len(pair.heading_path[0]) == 200
    assert len(pair.question) == 2_000
    with pytest.raises(TooLarge, match="Shorten them"):
        builder.draft(metadata={"field": "v" * 20_000})
