"""Texts -> unit vectors, behind langchain-core's `Embeddings`.

sentence-transformers is the interface; on a CPU its first module is ours and runs the same
encoder through OpenVINO. One pass through the encoder gives a text's vector and, where there is
a head for the model, its tokens' vectors, which `rerank` compares. This file and `generate` own
torch and OpenVINO.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from rag_cs.errors import ModelError
from rag_cs.models.token_codes import TokenHead

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from tokenizers import Tokenizer

Engine = Literal["auto", "openvino", "torch"]
Side = Literal["query", "document"]

# Passages a batch. Larger batches gain nothing on 2 cores and make a shopper's query, which
# waits for the batch in progress, wait longer.
BATCH_SIZE = 16
QUERY_CACHE_SIZE = 512
# Token heads that come with the package, by the name of the embedder in the catalogue.
_HEADS = {"multilingual-e5-small": "late_interaction_e5_small.safetensors"}
# The same for sentences: see `training/sentence_head.py`.
SENTENCE_HEADS = {"multilingual-e5-small": "sentence_head_e5_small.safetensors"}

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]


class LocalEmbeddings(Embeddings):
    """A sentence-transformers folder as an embedder. Safe to share between threads.

    `dimensions` is the length of a vector, `max_tokens` what the model reads of a text, and
    `fingerprint` names model and weights, so that an index can tell whose vectors it holds.
    """

    def __init__(self, folder: Path, engine: Engine = "auto") -> None:
        self._model = _load(folder, engine)
        own = self._model.tokenizer
        self._tokenizer = own if _counts(own) else _counting_tokenizer(folder)
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 512)
        self.fingerprint = _fingerprint(folder)
        self._head = _token_head(self.fingerprint, _HEADS)
        if self._head:  # other codes can't be compared with this head's either
            self.fingerprint += f"+{self._head.fingerprint}"
        self._prompt_tokens = {side: self._count_prompt(side) for side in get_args(Side)}
        self._cached_query = lru_cache(QUERY_CACHE_SIZE)(self._encode_query)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector a passage, shape (len(texts), dimensions)."""
        if not texts:
            return []
        vectors: list[list[float]] = self._model.encode_document(
            texts, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
        ).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a query, shape (dimensions,). Recent queries are remembered."""
        vector: list[float] = self._cached_query(text)[0].tolist()
        return vector

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer; it sees whole texts."""
        return self._tokenizer

    @property
    def token_dimensions(self) -> int:
        """The length of a token's vector; 0 when there is no head for this model."""
        return self._head.dimensions if self._head else 0

    def passages(self, texts: list[str]) -> tuple[Floats, list[bytes]]:
        """(vectors, token codes) of passages, from one pass; no codes when there is no head.

        Vectors have shape (len(texts), dimensions), rows of length 1.
        """
        if self._head is None or not texts:
            return np.array(self.embed_documents(texts), np.float32), []
        vectors, states = self.states(texts, "document")
        return vectors, [self._head.encode(each) for each in states]

    def states(self, texts: list[str], side: Side) -> tuple[Floats, list[Floats]]:
        """(vectors, token states) of passages or queries; states have shape (tokens, hidden
        size), a text's own tokens alone."""
        encode = self._model.encode_query if side == "query" else self._model.encode_document
        outputs = encode(texts, batch_size=BATCH_SIZE, output_value=None, show_progress_bar=False)
        skipped = self._prompt_tokens[side]
        return _vectors(outputs), [_token_states(output, skipped) for output in outputs]

    def query_tokens(self, text: str) -> tuple[Floats, Floats]:
        """(vectors, weights) of a query's tokens: see `TokenHead.query`."""
        none = np.empty((0, 0), np.float32)
        return self._head.query(self.query_states(text)) if self._head else (none, none)

    def query_states(self, text: str) -> Floats:
        """A query's token states, shape (tokens, hidden size)."""
        states: Floats = self._cached_query(text)[1].astype(np.float32)
        return states

    def for_sentences(self) -> Sentences | None:
        """The same embedder with the head that tells which sentence answers; None when there is
        none for this model."""
        head = _token_head(self.fingerprint, SENTENCE_HEADS)
        return Sentences(self, head) if head else None

    def _encode_query(self, text: str) -> tuple[Floats, Halves]:
        vectors, states = self.states([text], "query")
        # A copy in float16, as the heads learned: up to 0.4 MB are kept of a long query.
        return vectors[0], states[0].astype(np.float16)

    def _count_prompt(self, side: Side) -> int:
        """The number of tokens in front of a text: the opening one and the prompt's."""
        prompts = self._model.prompts
        prompt = prompts.get(side) or (prompts.get("passage") if side == "document" else "") or ""
        # A space at the prompt's end becomes part of the text's first token.
        return 1 + self.count_tokens([prompt.rstrip()])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, special tokens not counted."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]


