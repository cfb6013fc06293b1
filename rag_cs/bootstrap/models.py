"""Settings -> the models that they name, and what is made of these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag_cs.answerable import Judge
from rag_cs.calibration import Calibration
from rag_cs.crossing import Crossing
from rag_cs.hosts import leads_here
from rag_cs.models.catalogue import find
from rag_cs.rerank import CrossEncoderReranker, LateInteraction, SentenceReader, TokenEncoder
from rag_cs.retrieve import Reranker, Retriever, Weights
from rag_cs.settings import Settings
from rag_cs.weights import default_cache, resolve

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

    from rag_cs.embed import LocalEmbeddings
    from rag_cs.index.base import ChunkIndex

_TRAINED = Path(__file__).parent.parent / "models"
# What comes with the package for an embedder, by its name in the catalogue: the answer reader's
# adapter, and the calibration of what it says.
JUDGES = {
    "multilingual-e5-small": ("answer_reader_e5_small.safetensors", "answerable_e5_small.json")
}


def models_folder(settings: Settings) -> Path:
    """Where fetched models are kept."""
    return settings.storage.models or default_cache()


def load_embeddings(settings: Settings) -> LocalEmbeddings:
    """The embedder that the settings name."""
    from rag_cs.embed import LocalEmbeddings

    folder = resolve(settings.embedding.model, cache=models_folder(settings))
    return LocalEmbeddings(folder, settings.embedding.engine)


def load_reranker(settings: Settings, embeddings: LocalEmbeddings) -> Reranker | None:
    """The reranker that the settings name: of the embedder's own token vectors, or a
    cross-encoder."""
    chosen = settings.retrieval.reranker
    if chosen == "none":
        return None
    if chosen == "late-interaction":
        tells = isinstance(embeddings, TokenEncoder) and embeddings.token_dimensions
        return LateInteraction(embeddings) if tells else None
    from rag_cs.embed import load_cross_encoder

    return CrossEncoderReranker(load_cross_encoder(resolve(chosen, cache=models_folder(settings))))


def load_judge(settings: Settings, embeddings: LocalEmbeddings) -> Judge | None:
    """The judge of what passages answer; None for an embedder that it wasn't made for."""
    files = JUDGES.get(embeddings.fingerprint.split("@")[0])
    late = settings.retrieval.reranker == "late-interaction"
    if files is None or not late:  # its signals are those of the default retrieval
        return None
    from rag_cs.models.answer_reader import OpenVINOAnswerReader

    adapter, calibration = (_TRAINED / name for name in files)
    folder = resolve(settings.embedding.model, cache=models_folder(settings))
    reader = OpenVINOAnswerReader(folder, adapter, embeddings.tokenizer)
    return Judge(
        Calibration.load(calibration),
        settings.answering.max_risk,
        reader,
        load_finder(embeddings),
        hears=is_trained(settings),
    )


def load_finder(embeddings: LocalEmbeddings) -> SentenceReader | None:
    """What tells which sentence answers; None for an embedder that has no head for it."""
    sentences = embeddings.for_sentences()
    return SentenceReader(sentences) if sentences else None


def is_trained(settings: Settings) -> bool:
    """Whether the generator learned to say first whether the passages answer."""
    entry = find(settings.generation.model)
    return not settings.generation.base_url and bool(entry and entry.adapter)


def make_retriever(
    settings: Settings,
    index: ChunkIndex,
    embeddings: Embeddings,
    reranker: Reranker | None,
    crossing: Crossing,
) -> Retriever:
    """The retriever of an index, weighted as the settings say."""
    chosen = settings.retrieval
    weights = Weights(chosen.dense_weight, chosen.lexical_weight, chosen.reranked_weight)
    return Retriever(index, embeddings, reranker, weights, chosen.candidates, crossing=crossing)


def load_chat(settings: Settings) -> BaseChatModel:
    """The generator that the settings name, here or at an OpenAI-compatible server. One on another
    machine receives no personal data."""
    from rag_cs.generate import load_chat_model, openai_chat_model

    chosen = settings.generation
    if chosen.base_url:
        from rag_cs.generators.masked import MaskedChatModel

        key = chosen.api_key.get_secret_value() if chosen.api_key else None
        server = openai_chat_model(
            chosen.base_url,
            chosen.model,
            key,
            timeout_seconds=chosen.timeout_seconds,
            max_tokens=chosen.max_tokens,
        )
        trusted = leads_here(chosen.base_url) and not settings.privacy.mask_loopback
        return server if trusted else MaskedChatModel(inner=server)
    folder = resolve(chosen.model, cache=models_folder(settings))
    return load_chat_model(
        folder, chosen.engine, max_tokens=chosen.max_tokens, max_waiting=chosen.max_waiting
    )
