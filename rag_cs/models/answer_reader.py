"""Reads passages for the answer to a question, on the processor, through OpenVINO.

The adapter that comes with the package is merged into the embedder's encoder when the program
first runs; the graph is kept beside the weights under a name that holds both. Only `bootstrap`
makes a reader; `answerable` uses it through a protocol.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from tokenizers import Tokenizer

from rag_cs.models.answer_model import Pair, WordVectors, encode_pair, load_model, pad
from rag_cs.types import Reading


class OpenVINOAnswerReader:
    """The network over the embedder in `folder`. Safe to share between threads.

    `tokenizer` is the embedder's own, one that sees whole texts: a second takes 300 MB.
    """

    def __init__(self, folder: Path, adapter: Path, tokenizer: Tokenizer) -> None:
        self._words = WordVectors(folder)
        self._tokenizer = tokenizer
        self._compiled = _compile(folder, adapter)
        self._requests = threading.local()

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """One reading a passage."""
        if not passages:
            return []
        pairs = [encode_pair(self._tokenizer, question, passage) for passage in passages]
        ids, asked, read = pad(pairs)
        request = self._request()
        request.infer([self._words.of(ids), asked, read])
        answers = request.get_output_tensor(0).data
        tokens = request.get_output_tensor(1).data
        return [_reading(pair, float(answers[row]), tokens[row]) for row, pair in enumerate(pairs)]

    def _request(self) -> ov.InferRequest:
        """This thread's own request: one shared by threads would refuse the second."""
        if not hasattr(self._requests, "value"):
            self._requests.value = self._compiled.create_infer_request()
        return self._requests.value


def _reading(pair: Pair, answers: float, tokens: np.ndarray) -> Reading:
    logits = tokens[pair.first : pair.first + len(pair.offsets)].tolist()
    places = zip(pair.offsets, logits, strict=True)
    return Reading(answers, tuple((start, end, logit) for (start, end), logit in places))


def _compile(folder: Path, adapter: Path) -> ov.CompiledModel:
    name = hashlib.sha256(adapter.read_bytes()).hexdigest()[:12]
    graph = folder / "openvino" / f"answers-{name}.xml"
    if not graph.is_file():
        graph = _convert(folder, adapter, graph)
    core = ov.Core()
    hints = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"}
    return core.compile_model(core.read_model(graph), "CPU", hints)


def _convert(folder: Path, adapter: Path, graph: Path) -> Path:
    """Write the graph to its place, its description last, or elsewhere if that can't be written."""
    model = load_model(folder, adapter)
    size = model.bert.config.hidden_size
    half = torch.tensor([[1, 1, 1, 1, 0, 0, 0, 0]] * 2)
    example = (torch.zeros((2, 8, size)), half, 1 - half)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on transformers' own code
        converted = ov.convert_model(model, example_input=example)
    parent = folder if os.access(folder, os.W_OK) else None
    temporary = Path(tempfile.mkdtemp(prefix=".openvino-", dir=parent))
    ov.save_model(converted, temporary / graph.name, compress_to_fp16=True)
    if parent is None:
        return temporary / graph.name
    graph.parent.mkdir(exist_ok=True)
    weights = graph.with_suffix(".bin")
    (temporary / weights.name).replace(weights)
    (temporary / graph.name).replace(graph)
    temporary.rmdir()
    return graph
