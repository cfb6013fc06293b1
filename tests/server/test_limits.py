from __future__ import annotations

import time

import pytest
from starlette.requests import Request

from rag_cs.errors import Busy, TooMany
from rag_cs.server.limits import Places, Rates, visitor_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def test_retry_after_is_when_there_is_room_again(clock: list[float]) -> None:
    rates = Rates(3, 30)
    for _ in range(3):
        rates.count("k1", "")
        clock[0] += 10
    with pytest.raises(TooMany, match="3 requests a minute") as refused:
        rates.count("k1", "")
    assert refused.value.retry_seconds == 30  # the first of them was half a minute ago
    clock[0] += 29
    with pytest.raises(TooMany):
        rates.count("k1", "")
    clock[0] += 1.1
    rates.count("k1", "")
    with pytest.raises(TooMany) as refused:
        rates.count("k1", "")
    assert refused.value.retry_seconds == 10


def test_each_counts_alone(clock: list[float]) -> None:
    rates = Rates(1, 30)
    for key, visitor in (("k1", ""), ("k2", ""), ("k1", "203.0.113.1"), ("k1", "203.0.113.2")):
        rates.count(key, visitor)
        with pytest.raises(TooMany):
            rates.count(key, visitor)


def test_who_tries_keys_is_refused_whatever_comes_next(clock: list[float]) -> None:
    rates = Rates(300, 3)
    for _ in range(3):
        rates.check_failures("203.0.113.1")
        rates.failed("203.0.113.1")
    with pytest.raises(TooMany, match="no working key") as refused:
        rates.check_failures("203.0.113.1")
    assert refused.value.retry_seconds == 60
    rates.check_failures("203.0.113.2")
    clock[0] += 60.1
    rates.check_failures("203.0.113.1")


def test_who_comes_when_all_places_are_taken_is_told_at_once() -> None:
    places = Places(2, "answers", 5)
    with places.place(), places.place():
        with pytest.raises(Busy, match="2 answers are under way") as refused, places.place():
            pass
        assert refused.value.retry_seconds == 5
    assert places.taken == 0
    with pytest.raises(ValueError, match="x"), places.place():
        raise ValueError("x")
    assert places.taken == 0


@pytest.mark.parametrize(
    ("address", "visitor"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_a_visitor_is_an_address_or_an_ipv6_network(address: str | None, visitor: str) -> None:
    client = (address, 1) if address else None
    scope = {"type": "http", "headers": [(b"x-forwarded-for", b"198.51.100.1")], "client": client}
    assert visitor_of(Request(scope)) == visitor
