from __future__ import annotations

import pytest

from rag_cs.errors import UnreadableDocument
from rag_cs.readers.builder import Limits
from rag_cs.readers.plain import decode, read, split_item

SIMPLIFIED = (
    "退货政策\n\n自收到商品之日起7天内，您可以申请无理由退货。运费由买家承担，质量问题除外。"
)
TRADITIONAL = (
    "退貨政策\n\n自收到商品之日起7天內，您可以申請無理由退貨。運費由買家承擔，品質問題除外。"
)
ENGLISH = "Returns\n\nYou can return unused goods within 7 days – at no cost."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "utf-8"), (SIMPLIFIED, "utf-8-sig"), (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gbk"), (SIMPLIFIED, "utf-16"), (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"), (TRADITIONAL, "big5"), (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "gb18030"), (TRADITIONAL, "utf-16-be"), (ENGLISH, "utf-8"),
        ("Café à la crème – prix réduit", "cp1252"), ("釉面瓷砖", "gb18030"),
        (ENGLISH, "utf-16-le"), (ENGLISH, "utf-16-be"), (ENGLISH, "utf-32"), (ENGLISH, "cp1252"),
    ],
)  # fmt: skip
def test_any_encoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "x.txt") == text


def test_text_that_breaks_off_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="breaks off"):
        decode("中文".encode("utf-16")[:-1], "x.txt")


def test_headings_items_and_paragraphs() -> None:
    text = (
        "退货与换货\n==========\n\n一、适用范围\n本政策适用于全部\n商品。\n\n"
        "1. 未拆封\n2. 有小票\n\n"
        "OPENING HOURS\nMonday to Friday, 9 to 5.\n"
    )
    draft = read(text.encode(), "x.txt", Limits())
    assert [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks] == [
        ("heading", "退货与换货"),
        ("heading", "一、适用范围"),
        ("paragraph", "本政策适用于全部商品。"),
        ("list_item", "1. 未拆封"),
        ("list_item", "2. 有小票"),
        ("heading", "OPENING HOURS"),
        ("paragraph", "Monday to Friday, 9 to 5."),
    ]
    assert draft.title == "退货与换货"


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("- unplug it", ("-", "unplug it")),
        ("2) dry it", ("2)", "dry it")),
        ("（三）晾干", ("（三）", "晾干")),
        ("●清洗", ("●", "清洗")),
        ("b. by post", ("b.", "by post")),
        ("-5 °C is too cold", None),
        ("2.1 Roles", None),
        ("a lamp", None),
        ("---", None),
    ],
)
def test_items_of_lists(line: str, item: tuple[str, str] | None) -> None:
    assert split_item(line) == item


def test_clauses_are_paragraphs_and_wrapped_lines_no_headings() -> None:
    text = (
        "第一条 本政策适用于全部商品。\n第二条 七天内可退，\n须完好。\n\n"
        "3.1 Every order that reaches us before noon on a working day\nleaves the same day.\n"
    )
    draft = read(text.encode(), "x.txt", Limits())
    assert [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks] == [
        ("paragraph", "第一条 本政策适用于全部商品。"),
        ("paragraph", "第二条 七天内可退，须完好。"),
        (
            "paragraph",
            "3.1 Every order that reaches us before noon on a working day leaves the same day.",
        ),
    ]


def test_facts_behind_labels_stay_apart() -> None:
    text = "营业时间：周一至周五\n电话：400-820\nPhone: 400\nA sentence that is\nwrapped: twice"
    draft = read(text.encode(), "x.txt", Limits())
    assert draft.text.split("\n\n") == [
        "营业时间：周一至周五",
        "电话：400-820",
        "Phone: 400 A sentence that is wrapped: twice",
    ]
