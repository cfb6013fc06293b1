from __future__ import annotations

import pytest
from pydantic import ValidationError

from rag_cs.settings import Settings


def test_the_environment_sets_nested_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CS_GENERATION__BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("RAG_CS_SERVER__PORT", "8123")
    monkeypatch.setenv("RAG_CS_GENERATION__API_KEY", "secret-key")
    settings = Settings()
    assert settings.generation.base_url == "http://127.0.0.1:9/v1"
    assert settings.server.port == 8123
    assert "secret-key" not in repr(settings)


def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CS_SERVER__PORT", "99999")
    with pytest.raises(ValidationError, match="port"):
        Settings()
