"""How often a proof is tried: few times in `make test-slow`, as often as promised when asked to."""

from __future__ import annotations

import os


def count(name: str, few: int) -> int:
    """The number in the environment variable PROOF_<name>, or `few`."""
    return int(os.environ.get(f"PROOF_{name}", few))
