"""The process that owns an OpenVINO GenAI pipeline: one loop serves every request it is given.

A process of its own, because `ContinuousBatchingPipeline.step()` holds Python's interpreter lock
from start to end (measured: 0.6 s for a prompt of 400 tokens), in which no other thread of a
server could run. Speaks JSON lines: requests on standard input, pieces on standard output. Ends
when its input ends, and so never outlives the program that started it.

Knows openvino_genai. Doesn't know langchain, nor who asks.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol

from rag_cs.generators.text import TextAssembler

Emit = Callable[[dict[str, Any]], None]


class Generation(Protocol):
    """One request inside a backend."""

    prompt_tokens: int
    first_logprob: float | None
    """Of the first token read; None before, and where it wasn't asked for."""

    def read(self) -> tuple[list[int], str | None]:
        """The new token ids, and why the generation ended ('stop', 'length', 'full') or None."""

    def cancel(self) -> None:
        """Drop the request; its memory is free after the next step."""


class Backend(Protocol):
    """Steps many generations at once; used from one thread only."""

    def start(self, request: Mapping[str, Any]) -> Generation:
        """Raises ValueError with a sentence for the caller when this request can't be served."""

    def step(self) -> None:
        """Advance every generation; free the cancelled ones."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some token ids, without special tokens."""


@dataclass(slots=True)
class _Running:
    generation: Generation
    text: TextAssembler
    tokens: int = 0
    began: bool = False


class StepLoop:
    """Takes requests from `inbox` between steps, emits text as it comes, forgets what ended."""

    def __init__(
        self, backend: Backend, inbox: queue.SimpleQueue[dict[str, Any] | None], emit: Emit
    ) -> None:
        self._backend = backend
        self._inbox = inbox
        self._emit = emit
        self._running: dict[int, _Running] = {}

    def run(self) -> None:
        """Serve until the inbox yields None. An exception of a step ends the loop: after it the
        pipeline's state is unknown."""
        while self._take_messages():
            if self._running:
                self._backend.step()
                for number in list(self._running):
                    self._advance(number)

    def _take_messages(self) -> bool:
        """Handle all that waits; block when there is nothing else to do. False at the end."""
        while True:
            try:
                message = self._inbox.get(block=not self._running)
            except queue.Empty:
                return True
            if message is None:
                return False
            self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if message.get("cancel"):
            running = self._running.pop(number, None)
            if running:
                self._drop(running)
            return
        try:
            generation = self._backend.start(message)
        except ValueError as error:
            self._emit({"id": number, "invalid": str(error)})
            return
        text = TextAssembler(self._backend.decode, message["stop"])
        self._running[number] = _Running(generation, text)

    def _drop(self, running: _Running) -> None:
        running.generation.cancel()
        # One more step, even when nothing else runs: only a step frees a cancelled sequence.
        self._backend.step()

    def _advance(self, number: int) -> None:
        running = self._running[number]
        ids, finish = running.generation.read()
        running.tokens += len(ids)
        text = running.text.feed(ids)
        if running.text.stopped:
            del self._running[number]
            self._drop(running) if finish is None else None
            self._emit(self._last(number, running, text, "stop"))
        elif finish:
            del self._running[number]
            self._emit(self._last(number, running, text + running.text.flush(), finish))
        elif text:
            self._emit({"id": number, "text": text, **self._first(running)})

    def _first(self, running: _Running) -> dict[str, Any]:
        """What goes with the first text of an answer: also of one that isn't heard to its end."""
        if running.began:
            return {}
        running.began = True
        told: dict[str, Any] = {"prompt_tokens": running.generation.prompt_tokens}
        if running.generation.first_logprob is not None:
            told["first_logprob"] = running.generation.first_logprob
        return told

    def _last(self, number: int, running: _Running, text: str, finish: str) -> dict[str, Any]:
        return {
            "id": number,
            "text": text,
            "finish": "stop" if running.text.stopped else finish,
            "completion_tokens": running.tokens,
            **self._first(running),
        }


