"""Memory and start of the server with both default models and the demo store.

    python scripts/bench/serving.py [--json FILE]

Starts `rag-cs serve` twice on a free port of this machine: once to warm the caches, once to
measure. The memory is that of the process and its children together, at its highest once ready.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from rag_cs.evaluation.reports import figures_table, machine, write_json

DEMO = Path(__file__).resolve().parents[2] / "knowledge" / "demo"
QUESTIONS = (
    "买了不满意，几天之内可以退货？",
    "How much does standard shipping cost?",
    "发票怎么开？",
    "How long is the warranty?",
    "会员有什么优惠？",
    "Do you offer gift wrapping?",
)
START_LIMIT_SECONDS = 300
SAMPLE_SECONDS = 0.1
IMPORT = "import sys, time; t = time.perf_counter(); import rag_cs; print(time.perf_counter() - t)"


def main() -> None:
    """Parse arguments, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    figures = {**measure_import(), **measure_server()}
    print_table(figures)
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), **figures})


def measure_import() -> dict[str, Any]:
    """The median time of `import rag_cs` in a fresh interpreter, and whether it loads torch."""
    runs = [_python("-c", IMPORT) for _ in range(5)]
    loaded = _python("-c", "import sys, rag_cs; print('torch' in sys.modules)")
    return {
        "import_seconds": statistics.median(float(run) for run in runs),
        "import_loads_torch": loaded == "True",
    }


def _python(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def measure_server() -> dict[str, Any]:
    """Seconds to ready, seconds an answer, and the peak memory, of a server started warm."""
    with demo_store() as environment:
        with serving(environment):
            pass
        with serving(environment) as (base, server, ready_seconds), peak_memory(server) as peak:
            answers = [ask(base, question) for question in QUESTIONS]
    return {
        "ready_seconds": ready_seconds,
        "answer_seconds": statistics.median(seconds for seconds, _ in answers),
        "answers": {status: [s for _, s in answers].count(status) for _, status in answers},
        "peak_gigabytes": peak.resident / 1e9,
        "peak_proportional_gigabytes": peak.proportional / 1e9,
    }


@contextmanager
def demo_store() -> Iterator[dict[str, str]]:
    """The environment in which there is the demo store alone; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="rag-cs-bench-") as indexes:
        environment = {**os.environ, "RAG_CS_STORAGE__INDEXES": indexes}
        ingest = [sys.executable, "-m", "rag_cs", "ingest", "--store", "demo", str(DEMO)]
        subprocess.run(ingest, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield environment


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[str, psutil.Process, float]]:
    """A running server: its base URL, its process, and the seconds until it was ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rag_cs", "serve", "--host", "127.0.0.1", "--port", str(port)]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        base = f"http://127.0.0.1:{port}"
        wait_until_ready(base, process)
        yield base, psutil.Process(process.pid), time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_until_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    """Return when `/readyz` says 200; give up when the server ended or takes too long."""
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"The server ended with status {process.returncode} before it was ready.")
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(SAMPLE_SECONDS)
    sys.exit(f"The server wasn't ready within {START_LIMIT_SECONDS} s.")


@dataclass
class Peak:
    """The highest sums over the server's processes so far, in bytes. `proportional` counts a page
    that several of them share once; it is 0 where the system doesn't tell."""

    resident: int = 0
    proportional: int = 0

    def note(self, server: psutil.Process) -> None:
        """Look once more."""
        resident = proportional = 0
        for process in (server, *server.children(recursive=True)):
            try:
                memory = process.memory_full_info()
            except psutil.NoSuchProcess:
                continue
            resident += memory.rss
            proportional += getattr(memory, "pss", 0)
        self.resident = max(self.resident, resident)
        self.proportional = max(self.proportional, proportional)


@contextmanager
def peak_memory(server: psutil.Process) -> Iterator[Peak]:
    """The server's peak, looked at again and again while the block runs."""
    peak, ended = Peak(), threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            peak.note(server)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield peak
    finally:
        ended.set()
        sampler.join()


def ask(base: str, question: str) -> tuple[float, str]:
    """Seconds to a whole answer, and its status."""
    request = urllib.request.Request(
        f"{base}/v1/stores/demo/ask",
        data=json.dumps({"question": question}).encode(),
        headers={"content-type": "application/json"},
    )
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=300) as response:
        status = json.load(response)["status"]
    return time.perf_counter() - begun, str(status)


def print_table(figures: dict[str, Any]) -> None:
    """The figures beside their bars."""
    answers = ", ".join(f"{count} {status}" for status, count in figures["answers"].items())
    rows = [
        ("peak resident size of all processes, GB (bar: 2.5)", f"{figures['peak_gigabytes']:.2f}"),
        ("  shared pages counted once", f"{figures['peak_proportional_gigabytes']:.2f}"),
        ("warm start to ready, s (bar: 15)", f"{figures['ready_seconds']:.1f}"),
        ("import rag_cs, s (bar: 0.2)", f"{figures['import_seconds']:.3f}"),
        ("import loads torch", "yes" if figures["import_loads_torch"] else "no"),
        (f"s an answer ({answers})", f"{figures['answer_seconds']:.1f}"),
    ]
    print(figures_table("Serving", rows))


if __name__ == "__main__":
    main()
