"""Which host names and addresses mean this machine. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine alone."""
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    name = name.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def leads_here(url: str) -> bool:
    """Whether a URL's host is this machine alone; False for what isn't a URL."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
