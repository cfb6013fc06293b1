from __future__ import annotations

import pytest

from rag_cs.hosts import is_loopback, leads_here


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.0.0.1:8000", True), ("localhost", True), ("::1", True),
        ("[::1]", True), ("LOCALHOST.:80", True), ("0.0.0.0", False), ("", False),
        ("192.168.0.4", False), ("localhost.evil.example", False), ("::", False),
    ],
)  # fmt: skip
def test_loopback_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:11434/v1", True), ("http://LOCALHOST/v1", True),
        ("https://[::1]:8/", True), ("https://api.example.com/v1", False),
        ("http://127.0.0.1.evil.example/", False), ("http://127.0.0.1@evil.example/", False),
        ("http://10.0.0.5:8000", False), ("http://[", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_a_url_leads_to_its_host(url: str, expected: bool) -> None:
    assert leads_here(url) is expected
