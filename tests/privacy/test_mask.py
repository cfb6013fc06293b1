from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_cs.privacy import Mask, Restorer, find_personal, without_placeholders
from rag_cs.privacy.mask import MAX_VALUES

TEXT = "我叫张伟，电话13812345678，邮箱a@example.com。Call 13812345678."
PIECES = st.sampled_from(
    ["13812345678", "13912345678", "[PHONE_1]", "[PHONE_2]", "[", "]", "PHONE_", "1", "我叫张伟，", "张伟", "a@b.co",
     "[LITERAL_1]", "[NAME]", " ", "电话", "订单", "[ID_"]
)  # fmt: skip


def hide(mask: Mask, text: str, public: str = "") -> str:
    return mask.hide(text, find_personal(text), public)


def test_the_same_value_has_the_same_placeholder() -> None:
    mask = Mask()
    assert hide(mask, TEXT) == "我叫[NAME_1]，电话[PHONE_1]，邮箱[EMAIL_1]。Call [PHONE_1]."
    assert hide(mask, "13812345678和13900000000") == "[PHONE_1]和[PHONE_2]"
    assert mask.restore("[PHONE_2] [NAME_1] [PHONE_3]") == "13900000000 张伟 [PHONE_3]"


def test_a_name_that_was_told_is_hidden_where_nothing_announces_it() -> None:
    mask = Mask()
    hide(mask, "我叫张伟。I'm Ann.")
    assert (
        hide(mask, "张伟的订单，Ann's order, Anna's") == "[NAME_1]的订单，[NAME_2]'s order, Anna's"
    )


def test_a_placeholder_that_was_typed_reads_nothing() -> None:
    mask = Mask()
    assert hide(mask, "[PHONE_1] 13812345678") == "[LITERAL_1] [PHONE_1]"
    assert mask.restore("[LITERAL_1] [PHONE_1]") == "[PHONE_1] 13812345678"
    assert hide(Mask(), "[NAME]") == "[LITERAL_1]"


def values(text: str) -> set[str]:
    return {text[found.start : found.end] for found in find_personal(text)}


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=4))
def test_what_was_hidden_comes_back_to_the_letter(texts: list[str]) -> None:
    mask = Mask()
    hidden = [hide(mask, text) for text in texts]
    assert [mask.restore(text) for text in hidden] == texts
    for text, masked in zip(texts, hidden, strict=True):
        assert not values(text) & values(masked)


def test_what_is_public_is_nobody_s_secret() -> None:
    assert hide(Mask(), TEXT, "店里的电话：13812345678") == (
        "我叫[NAME_1]，电话13812345678，邮箱[EMAIL_1]。Call 13812345678."
    )


def test_placeholders_of_a_mask_that_is_gone_get_no_other_meaning() -> None:
    mask = Mask()
    mask.reserve("old: [PHONE_7] [PHONE_3] [NAME]")
    assert hide(mask, "13812345678") == "[PHONE_8]"


def test_beyond_the_limit_values_are_hidden_for_good() -> None:
    mask = Mask()
    numbers = [f"138{number:08d}" for number in range(MAX_VALUES + 1)]
    hidden = hide(mask, " , ".join(numbers))
    assert hidden.endswith("[PHONE]")
    assert mask.restore(hidden).endswith("[PHONE]")
    assert len(mask) == MAX_VALUES


@given(st.lists(PIECES, max_size=10).map("".join), st.lists(st.integers(1, 5), min_size=1))
def test_pieces_are_restored_wherever_they_are_cut(text: str, sizes: list[int]) -> None:
    mask = Mask()
    hide(mask, TEXT)
    restorer, said, place, turn = Restorer(mask), "", 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        said += restorer.feed(text[place : place + size])
        place, turn = place + size, turn + 1
    assert said + restorer.finish() == mask.restore(text)


def test_only_what_may_be_a_placeholder_is_held_back() -> None:
    restorer = Restorer(Mask())
    assert restorer.feed("see [1] and [PH") == "see [1] and "
    assert restorer.feed("one") == "[PHone"
    assert restorer.finish() == ""


def test_for_searching_placeholders_are_left_out() -> None:
    assert without_placeholders("我是[NAME_1]，[PHONE]") == "我是 ， "
