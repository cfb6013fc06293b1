from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rag_cs.errors import InvalidInput
from rag_cs.stores.keys import Keys
from rag_cs.stores.origins import MAX_ORIGINS, check_origin


def test_a_store_has_none_until_some_are_set(tmp_path: Path) -> None:
    origins = Keys(tmp_path).origins
    assert origins.of("shop") == ()
    chosen = origins.set("shop", ["https://Shop.example/", "http://localhost:3000"])
    assert chosen == ("http://localhost:3000", "https://shop.example")
    assert Keys(tmp_path).origins.of("shop") == chosen
    assert origins.of("other") == origins.of("") == ()
    assert origins.is_known("https://shop.example")
    assert not origins.is_known("https://other.example")
    assert origins.set("shop", []) == origins.of("shop") == ()


@pytest.mark.parametrize(
    ("given", "usual"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://SHOP.example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--fiq228c.example", "https://xn--fiq228c.example"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(given: str, usual: str) -> None:
    assert check_origin(given) == usual


@given(some.from_regex(r"https?://[A-Za-z0-9]{1,9}(\.[a-z]{2,5})?(:[0-9]{1,5})?/?", fullmatch=True))
def test_an_origin_s_usual_form_is_its_own(given: str) -> None:
    assert check_origin(check_origin(given)) == check_origin(given)


@pytest.mark.parametrize(
    "wrong",
    [
        "", "*", "null", "https://", "https://*.shop.example", "shop.example", "ftp://shop.example",
        "https://shop.example/page", "https://shop.example?x", "https://u:p@shop.example",
        "https://shop.example:port", "https://店.example", "https://a..b", "file://", "https://a b",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(tmp_path: Path, wrong: str) -> None:
    origins = Keys(tmp_path).origins
    origins.set("shop", ["https://shop.example"])
    with pytest.raises(InvalidInput, match="is no origin"):
        origins.set("shop", [wrong])
    assert origins.of("shop") == ("https://shop.example",)


def test_too_many_and_no_store_are_refused(tmp_path: Path) -> None:
    origins = Keys(tmp_path).origins
    with pytest.raises(InvalidInput, match="these are more"):
        origins.set("shop", [f"https://s{n}.example" for n in range(MAX_ORIGINS + 1)])
    with pytest.raises(InvalidInput, match="can't name a store"):
        origins.set("", ["https://shop.example"])
