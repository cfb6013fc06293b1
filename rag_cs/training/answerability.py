"""The recipe of the answer reader: pairs in, a LoRA adapter with two heads of a few megabytes out.

The embedder's encoder learns to read question and passage together (`models/answer_model.py`):
whether the passage answers, and which of its tokens do. All layers learn, the embeddings stay
frozen; what each matrix learned is then brought to a low rank. Learning in the low rank from the
start took too many steps (see the log, "The answer reader"). Training keeps checkpoints, so that
it goes on where it was stopped.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import Trainer, TrainingArguments

from rag_cs.models.answer_model import (
    ADAPTED,
    QUESTION_TOKENS,
    AnswerModel,
    Pair,
    encode_pair,
    load_bert,
    load_model,
    pad,
)
from rag_cs.training.answer_pairs import AnswerPair
from rag_cs.training.by_length import ByLength

log = logging.getLogger(__name__)

RANK = 32
LEARNING_RATE = 1e-4
# The heads begin at nothing.
HEADS_RATE = 1e-3
BATCH = 16
EPOCHS = 1
SAVE_EVERY = 200
# Pairs are cut to one of these lengths while learning, and keep what answers: time grows with
# length.
LENGTHS = (112, 144, 208)
# What a token inside an answer counts, beside one outside: about one in ten is inside.
TOKEN_WEIGHT = 5.0
# What the loss of the tokens counts beside that of the passage.
TOKENS_SHARE = 0.5


class _Pairs(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Encoded pairs with their labels; `length` lets the trainer batch by length."""

    def __init__(self, pairs: Sequence[AnswerPair], tokenizer: Tokenizer, seed: int) -> None:
        chance = random.Random(seed)
        self.items: list[dict[str, Any]] = []
        for whole in pairs:
            most = chance.choice(LENGTHS)
            pair = window(tokenizer, whole, most, chance)
            row = encode_pair(tokenizer, pair.question, pair.passage, most)
            self.items.append(
                {"pair": row, "answers": pair.answers, "spans": pair.spans, "length": len(row.ids)}
            )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> dict[str, Any]:
        return self.items[position]


def window(
    tokenizer: Tokenizer, pair: AnswerPair, most_tokens: int, chance: random.Random
) -> AnswerPair:
    """The pair with a part of its passage that leaves room for the question: the part that
    answers, if that is known; the beginning, where it isn't; any, where nothing does."""
    asked = min(QUESTION_TOKENS, len(tokenizer.encode(pair.question).ids))
    offsets = tokenizer.encode(pair.passage, add_special_tokens=False).offsets
    room = most_tokens - asked - 8  # signs and prefixes
    if len(offsets) <= room or pair.spans is None:
        return pair
    latest = len(offsets) - room
    first, last = 0, latest
    if pair.spans:
        start, end = pair.spans[0]
        inside = [n for n, (left, right) in enumerate(offsets) if start < right and left < end]
        if not inside:
            return pair
        first = min(latest, max(0, inside[-1] + 1 - room))
        last = max(first, min(inside[0], latest))
    begin = chance.randint(first, last)
    left, right = offsets[begin][0], offsets[begin + room - 1][1]
    spans = [(start - left, end - left) for start, end in pair.spans]
    kept = tuple((start, end) for start, end in spans if end > 0 and start < right - left)
    return replace(pair, passage=pair.passage[left:right], spans=kept)


class _Trainer(Trainer):  # type: ignore[misc]
    """Trainer with batches of about equal length, which halves the padding, and a learning rate
    of its own for the heads."""

    def create_optimizer(self, model: Any = None) -> Any:
        del model  # one more way to name what is trained
        named = [(name, value) for name, value in self.model.named_parameters()
                 if value.requires_grad]  # fmt: skip
        heads = [value for name, value in named if ".bert." not in name]
        body = [value for name, value in named if ".bert." in name]
        groups: list[dict[str, Any]] = [{"params": body}, {"params": heads, "lr": HEADS_RATE}]
        self.optimizer = torch.optim.AdamW(groups, self.args.learning_rate, weight_decay=0.01)
        return self.optimizer

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        lengths = [item["length"] for item in (dataset or self.train_dataset).items]
        return ByLength(lengths, BATCH, self.args.seed)


