"""What every runner here shares: read a job, time ingestion and searches, write the result.

    python <name>_peer.py JOB.json RESULT.json

Runs inside a peer's own environment, so it knows the standard library and numpy, not rag_cs.
What is timed: from texts in memory to an index on disk (the model is loaded before), and each
search with the embedding of its query.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

# Searched once before the clock runs: the first query of a process pays for lazy imports.
WARM_UP = "warm up 预热"


@dataclass(frozen=True)
class Job:
    """One system over one data set. `folder` is empty and takes the index; `vectors` names the
    file of remembered vectors, None where everything is to be embedded."""

    variant: str
    data: Path
    model: Path
    query_ids: Sequence[str]
    top_k: int
    vectors: Path | None
    folder: Path
    packages: Sequence[str]


@dataclass(frozen=True)
class Result:
    """What a run gave: passage ids by query, best first, and what it took."""

    ranked: Mapping[str, Sequence[str]]
    passages: int
    ingest_seconds: float
    query_seconds: Sequence[float]
    disk_bytes: int
    peak_bytes: int
    versions: Mapping[str, str]


class System(Protocol):
    """A peer. Its constructor takes the job and loads the model."""

    def ingest(self, ids: list[str], texts: list[str]) -> None:
        """Index the passages and save the index in the job's folder."""

    def search(self, query: str) -> list[str]:
        """The ids of the best passages, best first."""


def main(make: Callable[[Job], System]) -> None:
    """Run the job that the command line names with the system that `make` builds."""
    job = read_job()
    ids, texts = read_passages(job.data)
    queries = read_queries(job)
    system = make(job)
    begun = time.perf_counter()
    system.ingest(ids, texts)
    ingest_seconds = time.perf_counter() - begun
    system.search(WARM_UP)
    ranked, seconds = search_all(system, queries)
    write_result(job, ranked, len(ids), ingest_seconds, seconds)


def read_job() -> Job:
    """The job that the first argument names."""
    row = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    paths = {name: Path(row[name]) for name in ("data", "model", "folder")}
    vectors = Path(row["vectors"]) if row["vectors"] else None
    return Job(**{**row, **paths, "vectors": vectors})


def read_passages(data: Path) -> tuple[list[str], list[str]]:
    """Ids and whole passages, the title on a line of its own."""
    rows = _read_lines(data / "corpus.jsonl")
    texts = [f"{row.get('title') or ''}\n{row.get('text') or ''}".strip() for row in rows]
    return [row["_id"] for row in rows], texts


def read_queries(job: Job) -> dict[str, str]:
    """The job's queries by id, in its order."""
    texts = {row["_id"]: row["text"] for row in _read_lines(job.data / "queries.jsonl")}
    return {identifier: texts[identifier] for identifier in job.query_ids}


def _read_lines(path: Path) -> list[dict[str, str]]:
    lines = path.read_text("utf-8-sig").split("\n")  # splitlines would cut at U+2028 as well
    return [json.loads(line) for line in lines if line.strip()]


def search_all(
    system: System, queries: Mapping[str, str]
) -> tuple[dict[str, list[str]], list[float]]:
    """Rankings by query id, and the seconds of each search."""
    ranked, seconds = {}, []
    for identifier, text in queries.items():
        begun = time.perf_counter()
        ranked[identifier] = system.search(text)
        seconds.append(time.perf_counter() - begun)
    return ranked, seconds


def write_result(
    job: Job,
    ranked: Mapping[str, Sequence[str]],
    passages: int,
    ingest_seconds: float,
    query_seconds: Sequence[float],
) -> None:
    """Write the result to the second argument, with this process's size and its index's."""
    result = Result(
        ranked={name: list(ids[: job.top_k]) for name, ids in ranked.items()},
        passages=passages,
        ingest_seconds=ingest_seconds,
        query_seconds=query_seconds,
        disk_bytes=sum(path.stat().st_size for path in job.folder.rglob("*") if path.is_file()),
        peak_bytes=peak_bytes(),
        versions={name: version(name) for name in job.packages},
    )
    Path(sys.argv[2]).write_text(json.dumps(asdict(result)), "utf-8")


def peak_bytes() -> int:
    """The most memory this process held. On Linux not `getrusage`'s figure, which starts from
    the size of the process that started this one."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def prompts_of(model: Path) -> tuple[str, str]:
    """What goes before a query and before a passage, as the model's folder states it."""
    path = model / "config_sentence_transformers.json"
    prompts = json.loads(path.read_text("utf-8")).get("prompts", {}) if path.is_file() else {}
    return prompts.get("query", ""), prompts.get("document", "")
