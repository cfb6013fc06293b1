"""The cross-encoder that judges whether a passage answers a question: its network, its inputs,
and its adapter on disk. `answer_reader` runs it; `training/answerability.py` made it.

It is the embedder's own encoder with a low-rank adapter (LoRA: Hu et al., 2021,
arXiv:2106.09685) merged into it, read over question and passage together, with two heads: one
says whether the passage answers, one which of its tokens do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from tokenizers import Tokenizer

Floats = npt.NDArray[np.float32]

# Tokens of a question, conversation included, and of question and passage together.
QUESTION_TOKENS = 96
MAX_TOKENS = 416
# Matrices of every layer that the adapter changes, with their names in BertModel.
ADAPTED = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage as the network reads them.

    `offsets` are the (start, end) of each passage token in the passage, `first` the position of
    the first of them among `ids`.
    """

    ids: tuple[int, ...]
    first: int
    offsets: tuple[tuple[int, int], ...]


def encode_pair(
    tokenizer: Tokenizer, question: str, passage: str, max_tokens: int = MAX_TOKENS
) -> Pair:
    """`<s> query: question </s> passage: passage </s>`, cut at the limits."""
    asked, read = tokenizer.encode_batch_fast([f"query: {question}", "passage: "])
    opening, closing = asked.ids[0], asked.ids[-1]
    head = [opening, *asked.ids[1:-1][:QUESTION_TOKENS], closing, *read.ids[1:-1]]
    body = tokenizer.encode(passage, add_special_tokens=False)
    room = max_tokens - len(head) - 1
    ids = (*head, *body.ids[:room], closing)
    return Pair(ids, len(head), tuple(body.offsets[:room]))


class AnswerModel(torch.nn.Module):
    """The encoder with its heads. Word vectors go in, so that those of the embedder serve both.

    The heads see how alike question and passage are, not only what they say: without these
    products nothing was learned in 250 steps. See the log, "The answer reader".
    """

    def __init__(self, bert: Any) -> None:
        super().__init__()
        self.bert = bert
        size: int = bert.config.hidden_size
        self.answers = torch.nn.Linear(4 * size, 1)
        self.tokens = torch.nn.Linear(2 * size, 1)

    def forward(
        self, vectors: torch.Tensor, asked: torch.Tensor, read: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(logits of "this passage answers", shape (pairs,); of each token, (pairs, tokens)).

        `vectors` has shape (pairs, tokens, hidden size); `asked` and `read`, (pairs, tokens), are 1
        at the question's tokens and at the passage's.
        """
        states = self.bert(inputs_embeds=vectors, attention_mask=asked + read).last_hidden_state
        question, passage = _mean(states, asked), _mean(states, read)
        whole = torch.cat([states[:, 0], question, passage, _alike(question, passage)], dim=-1)
        each = torch.cat([states, _alike(states, question.unsqueeze(1))], dim=-1)
        return self.answers(whole).squeeze(-1), self.tokens(each).squeeze(-1)


def _mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    chosen = mask.unsqueeze(-1).to(states.dtype)
    return (states * chosen).sum(1) / chosen.sum(1)


def _alike(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The summands of the cosine, brought to the size of the states."""
    products = torch.nn.functional.normalize(one, dim=-1) * torch.nn.functional.normalize(
        other, dim=-1
    )
    return products * one.shape[-1]


class WordVectors:
    """The embedder's word vectors, read from its file as they are needed: a copy in memory would
    take 400 MB."""

    def __init__(self, folder: Path) -> None:
        file = folder / "model.safetensors"
        with safe_open(file, "np") as tensors:
            rows, size = tensors.get_slice(_WORDS).get_shape()
        self._rows = np.memmap(
            file, "<f4", "r", offset=_offset_of(file, _WORDS), shape=(rows, size)
        )

    def of(self, ids: npt.NDArray[np.int64]) -> Floats:
        """The vectors of token ids, shape (*ids.shape, hidden size)."""
        return np.asarray(self._rows[ids])


def _offset_of(file: Path, name: str) -> int:
    """Where a tensor's bytes begin: 8 bytes hold the header's length, then comes the header."""
    import json

    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    if header[name]["dtype"] != "F32":
        raise ValueError(f"{name} is {header[name]['dtype']}; F32 is needed")
    return 8 + length + int(header[name]["data_offsets"][0])


def load_bert(folder: Path, attention: str = "eager") -> Any:
    """The embedder's encoder as a torch module, in float32, without dropout."""
    from transformers import BertModel, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return BertModel.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation=attention,
        add_pooling_layer=False,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def load_model(folder: Path, adapter: Path, attention: str = "eager") -> AnswerModel:
    """The network with the adapter's weights merged into it."""
    tensors = load_file(adapter)
    model = AnswerModel(load_bert(folder, attention))
    merge(model.bert, tensors)
    heads = {
        name: tensor.float() for name, tensor in tensors.items() if not name.startswith("bert.")
    }
    model.load_state_dict(heads, strict=False)
    return model.eval()


def merge(bert: Any, tensors: Mapping[str, torch.Tensor]) -> None:
    """Add each matrix its change, B · A, and each vector its own."""
    weights = dict(bert.named_parameters())
    with torch.no_grad():
        for name, tensor in tensors.items():
            changed = name.removeprefix("bert.")
            if name.endswith(".A"):
                up = tensors[f"{name.removesuffix('.A')}.B"]
                weights[f"{changed.removesuffix('.A')}.weight"] += up.float() @ tensor.float()
            elif name.endswith(".change"):
                weights[changed.removesuffix(".change")] += tensor.float()


def pad(pairs: Sequence[Pair], padding: int = 1) -> tuple[npt.NDArray[np.int64], ...]:
    """(ids, asked, read) of pairs, shape (pairs, longest pair's tokens): the masks are 1 at the
    question's tokens, and at the passage's with the signs around it."""
    width = max(len(pair.ids) for pair in pairs)
    ids = np.full((len(pairs), width), padding, np.int64)
    asked, read = np.zeros_like(ids), np.zeros_like(ids)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)] = pair.ids
        asked[row, : pair.first] = 1
        read[row, pair.first : len(pair.ids)] = 1
    return ids, asked, read
