"""Every setting, typed, in the order of the stages. Only `bootstrap` reads it.

Each can be set in a TOML file, where a command takes one, and by an environment variable:
`RAG_CS_` and the path, its parts joined by two underscores, as in `RAG_CS_GENERATION__BASE_URL`.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from rag_cs.errors import InvalidInput

# Of environment variables, and between the parts of their names.
PREFIX = "RAG_CS_"
NESTED = "__"


class _Section(BaseModel):
    """A part of the settings; a key that it doesn't know is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class ReadingSettings(_Section):
    """How much of one file is read; what goes beyond is refused. Time is a processor's."""

    max_characters: int = Field(default=10_000_000, ge=1)
    max_pages: int = Field(default=2_000, ge=1)
    max_scanned_pages: int = Field(default=200, ge=0)
    max_rows: int = Field(default=100_000, ge=1, description="of one sheet")
    max_chunks: int = Field(default=100_000, ge=1, description="embedding takes 0.02 s for each")
    max_seconds: float = Field(
        default=7.5, gt=0, description="pages of a PDF and lines of a scan earn more"
    )
    max_memory_bytes: int = Field(default=900_000_000, ge=100_000_000)


class EmbeddingSettings(_Section):
    """Which embedder, and how it runs."""

    model: str = Field(
        default="multilingual-e5-small", description="catalogue name, folder or hub name"
    )
    engine: Literal["auto", "openvino", "torch"] = "auto"


class RetrievalSettings(_Section):
    """How hits are found and ordered. The weights' ratios matter, not their sum."""

    reranker: str = Field(
        default="late-interaction",
        description="late-interaction, none, or a cross-encoder's folder or hub name",
    )
    dense_weight: float = Field(default=0.3, ge=0)
    lexical_weight: float = Field(default=0.12, ge=0)
    reranked_weight: float = Field(default=0.55, ge=0)
    candidates: int = Field(default=50, ge=1, le=1000, description="offered by each half")


class AnsweringSettings(_Section):
    """What an answer must be worth."""

    max_risk: float = Field(
        default=0.25, ge=0, le=1, description="share of answers that may be wrong, at the most"
    )


class GenerationSettings(_Section):
    """Which generator, and how it runs. A base URL means an OpenAI-compatible server."""

    model: str = Field(default="shop-qwen-0.5b", description="as for the embedder")
    engine: Literal["auto", "openvino", "transformers"] = "auto"
    base_url: str = ""
    api_key: SecretStr | None = None
    max_tokens: int = Field(default=160, ge=8, le=4096)
    timeout_seconds: float = Field(default=60.0, gt=0)
    max_waiting: int = Field(
        default=184, ge=0, description="prompts, three an answer, besides the 8 being written"
    )


class PrivacySettings(_Section):
    """What is kept of what shoppers say, and who gets to see it."""

    retention_days: int = Field(
        default=90, ge=0, description="of stores that state nothing else; 0 keeps no conversation"
    )
    restorable_minutes: float = Field(
        default=60.0, gt=0, description="for which a conversation's placeholders can be restored"
    )
    mask_loopback: bool = Field(
        default=False, description="mask for a model server on this machine too"
    )


class StorageSettings(_Section):
    """Where stores and models are kept."""

    indexes: Path = Path("indexes")
    models: Path | None = Field(default=None, description="default: the user's cache folder")


class ServerSettings(_Section):
    """How the HTTP server listens and what it takes."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_upload_bytes: int = Field(default=50_000_000, ge=1)
    requests_per_minute: int = Field(
        default=300, ge=1, description="of one key; of a shopper's key, of one address"
    )
    failures_per_minute: int = Field(
        default=30, ge=1, description="requests of one address without a key that works"
    )
    trusted_proxies: str = Field(
        default="127.0.0.1", description="whose X-Forwarded-For is believed, comma-separated"
    )
    # Beyond these the server says 503 at once. Two cores write an answer a second.
    concurrent_requests: int = Field(default=512, ge=1)
    concurrent_answers: int = Field(default=64, ge=1)
    concurrent_searches: int = Field(default=64, ge=1)
    threads: int = Field(default=16, ge=2, description="that search and read for requests")
    head_seconds: float = Field(default=10.0, gt=0, description="until a request's head is there")
    body_seconds: float = Field(
        default=30.0,
        gt=0,
        description="until a request's body is there, or a piece of the answer taken; each 20 kB "
        "of a body buy a second more",
    )
    answer_seconds: float = Field(default=90.0, gt=0, description="until an answer is whole")
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    traces_endpoint: str = Field(
        default="", description="an OTLP collector's, http://…/v1/traces; default: OTEL_* variables"
    )


class Settings(BaseSettings):
    """All settings of the program."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid"
    )

    reading: ReadingSettings = ReadingSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answering: AnsweringSettings = AnsweringSettings()
    generation: GenerationSettings = GenerationSettings()
    privacy: PrivacySettings = PrivacySettings()
    storage: StorageSettings = StorageSettings()
    server: ServerSettings = ServerSettings()

    def __init__(self, **values: Any) -> None:
        """`values` by section, over those of the environment. Raises InvalidInput that names the
        key or, without any `values`, the variable that is wrong."""
        self._check_names()
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            name = key if values else f"{PREFIX}{key.replace('.', NESTED).upper()}"
            raise InvalidInput(f"{name}: {first['msg']}.") from None
        except SettingsError as error:
            raise InvalidInput(f"The environment: {error}.") from None

    @classmethod
    def _check_names(cls) -> None:
        """A variable of no section would be passed over in silence."""
        for name in map(str.upper, os.environ):
            section, nested, _ = name.removeprefix(PREFIX).partition(NESTED)
            is_ours = name.startswith(PREFIX) and nested
            if is_ours and section.lower() not in cls.model_fields:
                known = ", ".join(cls.model_fields)
                raise InvalidInput(f"{name}: there is no section {section.lower()}, but {known}.")


def read_settings(path: Path) -> Settings:
    """The settings of a TOML file, over those of the environment. Raises InvalidInput that names
    the file and the key, or the line that isn't TOML."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path.name} can't be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path.name} isn't TOML: {error}.") from None
    Settings()  # What is wrong in the environment isn't the file's fault.
    try:
        return Settings(**values)
    except InvalidInput as error:
        raise InvalidInput(f"{path.name}: {error}") from None
