"""The OpenVINO chat model: many answers at once from one worker process, on a CPU.

Knows the worker's command line and its JSON lines, bounds how many requests wait, and hands
pieces to callers. Doesn't import OpenVINO: `worker` does, in a process of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from rag_cs.errors import Busy, InvalidInput, ModelError, RagError
from rag_cs.generators.base import Cancel, Deliver, EngineChatModel, Options, Piece
from rag_cs.generators.files import find_openvino_model, saved_graph

KV_BLOCK_TOKENS = 32  # openvino_genai's block size on a CPU
_CLOSED = "The chat model is closed; load it again."


@dataclass(frozen=True, slots=True)
class OpenVINOOptions:
    """How the pipeline runs.

    `threads`: None leaves it to OpenVINO, which takes every core. `context_tokens`: the longest
    prompt and answer together. `max_concurrent` answers are stepped together, `max_waiting` more
    may queue. `kv_cache_tokens` bounds the memory that running answers and cached prefixes share.
    `lookup_tokens` are proposed from the prompt after a match of at most `lookup_ngram` tokens;
    0 turns prompt lookup off. `batch_tokens` bounds one step, and with it how soon a cancelled
    answer ends. `properties` go to OpenVINO as they are; its own defaults were the fastest
    (dynamic quantisation in groups of 32, an 8-bit cache of keys and values at 7.3 KB a token).
    """

    threads: int | None = None
    context_tokens: int = 4096
    max_concurrent: int = 8
    max_waiting: int = 32
    kv_cache_tokens: int = 16384
    batch_tokens: int = 128
    lookup_tokens: int = 8
    lookup_ngram: int = 3
    properties: tuple[tuple[str, str | int], ...] = ()

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 0 if name in ("lookup_tokens", "max_waiting") else 1
            if isinstance(value, int) and value < least:
                raise InvalidInput(f"{name} is {value}; it must be at least {least}.")

    def worker_config(self) -> dict[str, Any]:
        """What the worker reads from its command line."""
        properties: dict[str, str | int] = dict(self.properties)
        if self.threads:
            properties["INFERENCE_NUM_THREADS"] = self.threads
        tokens = max(self.kv_cache_tokens, self.context_tokens)
        lookup = {
            "num_assistant_tokens": self.lookup_tokens,
            "max_ngram_size": self.lookup_ngram,
        }
        return {
            "context_tokens": self.context_tokens,
            "lookup": lookup if self.lookup_tokens else {},
            "properties": properties,
            "scheduler": {
                "max_num_seqs": self.max_concurrent,
                "max_num_batched_tokens": self.batch_tokens,
                "num_kv_blocks": -(-tokens // KV_BLOCK_TOKENS),
            },
        }


class WorkerEngine:
    """An `Engine` whose generations run in a worker process that speaks JSON lines.

    Two threads of its own carry lines there and back; requests given before the worker is ready
    wait for it. When the worker dies, every caller, waiting or later, gets ModelError.
    """

    def __init__(self, command: Sequence[str], *, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._open: dict[int, Deliver] = {}
        self._numbers = itertools.count(1)
        self._failure = ""
        self._ready = threading.Event()
        self._outbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._process = _spawn(command)
        self._threads = [
            threading.Thread(target=target, args=(pipe,), name=target.__name__, daemon=True)
            for target, pipe in (
                (self._read, self._process.stdout),
                (self._write, self._process.stdin),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def open_requests(self) -> int:
        """How many answers run or wait."""
        return len(self._open)

    @property
    def process_id(self) -> int:
        """The worker's, to measure its memory by."""
        return self._process.pid

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Block until the model is loaded. Raises ModelError when it fails or takes longer."""
        if not self._ready.wait(timeout_seconds):
            self.close()
            raise ModelError(f"The chat model was not loaded within {timeout_seconds:.0f} s.")
        if self._failure:
            raise ModelError(self._failure)

    def submit(
        self, messages: Sequence[dict[str, str]], options: Options, deliver: Deliver
    ) -> Cancel:
        """See `Engine`."""
        with self._lock:
            if self._failure:
                raise ModelError(self._failure)
            if len(self._open) >= self._capacity:
                raise Busy(f"{len(self._open)} prompts are being answered; ask again in a moment.")
            number = next(self._numbers)
            self._open[number] = deliver
            self._outbox.put({"id": number, "messages": list(messages), **asdict(options)})
        return lambda: self._cancel(number)

    def close(self) -> None:
        """End the worker, within 5 s, and every answer."""
        self._fail(_CLOSED)
        self._outbox.put(None)
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)
        if self._process.stdout:
            self._process.stdout.close()

    def _cancel(self, number: int) -> None:
        with self._lock:
            if self._open.pop(number, None):
                self._outbox.put({"id": number, "cancel": True})

    def _write(self, pipe: IO[str]) -> None:
        """Carries requests to the worker; its input ends when this does. A pipe that is full
        while the worker is inside a step would block the caller's thread otherwise."""
        try:
            while (message := self._outbox.get()) is not None:
                pipe.write(json.dumps(message) + "\n")
                pipe.flush()
        except (BrokenPipeError, ValueError):
            pass  # the worker is gone: the reader tells everybody
        finally:
            with suppress(OSError, ValueError):  # what it never took is still in the buffer
                pipe.close()

    def _read(self, pipe: IO[str]) -> None:
        failure = self._dispatch_until_failure(pipe)
        status = self._process.wait()
        self._fail(failure or f"The chat model's process ended with status {status}; restart.")

    def _dispatch_until_failure(self, pipe: IO[str]) -> str:
        for line in pipe:
            message = json.loads(line)
            if "failed" in message:
                return f"The chat model can't run: {message['failed']}"
            if "ready" in message:
                self._ready.set()
            else:
                self._dispatch(message)
        return ""

    def _dispatch(self, message: dict[str, Any]) -> None:
        event = _event(message)
        last = isinstance(event, RagError) or event.finish is not None
        with self._lock:
            take = self._open.pop if last else self._open.get
            deliver = take(message["id"], None)
        if deliver:
            deliver(event)

    def _fail(self, failure: str) -> None:
        with self._lock:
            self._failure = self._failure or failure
            waiting, self._open = list(self._open.values()), {}
        self._ready.set()
        for deliver in waiting:
            deliver(ModelError(self._failure))


