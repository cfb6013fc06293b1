"""Other RAG libraries over the same data sets -> runs and failures, side by side with ours.

Knows how a runner is told what to do, and makes figures of the passage ids that come back; knows
nothing of what it does inside. What fails is a value, so that one peer's trouble doesn't stop
the others.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_cs.evaluation.datasets import Dataset
from rag_cs.evaluation.environments import (
    CommandFailed,
    Execute,
    measuring_variables,
    prepare,
    run_command,
)
from rag_cs.evaluation.metrics import Interval, Latency, bootstrap, latency, ndcg, recall
from rag_cs.evaluation.runs import sample_queries

TOP_K = 10
RECALL_AT = (1, 5, 10)
RUNNER_TIMEOUT_SECONDS = 3 * 3600.0

Tell = Callable[[str], None]
"""Called with a line on what happens now."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the comparison: a runner script, one of its variants, and what it needs from
    the package index; nothing where it runs in our own environment."""

    name: str
    runner: str
    variant: str
    requirements: tuple[str, ...] = ()


_LANGCHAIN = (
    "langchain-core",
    "langchain-classic",
    "langchain-community",
    "langchain-huggingface",
    "sentence-transformers",
    "faiss-cpu",
    "rank-bm25",
)
_LLAMAINDEX = (
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-retrievers-bm25",
)
_HAYSTACK = ("haystack-ai>=3", "sentence-transformers-haystack")

OURS = (
    Peer("ours", "ours_peer.py", "default"),
    Peer("ours, no rerank", "ours_peer.py", "no rerank"),
)
PEERS = (
    Peer("LangChain: FAISS", "langchain_peer.py", "dense", _LANGCHAIN),
    Peer("LangChain: ensemble", "langchain_peer.py", "hybrid", _LANGCHAIN),
    Peer("LlamaIndex: vectors", "llamaindex_peer.py", "dense", _LLAMAINDEX),
    Peer("LlamaIndex: fusion", "llamaindex_peer.py", "hybrid", _LLAMAINDEX),
    Peer("LlamaIndex: fusion, RRF", "llamaindex_peer.py", "hybrid rrf", _LLAMAINDEX),
    Peer("txtai: hybrid", "txtai_peer.py", "hybrid", ("txtai",)),
    Peer("Haystack: joiner", "haystack_peer.py", "hybrid", _HAYSTACK),
    Peer("Haystack: joiner, RRF", "haystack_peer.py", "hybrid rrf", _HAYSTACK),
)


@dataclass(frozen=True, slots=True)
class Task:
    """One data set for every peer. `vectors` names the file of remembered vectors; a `timed` task
    has none, so that its seconds are those of real embedding. `held_out` are the queries that
    nothing of ours was trained on."""

    dataset: Dataset
    folder: Path
    limit: int | None
    vectors: Path | None
    timed: bool
    held_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Places:
    """The runners, the model that all peers share, the peers' environments, and the constraints
    that pip is given for them."""

    runners: Path
    model: Path
    environments: Path
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Costs:
    """What a timed run took: to make an index on disk of texts in memory, a search with the
    embedding of its query, the whole process at its largest, and the index on disk."""

    ingest_seconds: float
    passages_per_second: float
    latency: Latency
    peak_bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class PeerRun:
    """What one peer reached on one data set. `per_query` has the nDCG of each query, `held_out`
    that over the queries held out; there are no costs unless the task is timed."""

    peer: str
    dataset: str
    queries: int
    passages: int
    measures: Mapping[str, Interval]
    held_out: Interval | None
    per_query: Mapping[str, float]
    costs: Costs | None
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PeerFailure:
    """Why there is no run: `reason` is the last line of what was printed, `output` its end."""

    peer: str
    dataset: str
    timed: bool
    reason: str
    output: str


def compare(
    tasks: Sequence[Task],
    peers: Sequence[Peer],
    places: Places,
    *,
    tell: Tell = lambda _: None,
    execute: Execute = run_command,
) -> Iterator[PeerRun | PeerFailure]:
    """Each peer over each task, one process at a time, as they come."""
    pythons: dict[str, Path | CommandFailed] = {}
    for task in tasks:
        for peer in peers:
            if peer.runner not in pythons:
                tell(f"{peer.name}: environment")
                pythons[peer.runner] = _prepared(peer, places, execute)
            tell(f"{peer.name}: {task.dataset.name}{', timed' if task.timed else ''}")
            yield _outcome(peer, task, places, pythons[peer.runner], execute)


def _prepared(peer: Peer, places: Places, execute: Execute) -> Path | CommandFailed:
    if not peer.requirements:
        return Path(sys.executable)
    folder = places.environments / peer.runner.removesuffix("_peer.py")
    try:
        return prepare(folder, peer.requirements, places.constraints, execute=execute)
    except CommandFailed as error:
        return error


def _outcome(
    peer: Peer, task: Task, places: Places, python: Path | CommandFailed, execute: Execute
) -> PeerRun | PeerFailure:
    try:
        if isinstance(python, CommandFailed):
            raise python
        return _run(peer, task, places, python, execute)
    except CommandFailed as error:
        return PeerFailure(peer.name, task.dataset.name, task.timed, str(error), error.output)


def _run(peer: Peer, task: Task, places: Places, python: Path, execute: Execute) -> PeerRun:
    queries = [query.id for query in sample_queries(task.dataset.judged_queries(), task.limit)]
    with tempfile.TemporaryDirectory(prefix="rag-cs-peer-") as temporary:
        job, result, index = (Path(temporary) / name for name in ("job.json", "out.json", "index"))
        index.mkdir()
        job.write_text(json.dumps(_job(peer, task, places, queries, index)), "utf-8")
        command = [str(python), str(places.runners / peer.runner), str(job), str(result)]
        execute(command, measuring_variables(ours=not peer.requirements), RUNNER_TIMEOUT_SECONDS)
        return _measured(peer, task, queries, _read(result))


def _job(
    peer: Peer, task: Task, places: Places, queries: Sequence[str], index: Path
) -> dict[str, Any]:
    """What `scripts/peers/harness.py` reads as a Job."""
    return {
        "variant": peer.variant,
        "data": str(task.folder.resolve()),
        "model": str(places.model.resolve()),
        "query_ids": queries,
        "top_k": TOP_K,
        "vectors": str(task.vectors.resolve()) if task.vectors else None,
        "folder": str(index),
        "packages": [re.split(r"[<>=!~\[]", name)[0] for name in peer.requirements],
    }


def _read(result: Path) -> Mapping[str, Any]:
    try:
        read: Mapping[str, Any] = json.loads(result.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CommandFailed("The runner ended without a result.") from error
    return read


def _measured(peer: Peer, task: Task, queries: Sequence[str], result: Mapping[str, Any]) -> PeerRun:
    try:
        ranked = [list(dict.fromkeys(result["ranked"][query]))[:TOP_K] for query in queries]
        grades = [task.dataset.relevant[query] for query in queries]
        gains = [ndcg(*pair, TOP_K) for pair in zip(ranked, grades, strict=True)]
        per_query = dict(zip(queries, gains, strict=True))
        held_out = [gain for query, gain in per_query.items() if query in task.held_out]
        return PeerRun(
            peer=peer.name,
            dataset=task.dataset.name,
            queries=len(queries),
            passages=result["passages"],
            measures={f"ndcg@{TOP_K}": bootstrap(gains), **_recalls(ranked, grades)},
            held_out=bootstrap(held_out) if held_out else None,
            per_query=per_query,
            costs=_costs(result) if task.timed else None,
            versions=result["versions"],
        )
    except KeyError as error:
        raise CommandFailed(f"The runner's result lacks {error}.") from error


def _recalls(
    ranked: Sequence[Sequence[str]], grades: Sequence[Mapping[str, int]]
) -> dict[str, Interval]:
    pairs = list(zip(ranked, grades, strict=True))
    return {
        f"recall@{k}": bootstrap([recall(found, judged, k) for found, judged in pairs])
        for k in RECALL_AT
    }


def _costs(result: Mapping[str, Any]) -> Costs:
    return Costs(
        ingest_seconds=result["ingest_seconds"],
        passages_per_second=result["passages"] / result["ingest_seconds"],
        latency=latency(result["query_seconds"]),
        peak_bytes=result["peak_bytes"],
        disk_bytes=result["disk_bytes"],
    )