class GenAIBackend:
    """`openvino_genai.ContinuousBatchingPipeline` on a GGUF file or an OpenVINO model folder.

    `config["graph"]`, where there is one, is the folder of the same GGUF's saved graph.
    """

    def __init__(self, model: str, config: Mapping[str, Any]) -> None:
        import openvino_genai

        self._genai = openvino_genai
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        for name, value in config["scheduler"].items():
            setattr(scheduler, name, value)
        self._lookup = dict(config["lookup"])
        properties = dict(config["properties"]) | {"prompt_lookup": bool(self._lookup)}
        graph = str(config["graph"] or model)
        tokenizer = openvino_genai.Tokenizer(model)
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(
            graph, tokenizer, scheduler, "CPU", **properties
        )
        self._tokenizer = self._pipeline.get_tokenizer()
        self._context_tokens = int(config["context_tokens"])
        self._next = 0
        self._warm_up(scheduler.max_num_batched_tokens)

    def decode(self, ids: Sequence[int]) -> str:
        """See `Backend`; bytes of a cut-off character are dropped."""
        return str(self._tokenizer.decode(list(ids))) if ids else ""

    def start(self, request: Mapping[str, Any]) -> Generation:
        """See `Backend`."""
        ids, length = self._encode(request["messages"])
        room = self._context_tokens - length
        if room < 1:
            raise ValueError(
                f"The prompt has {length} tokens and the model is set up for "
                f"{self._context_tokens}; give it less text."
            )
        self._next += 1
        config = self._config(request, min(int(request["max_tokens"]), room))
        handle = self._pipeline.add_request(self._next, ids, config)
        return _GenAIGeneration(self._genai, handle, length, bool(config.logprobs))

    def step(self) -> None:
        """See `Backend`."""
        if self._pipeline.has_non_finished_requests():
            self._pipeline.step()

    def _warm_up(self, batch_tokens: int) -> None:
        """On its first full step OpenVINO repacks the weights and compiles kernels for that
        shape: 0.6 s that no shopper should wait (1.13 s before, 0.48 after)."""
        ids = self._tokenizer.encode("a " * batch_tokens, add_special_tokens=False).input_ids
        config = self._genai.GenerationConfig(max_new_tokens=1, **self._lookup)
        handle = self._pipeline.add_request(0, ids, config)
        while self._pipeline.has_non_finished_requests():
            self.step()
        handle.cancel()  # the name keeps it alive until here: a handle that is dropped cancels

    def _encode(self, messages: Sequence[Mapping[str, str]]) -> tuple[Any, int]:
        try:
            prompt = self._tokenizer.apply_chat_template(
                [dict(message) for message in messages], add_generation_prompt=True
            )
        except RuntimeError as error:
            raise ValueError(
                f"The model's chat template can't hold these messages: {error}"
            ) from error
        ids = self._tokenizer.encode(prompt, add_special_tokens=False).input_ids
        return ids, int(ids.get_shape()[1])

    def _config(self, request: Mapping[str, Any], max_tokens: int) -> Any:
        temperature = float(request["temperature"])
        return self._genai.GenerationConfig(
            max_new_tokens=max_tokens,
            apply_chat_template=False,
            stop_token_ids={self._tokenizer.get_eos_token_id()},
            do_sample=temperature > 0,
            temperature=temperature or 1.0,
            logprobs=int(bool(request.get("logprobs"))),
            **self._lookup,
        )


class _GenAIGeneration:
    def __init__(self, genai: Any, handle: Any, prompt_tokens: int, logprobs: bool) -> None:
        self.first_logprob: float | None = None
        self._logprobs = logprobs
        self._handle = handle
        self._running = genai.GenerationStatus.RUNNING
        self._ignored = genai.GenerationStatus.IGNORED
        self._length = genai.GenerationFinishReason.LENGTH
        self.prompt_tokens = prompt_tokens

    def read(self) -> tuple[list[int], str | None]:
        status = self._handle.get_status()
        ids: list[int] = []
        finish = "stop"
        while self._handle.can_read():
            for output in self._handle.read().values():
                if self._logprobs and self.first_logprob is None and output.generated_log_probs:
                    self.first_logprob = float(output.generated_log_probs[0])
                ids.extend(output.generated_ids)
                finish = "length" if output.finish_reason == self._length else "stop"
        if status == self._running:
            return ids, None
        return ids, "full" if status == self._ignored else finish

    def cancel(self) -> None:
        self._handle.cancel()


def serve(make_backend: Callable[[], Backend], requests: IO[str], replies: IO[str]) -> int:
    """Load a backend, say so, then serve JSON lines until `requests` ends. Returns an exit
    status; a failure is told on `replies` before it ends the process."""

    def emit(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    try:
        backend = make_backend()
        emit({"ready": True})
        threading.Thread(target=_read, args=(requests, inbox), daemon=True).start()
        StepLoop(backend, inbox, emit).run()
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001  the parent must hear of whatever it was
        emit({"failed": f"{type(error).__name__}: {error}".strip()})
        return 1
    return 0


def _read(requests: IO[str], inbox: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    for line in requests:
        inbox.put(json.loads(line))
    inbox.put(None)


def own_standard_output() -> IO[str]:
    """Standard output for replies alone: what native code prints goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def main() -> int:
    """`python -m rag_cs.generators.worker MODEL CONFIG-AS-JSON`."""
    model, config = sys.argv[1], json.loads(sys.argv[2])
    replies = own_standard_output()
    return serve(lambda: GenAIBackend(model, config), sys.stdin, replies)


if __name__ == "__main__":
    sys.stdout.flush()
    # Skips the interpreter's teardown, during which daemon threads and native ones may clash.
    os._exit(main())