def _spawn(command: Sequence[str]) -> subprocess.Popen[str]:
    """The worker finds this very package, however the parent found it."""
    package_parent = str(Path(__file__).resolve().parents[2])
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    )


def _event(message: dict[str, Any]) -> Piece | RagError:
    if "invalid" in message:
        return InvalidInput(message["invalid"])
    if message.get("finish") == "full":
        return Busy("The memory for answers being written is full; ask again in a moment.")
    return Piece(
        text=message["text"],
        finish=message.get("finish"),
        prompt_tokens=message.get("prompt_tokens", 0),
        completion_tokens=message.get("completion_tokens", 0),
        first_logprob=message.get("first_logprob"),
    )


class OpenVINOChatModel(EngineChatModel):
    """A chat model on `openvino_genai.ContinuousBatchingPipeline` with prefix caching and prompt
    lookup. Greedy unless a temperature is given. Close it to end its process."""

    @property
    def _llm_type(self) -> str:
        return "rag-cs-openvino"

    @classmethod
    def load(
        cls,
        path: Path,
        options: OpenVINOOptions | None = None,
        *,
        wait_seconds: float | None = 120.0,
        **fields: Any,
    ) -> Self:
        """Load a GGUF file, a folder that holds one, or an OpenVINO model folder.

        The first load of a GGUF saves its graph beside it (see `saved_graph`). With
        `wait_seconds` None it returns at once while the worker loads; the first answer then
        waits for it. `fields` are the model's (max_tokens, temperature, stop). Raises ModelError.
        """
        model = find_openvino_model(path)
        if model is None:
            raise ModelError(f"{path} holds no GGUF file and no OpenVINO model.")
        options = options or OpenVINOOptions()
        graph = saved_graph(model)
        config = json.dumps(options.worker_config() | {"graph": str(graph) if graph else ""})
        command = [sys.executable, "-m", "rag_cs.generators.worker", str(model), config]
        engine = WorkerEngine(command, capacity=options.max_concurrent + options.max_waiting)
        if wait_seconds is not None:
            engine.wait_until_ready(wait_seconds)
        return cls(engine=engine, **{"model_name": path.stem} | fields)
