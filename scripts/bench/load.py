"""Shoppers who search and ask a real server while a merchant uploads documents.

    python scripts/bench/load.py [--users N] [--minutes M] [--think S] [--no-uploads] [--json FILE]

Serves the demo store with the default models on a free port of this machine, as serving.py does,
and lets locust play the shoppers. Prints how long they waited, whether all were served alike, who
was sent away and how, and what the server's memory did between the minutes 2 and 5 (or the same
shares of a shorter run). Exit status 1: an answer was wrong or missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from serving import demo_store, serving

from rag_cs.evaluation.reports import figures_table, machine, write_json

HERE = Path(__file__).resolve().parent
SAMPLE_SECONDS = 1.0
# Memory is compared between these shares of the run: minutes 2 and 5 of 5.
EARLY, LATE = 0.4, 1.0
# The mean over so many samples; a single one may catch an answer in the making.
AVERAGED = 10
KINDS = ("search", "ask", "stream")
UPLOAD_PAUSE_SECONDS = 5.0


@dataclass
class Watched:
    """What was seen while the shoppers came: resident bytes by part, and uploads by outcome."""

    memory: dict[str, list[float]] = field(default_factory=lambda: {"server": [], "generator": []})
    uploads: Counter[str] = field(default_factory=Counter)
    chunks: int = 0


def main() -> int:
    """Parse arguments, serve, let them come, print; 1 when somebody got no right answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=50, metavar="N")
    parser.add_argument("--minutes", type=float, default=5.0, metavar="M")
    parser.add_argument("--think", type=float, default=60.0, metavar="S", help="seconds, at most")
    parser.add_argument("--no-uploads", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rag-cs-load-") as folder, demo_store() as environment:
        out = Path(folder) / "requests.json"
        with (
            serving(environment) as (base, server, _),
            watching(server, None if arguments.no_uploads else base) as watched,
        ):
            play(base, arguments.users, arguments.minutes * 60, arguments.think, out)
        requests = json.loads(out.read_text("utf-8"))["requests"]
    figures = summarise(requests, watched)
    print(figures_table(f"Load: {arguments.users} shoppers", rows(figures)))
    if arguments.json:
        write_json(arguments.json, {"machine": machine(), "users": arguments.users, **figures})
    return 1 if figures["errors"] else 0


def play(base: str, users: int, seconds: float, think: float, out: Path) -> None:
    """Let so many shoppers come, one by one over the longest pause that one makes, for so
    long."""
    command = [
        sys.executable, "-m", "locust", "--headless", "--only-summary", "--skip-log",
        "-f", str(HERE / "shoppers.py"), "--host", base, "-u", str(users),
        "-r", f"{users / think:.2f}", "-t", f"{seconds:.0f}s", "--stop-timeout", "120",
    ]  # fmt: skip
    environment = {**os.environ, "RAG_CS_LOAD_OUT": str(out), "RAG_CS_LOAD_THINK": str(think)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not out.is_file():
        sys.exit(f"locust ended with status {done.returncode}: {done.stderr[-2_000:]}")


@contextmanager
def watching(server: psutil.Process, uploads_to: str | None) -> Iterator[Watched]:
    """The server's memory, looked at once a second, and a merchant who uploads all the while."""
    watched, ended = Watched(), threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            for name, process in parts(server):
                watched.memory[name].append(process.memory_info().rss)

    def upload() -> None:
        number = 0
        while uploads_to and not ended.wait(UPLOAD_PAUSE_SECONDS):
            number += 1
            outcome, chunks = upload_one(uploads_to, number)
            watched.uploads[outcome] += 1
            watched.chunks += chunks

    threads = [threading.Thread(target=target) for target in (sample, upload)]
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def parts(server: psutil.Process) -> Iterator[tuple[str, psutil.Process]]:
    """The server's own process and its generator's."""
    yield "server", server
    for child in server.children():
        if any("generators.worker" in word for word in child.cmdline()):
            yield "generator", child


def upload_one(base: str, number: int) -> tuple[str, int]:
    """Upload a document of some forty passages, every third time in the place of an earlier one;
    how its job ended, and its passages."""
    text = "\n\n".join(_notice(number, part) for part in range(40))
    name = f"notice-{number if number % 3 else number - 1}.md"
    mark = uuid.uuid4().hex
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{text}'
        f"\r\n--{mark}--\r\n"
    ).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    request = urllib.request.Request(f"{base}/v1/stores/demo/documents", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            job = json.load(response)
        while job["state"] in ("queued", "running"):
            time.sleep(0.5)
            path = f"{base}/v1/stores/demo/jobs/{job['id']}"
            with urllib.request.urlopen(path, timeout=60) as response:
                job = json.load(response)
    except OSError as error:
        return f"error: {error}", 0
    return str(job["state"]), int(job["chunks_total"])


def _notice(number: int, part: int) -> str:
    code = uuid.uuid4().hex[:8]
    words = f"Shelf {number}-{part} holds spare part {code} for machines made in week {part}. "
    return f"## Notice {number}.{part}\n\n{words * 8}"


def summarise(requests: Sequence[dict[str, Any]], watched: Watched) -> dict[str, Any]:
    """The figures that count."""
    refused = [each for each in requests if each["status"] in (429, 503)]
    wrong = [each for each in requests if not each["sound"] and each not in refused]
    served = Counter(each["shopper"] for each in requests if each["sound"])
    return {
        "requests": len(requests),
        "errors": len(wrong),
        "problems": [f"{each['status']} {each['kind']}: {each['problem']}" for each in wrong[:5]],
        "refused": len(refused),
        "refused_with_retry_after": sum(bool(each["retry_after"]) for each in refused),
        "refused_seconds_longest": max((each["seconds"] for each in refused), default=0.0),
        "seconds": {kind: percentiles(requests, kind) for kind in KINDS},
        "served_least": min(served.values(), default=0),
        "served_most": max(served.values(), default=0),
        "shoppers_served": len(served),
        "memory": {name: growth(values) for name, values in watched.memory.items()},
        "uploads": dict(watched.uploads),
        "chunks_ingested": watched.chunks,
    }


def percentiles(requests: Sequence[dict[str, Any]], kind: str) -> dict[str, float]:
    """p50, p95, p99 in seconds and the number of sound answers of a kind."""
    seconds = [each["seconds"] for each in requests if each["kind"] == kind and each["sound"]]
    if not seconds:
        return {"count": 0}
    p50, p95, p99 = (float(value) for value in np.percentile(seconds, (50, 95, 99)))
    return {"count": len(seconds), "p50": p50, "p95": p95, "p99": p99}


def growth(samples: Sequence[float]) -> dict[str, float]:
    """Gigabytes early and late in the run, and the growth between in per cent."""
    if not samples:
        return {}
    ends = [max(1, int(share * len(samples))) for share in (EARLY, LATE)]
    early, late = (float(np.mean(samples[max(0, end - AVERAGED) : end])) for end in ends)
    return {"early": early / 1e9, "late": late / 1e9, "growth_percent": 100 * (late / early - 1)}


def rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures beside their bars."""
    shown = [
        ("requests", f"{figures['requests']:,}"),
        ("errors (bar: 0)", str(figures["errors"])),
        *(("  such as", problem) for problem in figures["problems"]),
        (
            "sent away with 429 or 503",
            f"{figures['refused']}, {figures['refused_with_retry_after']} with Retry-After, "
            f"the longest after {figures['refused_seconds_longest']:.2f} s",
        ),
    ]
    for kind, seconds in figures["seconds"].items():
        bar = " (bar: p95 0.25)" if kind == "search" else ""
        figure = ", ".join(
            f"{seconds[name]:.3f}" for name in ("p50", "p95", "p99") if name in seconds
        )
        shown.append((f"{kind}, s: p50, p95, p99{bar}", f"{figure} of {seconds['count']}"))
    least, most = figures["served_least"], figures["served_most"]
    shown.append(("answers to a shopper: least, most", f"{least}, {most}"))
    for name, memory in figures["memory"].items():
        if memory:
            change = f"{memory['early']:.2f} -> {memory['late']:.2f}"
            shown.append(
                (f"{name}'s memory, GB (bar: +5%)", f"{change} ({memory['growth_percent']:+.1f}%)")
            )
    uploads = ", ".join(f"{count} {state}" for state, count in figures["uploads"].items())
    shown.append(
        ("uploads meanwhile", f"{uploads or 'none'}; {figures['chunks_ingested']} passages")
    )
    return shown


if __name__ == "__main__":
    sys.exit(main())
