"""Chat models by where they are: a local folder or file, or the address of a model server.

Everything is a langchain-core `BaseChatModel`, so any other one plugs in as well. Knows which
engine suits this machine. Doesn't know prompts, passages or answers.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rag_cs.errors import InvalidInput, ModelError

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

EngineName = Literal["auto", "openvino", "transformers"]


def load_chat_model(
    location: str | Path,
    engine: EngineName = "auto",
    *,
    model: str = "",
    api_key: str | None = None,
    max_tokens: int = 512,
    context_tokens: int = 4096,
    max_waiting: int = 32,
    threads: int | None = None,
    wait_seconds: float | None = 120.0,
) -> BaseChatModel:
    """A chat model for a GGUF file, a model folder, or a server's base URL (http or https).

    `engine` "auto" is OpenVINO on a CPU, transformers where there is CUDA, where OpenVINO isn't
    installed, or where the folder holds nothing that it reads. `model` and `api_key` are for
    servers. `threads` and `wait_seconds` are OpenVINO's: the latter None returns while the model
    still loads. Raises InvalidInput for an unknown engine, ModelError for what can't be loaded.
    """
    if str(location).startswith(("http://", "https://")):
        return openai_chat_model(str(location), model, api_key, max_tokens=max_tokens)
    path = Path(location).expanduser()
    if not path.exists():
        raise ModelError(f"There is no chat model at {path}; fetch it or name another folder.")
    if _resolve(engine, path) == "openvino":
        from rag_cs.generators.openvino import OpenVINOChatModel, OpenVINOOptions

        options = OpenVINOOptions(
            threads=threads, context_tokens=context_tokens, max_waiting=max_waiting
        )
        return OpenVINOChatModel.load(
            path, options, wait_seconds=wait_seconds, max_tokens=max_tokens
        )
    from rag_cs.generators.transformers import TransformersChatModel

    return TransformersChatModel.load(
        path, context_tokens=context_tokens, max_waiting=max_waiting, max_tokens=max_tokens
    )


def openai_chat_model(
    base_url: str,
    model: str,
    api_key: str | None = None,
    *,
    timeout_seconds: float = 60.0,
    max_tokens: int = 512,
) -> BaseChatModel:
    """A model behind any server with OpenAI's chat completions, greedy. Servers on one's own
    machine need no key. Its failures are ModelError, a full server's Busy. Raises InvalidInput
    for an address or a name that is missing."""
    if not base_url.startswith(("http://", "https://")):
        raise InvalidInput(f"{base_url!r} is no address of a model server; write http://… .")
    if not model:
        raise InvalidInput(f"Name the model that the server at {base_url} is to use.")
    from rag_cs.generators.openai import OpenAICompatibleChatModel

    return OpenAICompatibleChatModel.at(
        base_url, model, api_key, timeout_seconds=timeout_seconds, max_tokens=max_tokens
    )


def choose_engine(
    *, readable_by_openvino: bool, has_openvino: bool, has_cuda: bool
) -> Literal["openvino", "transformers"]:
    """What "auto" means: OpenVINO when it can read the model and no CUDA is there."""
    if readable_by_openvino and has_openvino and not has_cuda:
        return "openvino"
    return "transformers"


def _resolve(engine: str, path: Path) -> str:
    if engine in ("openvino", "transformers"):
        return engine
    if engine != "auto":
        raise InvalidInput(f"There is no engine {engine!r}; use auto, openvino or transformers.")
    from rag_cs.generators.files import find_openvino_model
    from rag_cs.generators.transformers import has_cuda

    return choose_engine(
        readable_by_openvino=find_openvino_model(path) is not None,
        has_openvino=importlib.util.find_spec("openvino_genai") is not None,
        has_cuda=has_cuda(),
    )
