"""How searches fare while hostile or heavy files are taken in.

    python scripts/bench/beside.py [--real] [--seconds S] [--rounds N] [--json FILE]

A server in a process of its own, over stand-ins for the models or, with --real, the default ones
and the demo store. Rounds with and without uploads alternate, so that what else the machine does
falls on both alike; the bar is a p99 of at most twice that without.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the bombs and the server are the tests'

from rag_cs.evaluation.reports import figures_table, machine, write_json  # noqa: E402
from tests.bombs import BOMBS  # noqa: E402
from tests.promises.server import Running, running  # noqa: E402

PAUSE_SECONDS = 0.05
BOMBED = (
    "a.csv 10 million rows", "a.html a million attributes", "a.jpg 2,000 scans",
    "a.pdf drawings within drawings, 10^12", "a.docx a megabyte merged over 20,000 rows",
    "a.xlsx 10 MB shared by 50,000 cells",
)  # fmt: skip
QUERIES = ("unused goods", "warranty", "shipping cost", "退货", "发票", "returns within days")
Files = list[tuple[str, Callable[[], bytes]]]


def main() -> int:
    """Parse arguments, serve, measure, print; 1 when a p99 more than doubled."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S", help="a round's")
    parser.add_argument("--rounds", type=int, default=6, metavar="N", help="of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    kinds: dict[str, Files] = {"nothing": [], "bombs": hostile_files(), "long files": long_files()}
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    with (
        tempfile.TemporaryDirectory(prefix="rag-cs-beside-") as folder,
        running(Path(folder), real=arguments.real) as served,
    ):
        list(searches(served, 3))  # what is made on first use
        for _ in range(arguments.rounds):
            for kind, files in kinds.items():
                with uploading(served, files):
                    seconds[kind] += searches(served, arguments.seconds)
    figures = {kind: percentiles(values) for kind, values in seconds.items()}
    base = figures["nothing"]["p99"]
    rows = []
    for kind, figure in figures.items():
        times = ", ".join(f"{1000 * figure[name]:.0f}" for name in ("p50", "p95", "p99"))
        rows.append((f"{kind}, ms: p50, p95, p99", times))
        rows.append(("  p99 as a multiple (bar: 2)", f"{figure['p99'] / base:.2f}"))
    print(figures_table("Searches beside uploads", rows))
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), "real": arguments.real, **figures})
    return 1 if max(figure["p99"] for figure in figures.values()) > 2 * base else 0


def hostile_files() -> Files:
    """Bombs that keep a reader busy."""
    return [(bomb.source, bomb.make) for bomb in BOMBS if str(bomb) in BOMBED]


def long_files() -> Files:
    """Sound documents of a megabyte, each different."""
    return [(f"long-{number}.md", partial(_long, number)) for number in range(100)]


def _long(number: int) -> bytes:
    words = "Machine {0}-{1} is checked every {1} days and repaired within {0} weeks. "
    parts = ("## Part {1}\n\n" + words * 8 + "\n\n" for _ in range(1_500))
    return "".join(part.format(number, at) for at, part in enumerate(parts)).encode()


class uploading:  # noqa: N801 - read as a verb, with `with`
    """A merchant who sends file after file and waits for each, until the block ends."""

    def __init__(self, served: Running, files: Files) -> None:
        self._served, self._files = served, files
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._upload)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _upload(self) -> None:
        with httpx.Client(
            base_url=self._served.base, headers=self._served.headers, timeout=120
        ) as client:
            for source, make in self._files:
                if self._ended.is_set():
                    return
                sent = client.post("/v1/stores/demo/documents", files={"file": (source, make())})
                path = sent.headers["Location"]
                while not self._ended.is_set():
                    if client.get(path).json()["state"] not in ("queued", "running"):
                        break
                    time.sleep(0.1)
                else:
                    client.delete(path)  # what isn't done is taken back, so that rounds stay apart


def searches(served: Running, seconds: float) -> Iterator[float]:
    """The time of each search, one after the other, for so long."""
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        query = f"{QUERIES[number % len(QUERIES)]} {number}"
        begun = time.perf_counter()
        served.client.post(
            "/v1/stores/demo/search", json={"query": query, "top_k": 5}
        ).raise_for_status()
        yield time.perf_counter() - begun
        time.sleep(PAUSE_SECONDS)


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95, p99 in seconds."""
    found = np.percentile(values, (50, 95, 99))
    return {name: float(value) for name, value in zip(("p50", "p95", "p99"), found, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
