from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.chunk import chunk
from rag_cs.types import Block, BlockKind, Document


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def make_document(*parts: tuple[BlockKind, str, tuple[str, ...]]) -> Document:
    text, blocks = "", []
    for kind, content, path in parts:
        text += "\n\n" if text else ""
        question = content.split("\n")[0] if kind == "faq" else ""
        blocks.append(
            Block(kind, len(text), len(text) + len(content), path, page=1, question=question)
        )
        text += content
    return Document("doc", "doc.md", "Policies", text, tuple(blocks), "text/markdown", "0", "en")


def words(count: int, name: str = "word") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


def test_blocks_below_one_heading_are_packed_together() -> None:
    document = make_document(
        ("heading", "Returns", ("Returns",)),
        ("paragraph", words(20), ("Returns",)),
        ("paragraph", words(20), ("Returns",)),
        ("heading", "Shipping", ("Shipping",)),
        ("paragraph", words(20), ("Shipping",)),
    )
    chunks = chunk(document, count_words, max_tokens=200, min_tokens=10)
    assert [part.heading_path for part in chunks] == [("Returns",), ("Shipping",)]
    assert chunks[0].context == "Policies > Returns"
    assert chunks[1].text.startswith("Shipping\n\nword0")


def test_a_heading_never_ends_a_chunk() -> None:
    document = make_document(
        ("paragraph", words(60), ()),
        ("heading", "Next", ("Next",)),
        ("paragraph", words(60), ("Next",)),
    )
    chunks = chunk(document, count_words, max_tokens=120, min_tokens=100)
    assert [part.text.split()[0] for part in chunks] == ["word0", "Next"]


def test_faq_pairs_and_rows_stand_alone() -> None:
    document = make_document(
        ("heading", "Sheet1", ("Sheet1",)),
        ("faq", "Q: one?\nA: yes", ("Sheet1",)),
        ("faq", "Q: two?\nA: no", ("Sheet1",)),
        ("row", "Code: AQ-300/B; Price: 129", ("Sheet1",)),
    )
    chunks = chunk(document, count_words)
    assert [part.kind for part in chunks] == ["faq", "faq", "row"]
    assert chunks[1].question == "Q: two?"


def test_a_long_table_is_cut_at_rows_and_its_later_parts_carry_the_header() -> None:
    rows = "\n".join(f"| E{number} | meaning {number} |" for number in range(40))
    document = make_document(("table", f"| Code | Meaning |\n{rows}", ()))
    chunks = chunk(document, count_words, max_tokens=100, min_tokens=10)
    assert len(chunks) > 2
    assert all(part.text.startswith("| ") and part.text.endswith(" |") for part in chunks)
    assert all("| Code | Meaning |" in part.context for part in chunks[1:])


blocks = st.lists(
    st.tuples(
        st.sampled_from(["heading", "paragraph", "list_item", "table", "row", "faq"]),
        st.text(alphabet="ab 。.\n|", min_size=1, max_size=400).map(str.strip).filter(bool),
        st.sampled_from([(), ("A",), ("A", "B"), ("C",)]),
    ),
    max_size=12,
)


@given(blocks, st.integers(45, 120), st.integers(1, 60))
def test_chunks_are_slices_in_order_that_lose_nothing(
    parts: list[tuple[BlockKind, str, tuple[str, ...]]], max_tokens: int, min_tokens: int
) -> None:
    document = make_document(*parts)
    chunks = chunk(
        document, lambda texts: [len(text) for text in texts],
        max_tokens=max_tokens, min_tokens=min_tokens,
    )  # fmt: skip
    assert all(part.text == document.text[part.start : part.end] for part in chunks)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    kept = "".join("".join(part.text.split()) for part in chunks)
    assert kept == "".join(document.text.split())
    assert len({part.id for part in chunks}) == len(chunks)


@pytest.mark.parametrize("text", ["x" * 100_000, "." * 100_000, "word," * 20_000, "字" * 100_000])
def test_an_endless_sentence_is_cut_without_being_counted_whole(text: str) -> None:
    longest = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal longest
        longest = max(longest, *map(len, texts))
        return [0] * len(texts)  # as for characters that an embedder doesn't know

    chunks = chunk(make_document(("paragraph", text, ())), count, max_tokens=60)
    assert "".join(part.text for part in chunks) == text
    assert longest <= 20 * 60
    assert max(len(part.text) for part in chunks) <= 20 * 60
