"""The comparison with other libraries, on hand-written runners and commands that don't install."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rag_cs.evaluation.datasets import Dataset, read_dataset
from rag_cs.evaluation.environments import CommandFailed, measuring_variables, prepare, run_command
from rag_cs.evaluation.peer_reports import comparison_json, comparison_text
from rag_cs.evaluation.peers import (
    OURS,
    PEERS,
    Peer,
    PeerFailure,
    PeerRun,
    Places,
    Task,
    compare,
)

SCRIPTS = Path(__file__).parents[2] / "scripts" / "peers"
FAKE = Peer("fake", "fake_peer.py", "plain")
# Finds, for every query, the passages that share a word with it, in the order of the corpus.
WORD_RUNNER = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
import harness

class Words:
    def __init__(self, job):
        self.job = job
    def ingest(self, ids, texts):
        self.words = {{name: set(text.lower().split()) for name, text in zip(ids, texts)}}
        (self.job.folder / "index").write_bytes(b"12345")
    def search(self, query):
        return [name for name, words in self.words.items() if words & set(query.lower().split())]

harness.main(Words)
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folder = tmp_path / "shop"
    folder.mkdir()
    passages = [
        {"_id": "a", "title": "Returns", "text": "Goods come\u2028back within a week"},
        {"_id": "b", "title": "", "text": "Parcels leave daily"},
        {"_id": "c", "title": "Batteries", "text": "Charge them daily"},
    ]
    queries = [{"_id": "q1", "text": "returns"}, {"_id": "q2", "text": "charge daily"}]
    for name, rows in (("corpus", passages), ("queries", queries)):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    judged = "query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tc\t1\n"
    (folder / "qrels.tsv").write_text(judged, "utf-8")
    return read_dataset(folder)


@pytest.fixture
def task(dataset: Dataset, tmp_path: Path) -> Task:
    held_out = frozenset({"q2"})
    return Task(dataset, tmp_path / "shop", None, None, timed=True, held_out=held_out)


def places_for(tmp_path: Path, **runners: str) -> Places:
    folder = tmp_path / "runners"
    folder.mkdir(exist_ok=True)
    for name, code in runners.items():
        (folder / f"{name}_peer.py").write_text(code, "utf-8")
    return Places(folder, tmp_path / "model", tmp_path / "environments", ("torch==0",))


class Commands:
    """Notes commands and lets them pass, but for one that holds `failing`."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.seen: list[Sequence[str]] = []

    def __call__(
        self, command: Sequence[str], variables: Mapping[str, str], seconds: float
    ) -> None:
        self.seen.append(command)
        if self.failing and self.failing in command:
            code = "print('Collecting'); print('ERROR: no ghost\\n\\n[notice] update pip'); exit(1)"
            run_command([sys.executable, "-c", code], variables, seconds)


def test_ids_that_a_runner_returns_are_measured(task: Task, tmp_path: Path) -> None:
    (run,) = compare([task], [FAKE], places_for(tmp_path, fake=WORD_RUNNER))
    assert isinstance(run, PeerRun)
    assert (run.peer, run.dataset, run.queries, run.passages) == ("fake", "shop", 2, 3)
    assert run.per_query == {"q1": 1.0, "q2": pytest.approx(1 / np.log2(3))}
    assert run.held_out is not None
    assert run.held_out.mean == pytest.approx(1 / np.log2(3))
    assert run.measures["recall@1"].mean == 0.5
    assert run.measures["recall@5"].mean == run.measures["recall@10"].mean == 1
    assert run.costs is not None
    assert run.costs.disk_bytes == 5
    assert run.costs.peak_bytes > 1e6
    assert run.costs.latency.p95_milliseconds > 0
    assert run.costs.passages_per_second == pytest.approx(3 / run.costs.ingest_seconds)


def test_a_run_that_is_not_timed_has_no_costs(task: Task, tmp_path: Path) -> None:
    remembered = replace(task, timed=False, vectors=tmp_path / "vectors.npz", limit=1)
    (run,) = compare([remembered], [FAKE], places_for(tmp_path, fake=WORD_RUNNER))
    assert isinstance(run, PeerRun)
    assert (run.costs, run.queries) == (None, 1)


def test_what_fails_is_reported_and_the_run_goes_on(task: Task, tmp_path: Path) -> None:
    crashing = Peer("crashing", "crashing_peer.py", "plain")
    places = places_for(tmp_path, crashing="raise ValueError('no index')", fake=WORD_RUNNER)
    failure, run = compare([task], [crashing, FAKE], places)
    assert isinstance(failure, PeerFailure)
    assert failure.reason == "ValueError: no index"
    assert "Traceback" in failure.output
    assert isinstance(run, PeerRun)


@pytest.mark.parametrize("code", ["", "import sys; open(sys.argv[2], 'w').write('{')"])
def test_a_runner_without_a_result_is_reported(code: str, task: Task, tmp_path: Path) -> None:
    (failure,) = compare([task], [FAKE], places_for(tmp_path, fake=code))
    assert isinstance(failure, PeerFailure)
    assert failure.reason == "The runner ended without a result."


