from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from rag_cs.models.answer_model import (
    MAX_TOKENS,
    QUESTION_TOKENS,
    AnswerModel,
    WordVectors,
    encode_pair,
    load_model,
    pad,
)
from rag_cs.models.answer_reader import OpenVINOAnswerReader
from rag_cs.training import answerability
from rag_cs.training.answer_pairs import AnswerPair
from rag_cs.training.answerability import (
    collate,
    read_pairs,
    save_adapter,
    train,
    window,
    write_pairs,
)

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "query:", "passage:", "yes", "no", "maybe", "what"]


def make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(
        models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An embedder of two layers, as `weights` would leave it."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=512,
        pad_token_id=1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    make_tokenizer().save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def trained(folder: Path) -> AnswerModel:
    """A network that differs from the embedder in every layer."""
    bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
    model = AnswerModel(bert).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for name, value in model.bert.named_parameters():
            if not name.startswith("embeddings."):
                value += torch.randn_like(value) * 0.1
    return model


def test_a_pair_is_question_then_passage() -> None:
    pair = encode_pair(make_tokenizer(), "what", "yes no")
    assert [WORDS[token] for token in pair.ids] == [
        "<s>", "query:", "what", "</s>", "passage:", "yes", "no", "</s>",
    ]  # fmt: skip
    assert pair.first == 5
    assert [("yes no")[start:end] for start, end in pair.offsets] == ["yes", "no"]


def test_long_questions_and_passages_are_cut() -> None:
    pair = encode_pair(make_tokenizer(), "what " * 200, "yes " * 900)
    assert len(pair.ids) == MAX_TOKENS
    assert pair.ids[-1] == 2
    assert pair.first == QUESTION_TOKENS + 3
    short = encode_pair(make_tokenizer(), "what", "yes " * 900, max_tokens=20)
    assert len(short.ids) == 20


def test_batches_are_padded_to_the_longest() -> None:
    pairs = [encode_pair(make_tokenizer(), "what", text) for text in ("yes", "yes no maybe")]
    ids, asked, read = pad(pairs)
    assert ids.shape == asked.shape == read.shape == (2, 9)
    assert asked.sum(1).tolist() == [5, 5]
    assert read.sum(1).tolist() == [2, 4]
    assert ids[0, 7:].tolist() == [1, 1]


def test_word_vectors_are_those_of_the_embedder(folder: Path) -> None:
    bert = BertModel.from_pretrained(folder, add_pooling_layer=False)
    ids = np.array([[0, 4, 9]])
    expected = bert.embeddings.word_embeddings(torch.from_numpy(ids)).detach().numpy()
    np.testing.assert_array_equal(WordVectors(folder).of(ids), expected)


def test_word_vectors_of_another_precision_are_refused(tmp_path: Path) -> None:
    name = "embeddings.word_embeddings.weight"
    save_file({name: np.zeros((4, 2), np.float16)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="F32"):
        WordVectors(tmp_path)


@pytest.mark.slow
def test_the_reader_says_what_the_trained_network_says(folder: Path, tmp_path: Path) -> None:
    model = trained(folder)
    file = tmp_path / "adapter.safetensors"
    save_adapter(model, folder, file)
    pair = encode_pair(make_tokenizer(), "what", "yes no maybe")
    ids, *masks = pad([pair])
    asked, read = map(torch.from_numpy, masks)
    vectors = torch.from_numpy(WordVectors(folder).of(ids))
    with torch.no_grad():
        answers, tokens = model(vectors, asked, read)
        merged, _ = load_model(folder, file)(vectors, asked, read)
    assert merged.item() == pytest.approx(answers.item(), abs=0.01)
    reader = OpenVINOAnswerReader(folder, file, make_tokenizer())
    (reading, other) = reader.read("what", ["yes no maybe", "no"])
    assert reading.answers == pytest.approx(answers.item(), abs=0.1)
    assert [(start, end) for start, end, _ in reading.tokens] == [(0, 3), (4, 6), (7, 12)]
    expected = tokens[0, pair.first : pair.first + 3].tolist()
    assert [logit for _, _, logit in reading.tokens] == pytest.approx(expected, abs=0.1)
    assert len(other.tokens) == 1
    assert reader.read("what", []) == []
    assert list((folder / "openvino").glob("answers-*.xml"))


@pytest.mark.slow
def test_training_learns_and_goes_on_from_a_checkpoint(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answerability, "SAVE_EVERY", 2)
    monkeypatch.setattr(answerability, "LEARNING_RATE", 1e-2)
    pairs = [
        AnswerPair("d", "what", "yes maybe", answers=True, spans=((0, 3),)),
        AnswerPair("d", "what", "no maybe", answers=False),
        AnswerPair("d", "what", "yes", answers=True, spans=None),
    ] * 16
    out, checkpoints = tmp_path / "out.safetensors", tmp_path / "checkpoints"
    train(pairs, folder, out, checkpoints, max_steps=2)
    assert (checkpoints / "checkpoint-2").is_dir()
    train(pairs, folder, out, checkpoints, max_steps=60)
    reader = OpenVINOAnswerReader(folder, out, make_tokenizer())
    yes, no = reader.read("what", ["yes maybe", "no maybe"])
    assert yes.answers > no.answers
    assert yes.tokens[0][2] > yes.tokens[1][2]
    # From an adapter on: without learning anything it stays what it is.
    monkeypatch.setattr(answerability, "LEARNING_RATE", 0.0)
    monkeypatch.setattr(answerability, "HEADS_RATE", 0.0)
    again = tmp_path / "again.safetensors"
    train(pairs, folder, again, tmp_path / "more", max_steps=1, start=out)
    (same,) = OpenVINOAnswerReader(folder, again, make_tokenizer()).read("what", ["yes maybe"])
    assert same.answers == pytest.approx(yes.answers, abs=0.1)


def test_an_adapter_of_low_rank_keeps_the_greatest_part_of_the_change(
    folder: Path, tmp_path: Path
) -> None:
    model = trained(folder)
    before = BertModel.from_pretrained(folder, add_pooling_layer=False)
    name = "encoder.layer.0.intermediate.dense.weight"
    change = (model.bert.state_dict()[name] - before.state_dict()[name]).detach()
    errors = []
    for rank in (1, 4, 16):
        file = tmp_path / f"{rank}.safetensors"
        save_adapter(model, folder, file, rank)
        merged = load_model(folder, file).bert.state_dict()[name] - before.state_dict()[name]
        errors.append(float((merged - change).norm() / change.norm()))
    assert 1 > errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.01


@given(
    before=st.integers(0, 60),
    after=st.integers(0, 60),
    most=st.integers(15, 60),
    answers=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_window_of_a_passage_keeps_what_answers(
    before: int, after: int, most: int, answers: bool, seed: int
) -> None:
    passage = "no " * before + "yes" + " maybe" * after
    spans = ((3 * before, 3 * before + 3),) if answers else ()
    whole = AnswerPair("d", "what", passage, answers, spans)
    cut = window(make_tokenizer(), whole, most, random.Random(seed))
    assert cut.passage in passage
    assert cut.answers is answers
    assert [cut.passage[start:end] for start, end in cut.spans or ()] == ["yes"] * answers
    pair = encode_pair(make_tokenizer(), cut.question, cut.passage, most)
    assert pair.offsets[-1][1] == len(cut.passage)  # nothing more is cut


def test_labels_are_of_the_passage_alone() -> None:
    pair = encode_pair(make_tokenizer(), "yes", "no yes")
    batch = collate([{"pair": pair, "answers": True, "spans": ((3, 6),)}])
    assert batch["token_labels"][0].nonzero().flatten().tolist() == [pair.first + 1]
    assert batch["token_weights"][0].nonzero().flatten().tolist() == [pair.first, pair.first + 1]
    unknown = collate([{"pair": pair, "answers": True, "spans": None}])
    assert not unknown["token_weights"].any()


def test_pairs_are_kept_in_a_file(tmp_path: Path) -> None:
    pairs = [
        AnswerPair("d", "问？", "答。", answers=True, spans=((0, 1), (1, 2))),
        AnswerPair("d", "q", "p", answers=True, spans=None),
        AnswerPair("d", "q", "p", answers=False),
    ]
    write_pairs(pairs, tmp_path / "pairs.jsonl")
    assert read_pairs(tmp_path / "pairs.jsonl") == pairs
