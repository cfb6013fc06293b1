from __future__ import annotations

import pytest

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.damage import damage_means


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), type("PanicException", (BaseException,), {})()]
)
def test_what_a_library_raises_is_a_sentence(error: BaseException) -> None:
    with pytest.raises(UnreadableDocument, match="It is damaged"), damage_means("It is damaged."):
        raise error


@pytest.mark.parametrize(
    "error", [TooLarge("x"), MemoryError(), RecursionError(), KeyboardInterrupt()]
)
def test_what_means_something_else_stays(error: BaseException) -> None:
    with pytest.raises(type(error)), damage_means("It is damaged."):
        raise error


def test_only_the_kind_that_is_named() -> None:
    with pytest.raises(KeyError), damage_means("It is damaged.", ValueError):
        raise KeyError("ours")
