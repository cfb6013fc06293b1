from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from rag_cs.models.adapter import load_changes, save_changes
from rag_cs.training.by_length import ByLength
from rag_cs.training.generator import (
    VERDICT_WEIGHT,
    _changes,
    _collate,
    _Encoded,
    _Learner,
    _take,
    adapt,
)
from rag_cs.training.reply_examples import Example

EOS = "<end>"


class CharacterTokenizer:
    """A token a character; the chat template is the roles' names."""

    eos_token = EOS

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> str:
        return "".join(f"{each['role'][0]}{each['content']}" for each in messages)

    def __call__(self, text: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(input_ids=[ord(each) % 64 for each in text.replace(EOS, "$")])


def example(reply: str, asked: str = "ab?") -> Example:
    return Example("shop", (("system", "s"), ("human", asked)), reply)


@pytest.fixture(scope="module")
def learner() -> _Learner:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128,
        initializer_range=0.3,
    )  # fmt: skip
    return _Learner(adapt(Qwen2ForCausalLM(config)))


def test_only_the_reply_is_learned_and_the_verdict_counts_the_most() -> None:
    items = _Encoded([example("Yes\nok"), example("No", "a longer one?")], CharacterTokenizer())
    batch = _collate(items.items, padding=0)
    learned = batch["labels"] != -100
    assert learned.sum(dim=1).tolist() == [len("Yes\nok$"), len("No$")]
    assert batch["weights"][learned].max() == VERDICT_WEIGHT
    assert batch["weights"][~learned].abs().max() == 0
    assert batch["attention_mask"].sum(dim=1).tolist() == [len(each["ids"]) for each in items.items]


def test_what_is_too_long_is_left_out() -> None:
    assert len(_Encoded([example("Yes", "long " * 500)], CharacterTokenizer())) == 0


def test_a_few_steps_lower_the_loss_and_give_changes(learner: _Learner) -> None:
    items = _Encoded([example("Yes\nok"), example("No", "cd?")], CharacterTokenizer()).items
    batch = _collate(items, padding=0)
    trained = [value for value in learner.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(trained, 1e-2)
    losses = []
    for _ in range(40):
        loss = learner(**batch)["loss"]
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 1.2
    changes = _changes(learner.model)
    assert len(changes) == 7  # the first layer stays as it is
    assert all(name.startswith("model.layers.1.") for name in changes)
    assert max(abs(change.matrix).max() for change in changes.values()) > 0


def test_training_goes_on_where_another_adapter_ended(learner: _Learner, tmp_path: Path) -> None:
    with torch.no_grad():
        for name, value in learner.named_parameters():
            if "lora_B" in name:
                value.normal_()
    changes = _changes(learner.model)
    save_changes(changes, tmp_path / "a.safetensors")
    other = _Learner(adapt(Qwen2ForCausalLM(learner.model.config)))
    _take(other.model, load_changes(tmp_path / "a.safetensors"))
    for name, change in _changes(other.model).items():
        np.testing.assert_allclose(change.matrix, changes[name].matrix, atol=0.05)


def test_batches_are_of_like_length_and_hold_everything_once() -> None:
    order = list(ByLength([5, 900, 6, 905, 7, 910, 8, 915], batch=4, seed=1))
    assert sorted(order) == list(range(8))
    assert {position % 2 for position in order[:4]} in ({0}, {1})
