"""A scripted stand-in for a generation engine, and a worker process without a model."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rag_cs.errors import ModelError
from rag_cs.generators.base import Cancel, Deliver, EngineChatModel, FinishReason, Options, Piece
from rag_cs.generators.text import TextAssembler
from rag_cs.generators.worker import own_standard_output, serve

Reply = str | Callable[[Sequence[Mapping[str, str]]], str]


class FakeEngine:
    """Replies with a text, or with what a function makes of the messages, one byte a token."""

    def __init__(
        self,
        reply: Reply = "Hello. 您好。",
        seconds_per_token: float = 0.0,
        first_logprob: float | None = None,
    ) -> None:
        self._reply = reply
        self._first_logprob = first_logprob
        self._seconds_per_token = seconds_per_token
        self._closed = False
        self._threads: list[threading.Thread] = []
        self.calls: list[tuple[list[dict[str, str]], Options]] = []
        self.open_requests = 0

    def submit(
        self, messages: Sequence[dict[str, str]], options: Options, deliver: Deliver
    ) -> Cancel:
        if self._closed:
            raise ModelError("The chat model is closed; load it again.")
        self.calls.append((list(messages), options))
        cancelled = threading.Event()
        text = self._reply if isinstance(self._reply, str) else self._reply(messages)
        arguments = (text, options, deliver, cancelled)
        self.open_requests += 1
        self._threads.append(threading.Thread(target=self._run, args=arguments, daemon=True))
        self._threads[-1].start()
        return cancelled.set

    def _run(
        self, reply: str, options: Options, deliver: Deliver, cancelled: threading.Event
    ) -> None:
        text = TextAssembler(decode_bytes, options.stop)
        ids = list(reply.encode())
        given = 0
        untold = _count(self.calls[-1][0])
        for token in ids[: options.max_tokens]:
            given += 1
            if (piece := text.feed([token])) and not cancelled.is_set():
                logprob = self._first_logprob if options.logprobs and given == 1 else None
                deliver(Piece(piece, prompt_tokens=untold, first_logprob=logprob))
                untold = 0
            if text.stopped or cancelled.wait(self._seconds_per_token) or self._closed:
                break
        self.open_requests -= 1
        if self._closed:
            deliver(ModelError("The chat model is closed; load it again."))
            return
        finish: FinishReason = "length" if given < len(ids) and not text.stopped else "stop"
        deliver(Piece(text.flush(), finish, untold, given))

    def close(self) -> None:
        self._closed = True
        for thread in self._threads:
            thread.join(timeout=5)


def _count(messages: Sequence[Mapping[str, str]]) -> int:
    return sum(len(message["content"].encode()) for message in messages)


def decode_bytes(ids: Sequence[int]) -> str:
    """Decodes tokens that are bytes; like OpenVINO's, it drops those of a cut-off character."""
    return bytes(ids).decode(errors="ignore")


class FakeChatModel(EngineChatModel):
    """A chat model that says what it is told to, without weights."""

    @classmethod
    def replying(
        cls, reply: Reply, seconds_per_token: float = 0.0, first_logprob: float | None = None
    ) -> FakeChatModel:
        engine = FakeEngine(reply, seconds_per_token, first_logprob)
        return cls(engine=engine, model_name="fake")


class FakeBackend:
    """The worker's seam: echoes the last message; `#slow`, `#endless`, `#crash` and `#invalid`
    in it do what they say."""

    def __init__(self) -> None:
        self.running: list[FakeGeneration] = []
        self.steps = 0

    def decode(self, ids: Sequence[int]) -> str:
        return decode_bytes(ids)

    def start(self, request: Mapping[str, Any]) -> FakeGeneration:
        text = str(request["messages"][-1]["content"])
        if "#invalid" in text:
            raise ValueError("The prompt is invalid.")
        generation = FakeGeneration(text, int(request["max_tokens"]))
        generation.first_logprob = -0.5 if request.get("logprobs") else None
        self.running.append(generation)
        return generation

    def step(self) -> None:
        self.steps += 1
        for generation in self.running:
            generation.step()
        self.running = [each for each in self.running if each.finish is None]


class FakeGeneration:
    def __init__(self, text: str, max_tokens: int) -> None:
        self._text = text
        self._left = list(text.encode()) * (10_000 if "#endless" in text else 1)
        self._room = max_tokens
        self._new: list[int] = []
        self.prompt_tokens = len(text)
        self.first_logprob: float | None = None
        self.finish: str | None = None

    def step(self) -> None:
        if "#crash" in self._text:
            raise RuntimeError("out of memory")
        time.sleep(0.005 if "#slow" in self._text else 0)
        take = min(4, len(self._left), self._room)
        self._new += self._left[:take]
        self._left = self._left[take:]
        self._room -= take
        if not self._left or not self._room:
            self.finish = "length" if self._left else "stop"

    def read(self) -> tuple[list[int], str | None]:
        new, self._new = self._new, []
        return new, self.finish

    def cancel(self) -> None:
        self.finish = "stop"


def fake_worker_command(*arguments: str) -> list[str]:
    """The command of a worker process on a `FakeBackend`."""
    return [sys.executable, "-m", "tests.generators.fakes", *arguments]


def inbox_of(*messages: dict[str, Any]) -> queue.SimpleQueue[dict[str, Any] | None]:
    """An inbox that holds these messages and then ends."""
    inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    for message in messages:
        inbox.put(message)
    inbox.put(None)
    return inbox


def _unloadable() -> FakeBackend:
    raise OSError("no such file: weights")


if __name__ == "__main__":
    make = _unloadable if "--unloadable" in sys.argv else FakeBackend
    sys.exit(serve(make, sys.stdin, own_standard_output()))
