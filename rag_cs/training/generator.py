"""The recipe of the generator's adapter: examples in, low-rank changes of its matrices out.

The chat model of the catalogue learns to say first whether the passages answer, and then to answer
in their words (LoRA: Hu et al., 2021, arXiv:2106.09685). Its own weights stay frozen; they are
read from the GGUF file that answers in the shop, so that what is learned fits what will run.
`models/gguf.py` merges the adapter into that file. Training keeps checkpoints, so that
it goes on where it was stopped.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    Trainer,
    TrainingArguments,
)

from rag_cs.models.adapter import Change, gguf_name, load_changes, save_changes
from rag_cs.training.by_length import ByLength
from rag_cs.training.reply_examples import Example

log = logging.getLogger(__name__)

# The first layers of the model stay as they are: half the way back is saved.
FROZEN = 0.4
RANK = 8
ALPHA = 16
LEARNING_RATE = 4e-4
BATCH = 4
ACCUMULATED = 4
EPOCHS = 1
SAVE_EVERY = 25
MAX_TOKENS = 768
# The verdict is one token beside some thirty of an answer, and what matters most.
VERDICT_WEIGHT = 4.0
ADAPTED = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_IGNORED = -100
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class _Encoded(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Token ids of prompt and reply; `prompt` is the number of those that aren't learned."""

    def __init__(self, examples: Sequence[Example], tokenizer: Any) -> None:
        self.items: list[dict[str, Any]] = []
        for example in examples:
            messages = [{"role": _ROLES[role], "content": text} for role, text in example.messages]
            prompt = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
            ids = tokenizer(prompt, add_special_tokens=False).input_ids
            reply = tokenizer(
                f"{example.reply}{tokenizer.eos_token}", add_special_tokens=False
            ).input_ids
            if len(ids) + len(reply) <= MAX_TOKENS:
                self.items.append({"ids": [*ids, *reply], "prompt": len(ids)})

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> dict[str, Any]:
        return self.items[position]


def _collate(rows: Sequence[dict[str, Any]], padding: int) -> dict[str, torch.Tensor]:
    width = max(len(row["ids"]) for row in rows)
    ids = torch.full((len(rows), width), padding)
    labels = torch.full((len(rows), width), _IGNORED)
    weights = torch.zeros((len(rows), width))
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for number, row in enumerate(rows):
        size, prompt = len(row["ids"]), row["prompt"]
        ids[number, :size] = torch.tensor(row["ids"])
        labels[number, prompt:size] = ids[number, prompt:size]
        weights[number, prompt:size] = 1 / (size - prompt)
        weights[number, prompt] = VERDICT_WEIGHT
        mask[number, :size] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, "weights": weights}


class _Learner(torch.nn.Module):
    """The language model with its weighted loss. Logits are computed only where something is
    learned: a vocabulary of 150,000 makes those of a whole prompt the greatest cost of all."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        weights: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        base = self.model.get_base_model()
        states = base.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        learned = labels[:, 1:] != _IGNORED
        logits = base.lm_head(states[:, :-1][learned]).float()
        each = torch.nn.functional.cross_entropy(logits, labels[:, 1:][learned], reduction="none")
        weight = weights[:, 1:][learned]
        return {"loss": (each * weight).sum() / weight.sum()}


class _Trainer(Trainer):  # type: ignore[misc]
    def _get_train_sampler(self, dataset: Any = None) -> Any:
        lengths = [len(item["ids"]) for item in (dataset or self.train_dataset).items]
        return ByLength(lengths, BATCH, self.args.seed)


def load_generator(gguf: Path) -> tuple[Any, Any]:
    """(model, tokenizer) of a GGUF file; in bfloat16 where the processor multiplies that fast,
    which takes others a hundred times as long as float32."""
    fast = torch.cuda.is_available() or torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001
    place = {"gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16 if fast else torch.float32,
        **place,
    )
    return model, AutoTokenizer.from_pretrained(gguf.parent, **place)


def adapt(model: Any) -> Any:
    """The model with low-rank changes that can learn, all else frozen."""
    layers = model.config.num_hidden_layers
    config = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=0.0,
        target_modules=list(ADAPTED),
        layers_to_transform=list(range(round(layers * FROZEN), layers)),
        bias="none",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in an older way
        # In the model's own type: another one's casts took a third of the time.
        return get_peft_model(model, config, autocast_adapter_dtype=False)


def train(
    examples: Sequence[Example],
    gguf: Path,
    out: Path,
    checkpoints: Path,
    *,
    seed: int = 0,
    epochs: float = EPOCHS,
    max_steps: int = -1,
    learning_rate: float = LEARNING_RATE,
    start: Path | None = None,
) -> None:
    """Learn from `examples`, starting at the model in `gguf` with what the adapter `start` holds,
    if it is given, and write the adapter to `out`.

    Goes on from the last checkpoint in `checkpoints`, if there is one.
    """
    torch.manual_seed(seed)
    model, tokenizer = load_generator(gguf)
    learner = _Learner(adapt(model))
    if start:
        _take(learner.model, load_changes(start))
    learner.model.print_trainable_parameters()
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=BATCH,
        gradient_accumulation_steps=ACCUMULATED,
        num_train_epochs=epochs,
        max_steps=max_steps,
        learning_rate=learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=20,
        use_cpu=not torch.cuda.is_available(),
        save_steps=SAVE_EVERY,
        save_total_limit=2,
        logging_steps=5,
        remove_unused_columns=False,
        report_to=[],
        seed=seed,
        disable_tqdm=True,
    )
    padding = tokenizer.pad_token_id or 0
    trainer = _Trainer(
        learner, arguments, lambda rows: _collate(rows, padding), _Encoded(examples, tokenizer)
    )
    trainer.train(resume_from_checkpoint=any(checkpoints.glob("checkpoint-*")))
    save_changes(_changes(learner.model), out)


def _take(model: Any, changes: Mapping[str, Change]) -> None:
    """Begin where another adapter ended."""
    for name, module in model.get_base_model().named_modules():
        if hasattr(module, "lora_A") and "default" in module.lora_A:
            change = changes[gguf_name(name)]
            with torch.no_grad():
                module.lora_A["default"].weight.copy_(torch.from_numpy(change.down))
                module.lora_B["default"].weight.copy_(torch.from_numpy(change.up * RANK / ALPHA))


def _changes(model: Any) -> dict[str, Change]:
    """What each matrix learned, by its name in the model."""
    found: dict[str, Change] = {}
    for name, module in model.get_base_model().named_modules():
        if hasattr(module, "lora_A") and "default" in module.lora_A:
            down = module.lora_A["default"].weight.detach().float().numpy()
            up = module.lora_B["default"].weight.detach().float().numpy()
            found[name] = Change(np.asarray(up * ALPHA / RANK), np.asarray(down))
    return found