class Sentences:
    """An embedder whose tokens are seen through another head than that of its index: what
    `rerank.SentenceReader` reads with."""

    def __init__(self, embeddings: LocalEmbeddings, head: TokenHead) -> None:
        self._embeddings = embeddings
        self._head = head
        self.token_dimensions = head.dimensions

    def passages(self, texts: list[str]) -> tuple[Floats, list[bytes]]:
        """As `LocalEmbeddings.passages`, of at least one text."""
        vectors, states = self._embeddings.states(texts, "document")
        return vectors, [self._head.encode(each) for each in states]

    def query_tokens(self, text: str) -> tuple[Floats, Floats]:
        """As `LocalEmbeddings.query_tokens`."""
        return self._head.query(self._embeddings.query_states(text))

    def embed_query(self, text: str) -> list[float]:
        """As `LocalEmbeddings.embed_query`."""
        return self._embeddings.embed_query(text)


def _token_states(output: Any, skipped: int) -> Floats:
    """A text's own tokens: without the prompt, the closing token, and the padding."""
    count = int(output["attention_mask"].sum())
    # A text without a token of its own (a space) keeps what there is.
    states = output["token_embeddings"][: max(count, 1)]
    states = states[skipped : count - 1] if count > skipped + 1 else states[-1:]
    array: Floats = states.float().numpy()
    return array


def _vectors(outputs: Sequence[Any]) -> Floats:
    rows: Floats = np.stack([output["sentence_embedding"].float().numpy() for output in outputs])
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _token_head(fingerprint: str, heads: Mapping[str, str]) -> TokenHead | None:
    name = heads.get(fingerprint.split("@")[0])
    return TokenHead.load(Path(__file__).parent / "models" / name) if name else None


def _load(folder: Path, engine: Engine) -> SentenceTransformer:
    try:
        import torch
        from sentence_transformers import SentenceTransformer

        if engine == "auto":
            fits = _is_bert(folder) and not torch.cuda.is_available()
            engine = "openvino" if fits else "torch"
        if engine == "openvino":
            return _load_openvino(folder)
        return SentenceTransformer(str(folder), local_files_only=True)
    except Exception as error:
        raise ModelError(
            f"The embedding model in folder {folder.name!r} can't be loaded ({error}). "
            "Delete that folder and run `rag-cs models fetch` again."
        ) from error


def load_cross_encoder(folder: Path) -> CrossEncoder:
    """A sentence-transformers cross-encoder. Raises ModelError."""
    try:
        from sentence_transformers import CrossEncoder

        return CrossEncoder(str(folder), local_files_only=True)
    except Exception as error:
        raise ModelError(
            f"The reranker in folder {folder.name!r} can't be loaded ({error}). Name another one, "
            "or set the reranker to 'late-interaction'."
        ) from error


def _counts(tokenizer: object) -> bool:
    """Whether a tokenizer sees whole texts, as the OpenVINO module's does."""
    from tokenizers import Tokenizer

    return isinstance(tokenizer, Tokenizer) and tokenizer.truncation is None


def _counting_tokenizer(folder: Path) -> Tokenizer:
    """The model's own tokenizer, but one that sees whole texts."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _load_openvino(folder: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    from rag_cs.models.openvino_encoder import OpenVINOEncoder

    config = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))
    pooling = Pooling.load(str(folder), subfolder="1_Pooling", local_files_only=True)
    modules = [OpenVINOEncoder(folder), pooling, Normalize()]
    return SentenceTransformer(modules=modules, prompts=config.get("prompts"), device="cpu")


def _is_bert(folder: Path) -> bool:
    """Whether the encoder is of the one family that `OpenVINOEncoder` runs."""
    config = folder / "config.json"
    return config.is_file() and json.loads(config.read_text("utf-8")).get("model_type") == "bert"


def _fingerprint(folder: Path) -> str:
    """The model's name, if its folder states one, and a hash of its weights' sizes and first
    MiB. The folder's own name doesn't count: it may be moved."""
    digest = hashlib.sha256()
    manifest = folder / "rag-cs.json"
    name = json.loads(manifest.read_text("utf-8"))["name"] if manifest.is_file() else "local"
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(str(path.stat().st_size).encode() + file.read(1 << 20))
    return f"{name}@{digest.hexdigest()[:12]}"