class _Learner(torch.nn.Module):
    """`AnswerModel` with its loss, as the Trainer wants it."""

    def __init__(self, model: AnswerModel, words: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        # Not a part of this module: it is one of the encoder's, and would be saved twice.
        self._words = [words]

    def forward(
        self,
        ids: torch.Tensor,
        asked: torch.Tensor,
        read: torch.Tensor,
        answers: torch.Tensor,
        token_labels: torch.Tensor,
        token_weights: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            vectors = self._words[0](ids)
        passage, tokens = self.model(vectors, asked, read)
        whole = functional.binary_cross_entropy_with_logits(passage.float(), answers)
        each = functional.binary_cross_entropy_with_logits(
            tokens.float(), token_labels, weight=token_weights, reduction="sum"
        )
        loss = whole + TOKENS_SHARE * each / token_weights.sum().clamp(min=1)
        return {"loss": loss, "logits": passage}


def collate(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """A batch: ids and masks (pairs, tokens), the answers, and each token's label and weight, which
    is 0 outside the passage and where nobody knows."""
    ids, asked, read = pad([item["pair"] for item in items])
    labels, weights = np.zeros(ids.shape, np.float32), np.zeros(ids.shape, np.float32)
    for row, item in enumerate(items):
        if item["spans"] is None:
            continue
        pair: Pair = item["pair"]
        inside = [
            any(start < right and left < end for left, right in item["spans"])
            for start, end in pair.offsets
        ]
        place = slice(pair.first, pair.first + len(inside))
        labels[row, place] = inside
        weights[row, place] = np.where(inside, TOKEN_WEIGHT, 1.0)
    return {
        "ids": torch.from_numpy(ids),
        "asked": torch.from_numpy(asked),
        "read": torch.from_numpy(read),
        "answers": torch.tensor([float(item["answers"]) for item in items]),
        "token_labels": torch.from_numpy(labels),
        "token_weights": torch.from_numpy(weights),
    }


def train(
    pairs: Sequence[AnswerPair],
    folder: Path,
    out: Path,
    checkpoints: Path,
    *,
    seed: int = 0,
    max_steps: int = -1,
    start: Path | None = None,
) -> None:
    """Learn from `pairs`, starting at the embedder in `folder` with what the adapter `start` holds,
    if it is given, and write the adapter to `out`.

    Goes on from the last checkpoint in `checkpoints`, if there is one.
    """
    torch.manual_seed(seed)
    learner = _learner(folder, start)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=BATCH,
        num_train_epochs=EPOCHS,
        max_steps=max_steps,
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="linear",
        warmup_steps=60,
        bf16=True,
        use_cpu=not torch.cuda.is_available(),
        save_steps=SAVE_EVERY,
        save_total_limit=2,
        logging_steps=25,
        remove_unused_columns=False,
        report_to=[],
        seed=seed,
        disable_tqdm=True,
        label_names=["answers"],
    )
    trainer = _Trainer(learner, arguments, collate, _Pairs(pairs, tokenizer, seed))
    resumable = any(checkpoints.glob("checkpoint-*"))
    trainer.train(resume_from_checkpoint=resumable)
    save_adapter(learner.model, folder, out)


def _learner(folder: Path, start: Path | None) -> _Learner:
    # "sdpa" is twice as fast to train as eager attention.
    if start:
        model = load_model(folder, start, "sdpa").train()
    else:
        model = AnswerModel(load_bert(folder, "sdpa"))
    model.bert.embeddings.requires_grad_(False)
    return _Learner(model, model.bert.embeddings.word_embeddings)


def save_adapter(model: AnswerModel, folder: Path, out: Path, rank: int = RANK) -> None:
    """Write what the network learned beyond the embedder in `folder`, in float16: of each matrix
    the best approximation of that rank (Eckart and Young, 1936), the rest as it is, the heads."""
    before = dict(load_bert(folder).named_parameters())
    tensors: dict[str, torch.Tensor] = {}
    for name, value in model.bert.named_parameters():
        change = (value - before[name]).detach().float()
        if name.removesuffix(".weight").endswith(ADAPTED):
            left, sizes, right = torch.linalg.svd(change, full_matrices=False)
            root = sizes[:rank].sqrt()
            matrix = f"bert.{name.removesuffix('.weight')}"
            tensors[f"{matrix}.A"] = root[:, None] * right[:rank]
            tensors[f"{matrix}.B"] = left[:, :rank] * root
            kept = float((sizes[:rank] ** 2).sum() / (sizes**2).sum().clamp(min=1e-12))
            log.info("%s: %.0f%% of the change kept", name, 100 * kept)
        elif not name.startswith("embeddings."):
            tensors[f"bert.{name}.change"] = change
    heads = {name: value for name, value in model.state_dict().items() if "bert." not in name}
    halves = {name: value.half().contiguous() for name, value in (tensors | heads).items()}
    save_file(halves, out, {"rank": str(rank)})


def write_pairs(pairs: Sequence[AnswerPair], path: Path) -> None:
    """Keep pairs for a later run, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for pair in pairs:
            file.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")


def read_pairs(path: Path) -> list[AnswerPair]:
    """What `write_pairs` wrote."""
    pairs = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        spans = row.pop("spans")
        pairs.append(AnswerPair(**row, spans=None if spans is None else tuple(map(tuple, spans))))
    return pairs
