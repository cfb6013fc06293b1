from __future__ import annotations

import io
import json
import queue
from typing import Any

import pytest

from rag_cs.generators.worker import StepLoop, serve
from tests.generators.fakes import FakeBackend, inbox_of


def request(number: int, text: str, **options: Any) -> dict[str, Any]:
    chosen = {"max_tokens": 100, "stop": [], "temperature": 0.0} | options
    return {"id": number, "messages": [{"role": "user", "content": text}], **chosen}


def run(*messages: dict[str, Any]) -> tuple[FakeBackend, list[dict[str, Any]]]:
    backend, emitted = FakeBackend(), list[dict[str, Any]]()
    loop = StepLoop(backend, inbox_of(*messages), emitted.append)
    loop._take_messages()
    while loop._running:
        backend.step()
        for number in list(loop._running):
            loop._advance(number)
    return backend, emitted


def text_of(emitted: list[dict[str, Any]], number: int) -> str:
    return "".join(message["text"] for message in emitted if message["id"] == number)


def test_requests_are_stepped_together() -> None:
    backend, emitted = run(request(1, "退货政策"), request(2, "returns policy"))
    assert (text_of(emitted, 1), text_of(emitted, 2)) == ("退货政策", "returns policy")
    assert backend.steps == 4  # the longer one alone takes as many


def test_a_stop_string_frees_the_sequence() -> None:
    backend, emitted = run(request(1, "one. two #endless", stop=["."]))
    assert text_of(emitted, 1) == "one"
    assert emitted[-1]["finish"] == "stop"
    assert not backend.running


def test_a_cancelled_request_is_freed_and_says_nothing() -> None:
    backend, emitted = run(request(1, "#endless", max_tokens=10**6), {"id": 1, "cancel": True})
    assert emitted == []
    assert not backend.running


def test_a_request_that_cannot_be_served_hurts_no_other() -> None:
    _, emitted = run(request(1, "#invalid"), request(2, "fine"))
    assert emitted[0] == {"id": 1, "invalid": "The prompt is invalid."}
    assert text_of(emitted, 2) == "fine"


def test_the_first_piece_counts_the_prompt_and_the_last_the_answer() -> None:
    _, emitted = run(request(1, "12345678", max_tokens=6))
    assert emitted[0]["prompt_tokens"] == 8
    assert emitted[-1].items() >= {"finish": "length", "completion_tokens": 6}.items()
    assert sum(message.get("prompt_tokens", 0) for message in emitted) == 8


def test_an_answer_of_one_piece_counts_both() -> None:
    _, emitted = run(request(1, "12345678", max_tokens=1))
    assert [(each["prompt_tokens"], each["completion_tokens"]) for each in emitted] == [(8, 1)]


def test_the_first_piece_says_how_probable_it_was() -> None:
    _, emitted = run(request(1, "12345678", logprobs=True), request(2, "12345678"))
    told = [message.get("first_logprob") for message in emitted if message["id"] == 1]
    assert told[0] == -0.5
    assert told[1:] == [None] * (len(told) - 1)
    assert not any("first_logprob" in message for message in emitted if message["id"] == 2)


def test_a_failing_step_ends_the_loop() -> None:
    inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    inbox.put(request(1, "#crash"))
    with pytest.raises(RuntimeError, match="out of memory"):
        StepLoop(FakeBackend(), inbox, lambda _: None).run()


def test_the_loop_ends_with_its_input() -> None:
    replies = io.StringIO()
    assert serve(FakeBackend, io.StringIO(), replies) == 0
    assert json.loads(replies.getvalue()) == {"ready": True}
