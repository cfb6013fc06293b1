"""Ask a real server, hang up before the answer is whole, again and again, and see what is left.

    python scripts/prove_streams.py [--streams N] [--fakes]

With the default models and the demo store or, with --fakes, with a chat model that talks for a
minute. Exit status 1: a generation, a task or a descriptor was left, or a generation went on for
more than a second.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the server and its clients are the tests'

from rag_cs.evaluation.reports import figures_table  # noqa: E402
from tests.promises.hanging_up import ASK, hang_up_all, leaks, request, settled  # noqa: E402
from tests.promises.server import Running, running  # noqa: E402

MOST_SECONDS = 1.0
TIMED = 10


def main() -> int:
    """Parse arguments, hang up, look; 1 when something is left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=100, metavar="N")
    parser.add_argument("--fakes", action="store_true")
    arguments = parser.parse_args()
    talking = {"sentences": 400, "seconds_a_piece": 0.02} if arguments.fakes else {"real": True}
    with (
        tempfile.TemporaryDirectory(prefix="rag-cs-streams-") as folder,
        running(Path(folder), **talking) as served,
    ):
        asyncio.run(hang_up_all(served, 20))
        time.sleep(3)
        before = served.state()
        asyncio.run(hang_up_all(served, arguments.streams))
        after = settled(served, before)
        freed = [seconds_until_freed(served) for _ in range(TIMED)]
    names = ("open", "tasks", "descriptors", "threads")
    rows = [(f"{name}, before and after", f"{before[name]} {after[name]}") for name in names]
    rows.append(("generation ended after hanging up, s: median", f"{statistics.median(freed):.2f}"))
    rows.append(("  longest (bar: 1)", f"{max(freed):.2f}"))
    print(figures_table(f"{arguments.streams} streams cut off", rows))
    return 1 if leaks(before, after) or max(freed) > MOST_SECONDS else 0


def seconds_until_freed(served: Running) -> float:
    """How long a generation goes on after its client hung up."""
    port = int(served.base.rsplit(":", 1)[1])
    while True:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request(served, ASK, stream=True))
            deadline = time.monotonic() + 10
            while not (begun := served.state()["open"]) and time.monotonic() < deadline:
                time.sleep(0.005)
        cut = time.monotonic()
        if begun:
            break
    while served.state()["open"]:
        time.sleep(0.005)
    return time.monotonic() - cut


if __name__ == "__main__":
    sys.exit(main())
