"""A chat model behind any server that speaks OpenAI's chat completions.

Owns langchain-openai. Adds two things to it: failures become errors a user can act on, and the
client's log, which holds whole requests, is silent.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Self

import openai
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from rag_cs.errors import Busy, ModelError

# At DEBUG it would log prompts.
logging.getLogger("openai").setLevel(logging.WARNING)


class OpenAICompatibleChatModel(ChatOpenAI):
    """langchain-openai's model; raises ModelError, or Busy where the server is at its limit."""

    @classmethod
    def at(
        cls,
        base_url: str,
        model: str,
        api_key: str | None,
        *,
        timeout_seconds: float,
        max_tokens: int,
    ) -> Self:
        """A greedy model at `base_url`; the client wants a key even where the server has none."""
        return cls(
            base_url=base_url,
            model=model,
            api_key=SecretStr(api_key or "none"),
            timeout=timeout_seconds,
            max_completion_tokens=max_tokens,
            temperature=0.0,
        )

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with self._translated():
            return super()._generate(*args, **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with self._translated():
            return await super()._agenerate(*args, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        with self._translated():
            yield from super()._stream(*args, **kwargs)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        with self._translated():
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk

    @contextmanager
    def _translated(self) -> Iterator[None]:
        where = f"The model server at {self.openai_api_base}"
        try:
            yield
        except openai.RateLimitError as error:
            raise Busy(f"{where} is at its limit; ask again in a moment.") from error
        except openai.APITimeoutError as error:
            raise ModelError(f"{where} took longer than {self.request_timeout} s.") from error
        except openai.APIConnectionError as error:
            raise ModelError(f"{where} can't be reached; check that it runs.") from error
        except openai.OpenAIError as error:
            raise ModelError(f"{where} refused{_reason(error)}.") from error


def _reason(error: openai.OpenAIError) -> str:
    """The status and the code of a refusal; its message may repeat the prompt or the key."""
    status, code = getattr(error, "status_code", None), getattr(error, "code", None)
    known = [str(each) for each in (status, code) if each is not None]
    return f" ({', '.join(known)})" if known else ""
