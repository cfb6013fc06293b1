"""How often each may ask, and how many at once. Counts are this process's own."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from rag_cs.errors import Busy, TooMany


class Rates:
    """Requests a minute of each key, and failures a minute of each address to show one."""

    def __init__(self, per_minute: int, failures_per_minute: int) -> None:
        self._requests = RateLimitItemPerMinute(per_minute)
        self._failures = RateLimitItemPerMinute(failures_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, key_id: str, visitor: str) -> None:
        """One more request. Raises TooMany."""
        if not self._limiter.hit(self._requests, "key", key_id, visitor):
            most = self._requests.amount
            seconds = self._seconds(self._requests, "key", key_id, visitor)
            raise TooMany(f"That is more than {most} requests a minute. Wait a little.", seconds)

    def failed(self, visitor: str) -> None:
        """One more request whose key didn't work."""
        self._limiter.hit(self._failures, "failures", visitor)

    def check_failures(self, visitor: str) -> None:
        """Raises TooMany for an address that has tried too many keys, whatever it tries next."""
        if not self._limiter.test(self._failures, "failures", visitor):
            seconds = self._seconds(self._failures, "failures", visitor)
            raise TooMany(
                f"{self._failures.amount} requests of your address had no working key. "
                "Wait a little, then send one that works.",
                seconds,
            )

    def _seconds(self, item: RateLimitItem, *names: str) -> int:
        """Until the oldest that counts is a minute old, and there is room for one."""
        stats = self._limiter.get_window_stats(item, *names)
        return max(1, math.ceil(stats.reset_time - time.time()))


class Places:
    """So many at once. Who comes when all are taken is told so at once, and doesn't wait."""

    def __init__(self, most: int, what: str, retry_seconds: int) -> None:
        self._most = most
        self._what = what
        self._retry_seconds = retry_seconds
        self.taken = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of them, held within; only ever asked for by one thread. Raises Busy."""
        if self.taken >= self._most:
            message = f"{self._most} {self._what} are under way already; ask again in a moment."
            raise Busy(message, self._retry_seconds)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def visitor_of(request: Request) -> str:
    """The address that a request comes from, as the connection has it or a proxy that the server
    trusts. An IPv6 network of 64 bits is one visitor's."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return host
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((address, 64), strict=False).network_address)
