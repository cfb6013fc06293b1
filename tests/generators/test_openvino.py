from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag_cs.errors import Busy, InvalidInput, ModelError, RagError
from rag_cs.generators.base import Options, Piece
from rag_cs.generators.files import find_openvino_model, saved_graph
from rag_cs.generators.openvino import OpenVINOOptions, WorkerEngine
from tests.generators.fakes import fake_worker_command

ENDLESS = [{"role": "user", "content": "#endless #slow "}]
LONG = Options(max_tokens=1_000_000)


@pytest.fixture
def engine() -> Iterator[WorkerEngine]:
    engine = WorkerEngine(fake_worker_command(), capacity=4)
    engine.wait_until_ready(20)
    yield engine
    engine.close()


def wait_for(condition: Any, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(condition())


def test_more_than_the_capacity_is_busy(engine: WorkerEngine) -> None:
    cancels = [engine.submit(ENDLESS, LONG, lambda _: None) for _ in range(4)]
    with pytest.raises(Busy):
        engine.submit(ENDLESS, LONG, lambda _: None)
    cancels[0]()
    engine.submit(ENDLESS, LONG, lambda _: None)()


def test_a_worker_that_dies_tells_everybody(engine: WorkerEngine) -> None:
    events: queue.SimpleQueue[Piece | RagError] = queue.SimpleQueue()
    for _ in range(3):
        engine.submit(ENDLESS, LONG, events.put)
    os.kill(engine.process_id, signal.SIGKILL)
    errors: list[RagError] = []
    while len(errors) < 3:
        event = events.get(timeout=5)
        errors += [event] if isinstance(event, RagError) else []
    assert {type(error) for error in errors} == {ModelError}
    with pytest.raises(ModelError, match="ended with status -9"):
        engine.submit(ENDLESS, LONG, events.put)


def test_a_failing_step_tells_its_reason(engine: WorkerEngine) -> None:
    events: queue.SimpleQueue[Piece | RagError] = queue.SimpleQueue()
    engine.submit([{"role": "user", "content": "#crash"}], Options(), events.put)
    assert "out of memory" in str(events.get(timeout=5))


def test_cancelled_requests_leave_nothing(engine: WorkerEngine) -> None:
    before = threading.active_count()
    for _ in range(50):
        first = threading.Event()
        cancel = engine.submit(ENDLESS, LONG, lambda _, first=first: first.set())
        assert first.wait(5)
        cancel()
        cancel()
    assert engine.open_requests == 0
    assert threading.active_count() == before


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    engine = WorkerEngine(fake_worker_command("--unloadable"), capacity=1)
    with pytest.raises(ModelError, match="no such file: weights"):
        engine.wait_until_ready(20)
    engine.close()


def test_closing_ends_process_and_threads(engine: WorkerEngine) -> None:
    engine.submit(ENDLESS, LONG, lambda _: None)
    engine.close()
    engine.close()
    assert not any(thread.is_alive() for thread in engine._threads)
    with pytest.raises(ModelError, match="closed"):
        engine.submit(ENDLESS, LONG, lambda _: None)


def test_a_gguf_is_found_at_or_in_a_folder(tmp_path: Path) -> None:
    assert find_openvino_model(tmp_path) is None
    file = tmp_path / "model.gguf"
    file.touch()
    assert find_openvino_model(tmp_path) == find_openvino_model(file) == file
    (tmp_path / "other.gguf").touch()
    with pytest.raises(ModelError, match=r"model\.gguf, other\.gguf"):
        find_openvino_model(tmp_path)


@pytest.mark.slow
def test_a_file_that_is_no_model_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"not a model")
    assert saved_graph(tmp_path / "model.gguf") is None
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]


def test_options_are_checked_and_become_json() -> None:
    with pytest.raises(InvalidInput, match="context_tokens is 0"):
        OpenVINOOptions(context_tokens=0)
    config = OpenVINOOptions(threads=2, lookup_tokens=0).worker_config()
    assert config["lookup"] == {}
    assert json.loads(json.dumps(config))["properties"] == {"INFERENCE_NUM_THREADS": 2}
