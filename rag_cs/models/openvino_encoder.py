"""A BERT encoder as a sentence-transformers module that runs through OpenVINO.

The graph is made from the torch model once and kept beside the weights, so that later starts
never build the torch model. Only `embed` imports this file.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openvino as ov
import torch
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class OpenVINOEncoder(InputModule):  # type: ignore[misc]
    """Texts -> `token_embeddings`, shape (texts, tokens, hidden size), in bfloat16 arithmetic.

    bfloat16 keeps a cosine of 0.9999 with float32 and doubles the speed on processors that
    have it; on others OpenVINO ignores the hint.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.max_seq_length = _max_tokens(folder)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # It sees whole texts, so that it can count them as well: a second one takes 300 MB.
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        config = json.loads((folder / "config.json").read_text("utf-8"))
        self._hidden_size: int = config["hidden_size"]
        self._compiled = _compile(folder)
        self._requests = threading.local()

    def get_embedding_dimension(self) -> int:
        """The hidden size."""
        return self._hidden_size

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **_: Any
    ) -> dict[str, torch.Tensor]:
        """Token ids and mask, shape (texts, longest text's tokens)."""
        texts = [(prompt or "") + text for text in inputs]
        rows = [self._cut(each.ids) for each in self.tokenizer.encode_batch_fast(texts)]
        width = max(map(len, rows))
        ids = torch.zeros((len(texts), width), dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        return {"input_ids": ids, "attention_mask": mask}

    def _cut(self, ids: list[int]) -> list[int]:
        """The tokens that the model reads, the closing one kept."""
        limit = self.max_seq_length
        return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add `token_embeddings` to the features."""
        ids, mask = features["input_ids"], features["attention_mask"]
        request = self._request()
        inputs = (ids, mask, torch.zeros_like(ids))
        request.infer(dict(zip(_INPUTS, (tensor.numpy() for tensor in inputs), strict=True)))
        features["token_embeddings"] = torch.from_numpy(request.get_output_tensor(0).data.copy())
        return features

    def _request(self) -> ov.InferRequest:
        """This thread's own request: one shared by threads would refuse the second."""
        if not hasattr(self._requests, "value"):
            self._requests.value = self._compiled.create_infer_request()
        return self._requests.value

    def save(self, *_: Any, **__: Any) -> None:
        """Not offered: the folder it was read from is the saved form."""
        raise TypeError("an OpenVINO encoder is a copy; keep the folder it was made from")


def _max_tokens(folder: Path) -> int:
    config = folder / "sentence_bert_config.json"
    limit = (
        json.loads(config.read_text("utf-8")).get("max_seq_length") if config.is_file() else None
    )
    return int(limit or 512)


def _compile(folder: Path) -> ov.CompiledModel:
    core = ov.Core()
    graph = folder / "openvino" / "encoder.xml"
    if not graph.is_file():
        graph = _convert(folder, graph)
    hints = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"}
    return core.compile_model(core.read_model(graph), "CPU", hints)


def _convert(folder: Path, graph: Path) -> Path:
    """Write the graph to its place in one rename, or elsewhere if the folder can't be written."""
    from transformers import BertModel, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    model = BertModel.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", add_pooling_layer=False
    ).eval()
    example = {name: torch.ones((2, 8), dtype=torch.int64) for name in _INPUTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on transformers' own code
        converted = ov.convert_model(model, example_input=example)
    parent = folder if os.access(folder, os.W_OK) else None
    temporary = Path(tempfile.mkdtemp(prefix=".openvino-", dir=parent))
    ov.save_model(converted, temporary / graph.name, compress_to_fp16=True)
    if parent is None:
        return temporary / graph.name
    try:
        temporary.rename(graph.parent)
    except OSError:  # another process was first
        return graph if graph.is_file() else temporary / graph.name
    return graph
