"""The transformers chat model: any model folder, on a GPU or, slower, on a CPU.

Owns transformers and torch for generation. Answers one request at a time, others wait in line;
OpenVINO or a model server is the better choice where many ask at once on a CPU.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from rag_cs.errors import Busy, InvalidInput, ModelError
from rag_cs.generators.base import Cancel, Deliver, EngineChatModel, Options, Piece
from rag_cs.generators.text import TextAssembler


class _Ticket:
    """One request on its way: where its pieces go, and whether anybody still wants them."""

    def __init__(self, deliver: Deliver) -> None:
        self.deliver = deliver
        self.cancelled = threading.Event()


class _Streamer:
    """What `generate` calls with new token ids; the first call brings the prompt."""

    def __init__(self, ticket: _Ticket, text: TextAssembler) -> None:
        self._ticket = ticket
        self._text = text
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._began = False

    def put(self, value: Any) -> None:
        """Take a tensor of token ids."""
        ids = value.reshape(-1).tolist()
        if not self.prompt_tokens:
            self.prompt_tokens = len(ids)
            return
        self.completion_tokens += len(ids)
        if text := self._text.feed(ids):
            self._ticket.deliver(Piece(text, prompt_tokens=self._first()))

    def _first(self) -> int:
        """The tokens of the prompt, told once, with the first text."""
        began, self._began = self._began, True
        return 0 if began else self.prompt_tokens

    def end(self) -> None:
        """Called by `generate`; the last piece needs more than it knows."""

    def last(self, max_tokens: int) -> Piece:
        """The end of the answer, with its counts."""
        cut = self.completion_tokens >= max_tokens and not self._text.stopped
        return Piece(
            text=self._text.flush(),
            finish="length" if cut else "stop",
            prompt_tokens=self._first(),
            completion_tokens=self.completion_tokens,
        )


class TransformersEngine:
    """An `Engine` around `model.generate`: one thread, a bounded line, cancellation between
    tokens."""

    def __init__(
        self, model: Any, tokenizer: Any, *, context_tokens: int, max_waiting: int
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._context_tokens = context_tokens
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._open: set[_Ticket] = set()
        self._closed = False
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="generate")

    @property
    def open_requests(self) -> int:
        """How many answers run or wait."""
        return len(self._open)

    def submit(
        self, messages: Sequence[dict[str, str]], options: Options, deliver: Deliver
    ) -> Cancel:
        """See `Engine`."""
        ticket = _Ticket(deliver)
        with self._lock:
            if self._closed:
                raise ModelError("The chat model is closed; load it again.")
            if len(self._open) > self._max_waiting:
                raise Busy(f"{len(self._open)} prompts are being answered; ask again in a moment.")
            self._open.add(ticket)
            self._pool.submit(self._run, list(messages), options, ticket)
        return ticket.cancelled.set

    def close(self) -> None:
        """Stop the answer being written at its next token, and end the thread."""
        with self._lock:
            self._closed = True
            tickets = list(self._open)
        for ticket in tickets:
            ticket.cancelled.set()
            ticket.deliver(ModelError("The chat model is closed; load it again."))
        self._pool.shutdown(wait=True)
        self._model = self._tokenizer = None

    def _run(self, messages: list[dict[str, str]], options: Options, ticket: _Ticket) -> None:
        try:
            if not ticket.cancelled.is_set():
                ticket.deliver(self._answer(messages, options, ticket))
        except InvalidInput as error:
            ticket.deliver(error)
        except Exception as error:  # noqa: BLE001  whatever it was, the caller must hear of it
            ticket.deliver(ModelError(f"The chat model can't run: {error}"))
        finally:
            with self._lock:
                self._open.discard(ticket)

    def _answer(self, messages: list[dict[str, str]], options: Options, ticket: _Ticket) -> Piece:
        text = TextAssembler(self._decode, options.stop)
        streamer = _Streamer(ticket, text)
        encoded = self._encode(messages)
        room = self._context_tokens - int(encoded["input_ids"].shape[1])
        if room < 1:
            raise InvalidInput(
                f"The prompt is longer than the {self._context_tokens} tokens that the model is "
                "set up for; give it less text."
            )
        max_tokens = min(options.max_tokens, room)
        self._model.generate(
            **encoded,
            max_new_tokens=max_tokens,
            streamer=streamer,
            stopping_criteria=_criteria(lambda: ticket.cancelled.is_set() or text.stopped),
            **_sampling(options.temperature),
        )
        return streamer.last(max_tokens)

    def _encode(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        try:
            encoded = self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
            )
        except Exception as error:
            raise InvalidInput(
                f"The model's chat template can't hold these messages: {error}"
            ) from error
        return {name: tensor.to(self._model.device) for name, tensor in encoded.items()}

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))


def _sampling(temperature: float) -> dict[str, Any]:
    """A model's own generation settings (top-k, repetition penalty) don't apply: the same
    question gets the same answer from every engine."""
    common = {"top_k": None, "top_p": None, "repetition_penalty": 1.0}
    if temperature > 0:
        return common | {"do_sample": True, "temperature": temperature}
    return common | {"do_sample": False, "temperature": None}


def _criteria(should_stop: Callable[[], bool]) -> Any:
    import torch
    from transformers import StoppingCriteriaList

    def stop(input_ids: Any, *_: Any, **__: Any) -> Any:
        shape = (input_ids.shape[0],)
        return torch.full(shape, should_stop(), device=input_ids.device, dtype=torch.bool)

    return StoppingCriteriaList([stop])


def has_cuda() -> bool:
    """Whether torch can use a GPU. Imports torch, which takes seconds, only where a driver hints
    that the answer may be yes."""
    if not (Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi")):
        return False
    import torch

    return bool(torch.cuda.is_available())


def load_pretrained(path: Path, *, device: str | None = None) -> tuple[Any, Any]:
    """The model and tokenizer of a transformers folder, a GGUF file, or a folder with one GGUF.

    GGUF weights become float32 on a CPU; on CUDA both kinds become bfloat16. Raises ModelError.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    folder, arguments = _source(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **arguments)
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, **arguments)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise ModelError(f"transformers can't load a chat model from {path}: {error}") from error
    return model.to(device).eval(), tokenizer


def _source(path: Path) -> tuple[Path, dict[str, Any]]:
    """The folder, and the name of a GGUF file in it unless it is a transformers folder."""
    local: dict[str, Any] = {"local_files_only": True}
    if path.is_file():
        return path.parent, {"gguf_file": path.name, **local}
    files = sorted(path.glob("*.gguf"))
    if (path / "config.json").is_file() or len(files) != 1:
        return path, local
    return path, {"gguf_file": files[0].name, **local}


class TransformersChatModel(EngineChatModel):
    """A chat model on `transformers`' generate; greedy unless a temperature is given."""

    @property
    def _llm_type(self) -> str:
        return "rag-cs-transformers"

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        device: str | None = None,
        context_tokens: int = 4096,
        max_waiting: int = 32,
        **fields: Any,
    ) -> Self:
        """Load a folder or a GGUF file. `fields` are the model's (max_tokens, temperature,
        stop). Raises ModelError."""
        model, tokenizer = load_pretrained(path, device=device)
        engine = TransformersEngine(
            model, tokenizer, context_tokens=context_tokens, max_waiting=max_waiting
        )
        return cls(engine=engine, **{"model_name": path.stem} | fields)