def test_a_result_without_a_query_is_reported(task: Task, tmp_path: Path) -> None:
    code = """import sys; open(sys.argv[2], 'w').write('{"ranked": {"q1": []}}')"""
    (failure,) = compare([task], [FAKE], places_for(tmp_path, fake=code))
    assert isinstance(failure, PeerFailure)
    assert failure.reason == "The runner's result lacks 'q2'."


def test_an_environment_that_cannot_be_set_up_is_tried_once(task: Task, tmp_path: Path) -> None:
    ghosts = [Peer(name, "ghost_peer.py", name, ("ghost>=3",)) for name in ("dense", "hybrid")]
    commands = Commands(failing="ghost>=3")
    outcomes = list(compare([task], ghosts, places_for(tmp_path), execute=commands))
    assert [getattr(outcome, "reason", None) for outcome in outcomes] == ["ERROR: no ghost"] * 2
    assert len(commands.seen) == 2


def test_an_environment_is_kept_while_it_is_what_is_wanted(tmp_path: Path) -> None:
    commands, folder = Commands(), tmp_path / "environment"
    python = prepare(folder, ["ghost"], ["torch==0"], execute=commands)
    (make, install) = commands.seen
    assert make[1:4] == ["-m", "venv", "--clear"]
    assert install[0] == str(python)
    assert install[-3:] == ["--constraint", str(folder / "constraints.txt"), "ghost"]
    assert (folder / "constraints.txt").read_text("utf-8") == "torch==0"
    prepare(folder, ["ghost"], ["torch==0"], execute=commands)
    assert len(commands.seen) == 2
    prepare(folder, ["ghost>=2"], ["torch==0"], execute=commands)
    assert len(commands.seen) == 4


def test_a_half_made_environment_is_made_again(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no ghost"):
        prepare(tmp_path, ["ghost"], execute=Commands(failing="ghost"))
    commands = Commands()
    prepare(tmp_path, ["ghost"], execute=commands)
    assert len(commands.seen) == 2


def test_a_command_that_hangs_or_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"more than 0 seconds"):
        run_command([sys.executable, "-c", "import time; time.sleep(9)"], {}, 0.1)
    with pytest.raises(CommandFailed, match=r"^python can't be started: No such file"):
        run_command([str(tmp_path / "bin" / "python")], {}, 1)
    with pytest.raises(CommandFailed, match=r"^It ended with status 3\.$"):
        run_command([sys.executable, "-c", "exit(3)"], {}, 60)


def test_all_get_the_same_threads_and_only_ours_our_modules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "here")
    ours, theirs = measuring_variables(ours=True), measuring_variables(ours=False)
    assert ours.pop("PYTHONPATH") == "here"
    assert ours == theirs
    assert int(ours["OMP_NUM_THREADS"]) >= 1


def test_every_row_has_a_runner_and_a_name_of_its_own() -> None:
    rows = [*OURS, *PEERS]
    assert all((SCRIPTS / peer.runner).is_file() for peer in rows)
    assert len({peer.name for peer in rows}) == len({(p.runner, p.variant) for p in rows})
    needs = {peer.runner: peer.requirements for peer in rows}
    assert all(needs[peer.runner] == peer.requirements for peer in rows)


def test_the_report_shows_quality_costs_and_failures(task: Task, tmp_path: Path) -> None:
    crashing = Peer("crashing", "crashing_peer.py", "plain")
    places = places_for(tmp_path, crashing="exit('no index')", fake=WORD_RUNNER)
    remembered = replace(task, timed=False, vectors=tmp_path / "vectors.npz")
    outcomes = list(compare([task, remembered], [FAKE, crashing], places))
    text = comparison_text(outcomes, remembered=True)
    assert "shop, everything embedded: 2 queries" in text
    assert "shop: 2 queries" in text
    assert text.count("held out") == 2
    assert text.count("passages/s") == 1
    assert text.count("failed: crashing on shop: no index") == 2
    assert "computed once" in text
    read = json.loads(json.dumps(comparison_json(outcomes, "e5")))
    assert [run["costs"] is None for run in read["runs"]] == [False, True]
    assert read["failures"][0]["reason"] == "no index"


def load_remembered() -> ModuleType:
    specification = importlib.util.spec_from_file_location("remembered", SCRIPTS / "remembered.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_vectors_are_computed_once_and_kept(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def embed(texts: list[str]) -> np.ndarray:
        asked.append(texts)
        return np.array([[len(text), 1] for text in texts], np.float32)

    make = load_remembered().Remembered
    remembered = make(tmp_path / "new" / "vectors.npz")
    found = remembered.look_up(["query: a", "passage: bc\nd", "query: a"], embed)
    assert found.tolist() == [[8, 1], [13, 1], [8, 1]]
    remembered.save()
    again = make(tmp_path / "new" / "vectors.npz")
    assert again.look_up(["passage: bc d", "query: abc"], embed).tolist() == [[13, 1], [10, 1]]
    assert asked == [["query: a", "passage: bc\nd"], ["query: abc"]]
