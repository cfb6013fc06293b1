from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.settings import Settings, read_settings


def test_the_environment_sets_nested_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CS_GENERATION__BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("RAG_CS_SERVER__PORT", "8123")
    monkeypatch.setenv("RAG_CS_GENERATION__API_KEY", "secret-key")
    settings = Settings()
    assert settings.generation.base_url == "http://127.0.0.1:9/v1"
    assert settings.server.port == 8123
    assert "secret-key" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("RAG_CS_SERVER__PORT", "99999", "RAG_CS_SERVER__PORT: .*65535"),
        ("RAG_CS_GENERATION__BACKEND", "x", "RAG_CS_GENERATION__BACKEND: Extra"),
        ("RAG_CS_GENERATON__MODEL", "x", "RAG_CS_GENERATON__MODEL: .* generaton, but .*generation"),
        ("RAG_CS_GENERATION", "x", "environment: .*generation"),
    ],
    ids=["a value", "a key", "a section", "a whole section"],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=message):
        Settings()
    (tmp_path / "a.toml").write_text("", "utf-8")
    with pytest.raises(InvalidInput, match=message) as raised:
        read_settings(tmp_path / "a.toml")
    assert "a.toml" not in str(raised.value)


def test_variables_that_are_no_settings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CS_CACHE", "somewhere")
    assert Settings() == Settings()


def test_a_file_of_settings_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[retrieval]\nreranker = "none"\ncandidates = 20\n', "utf-8")
    settings = read_settings(path)
    assert (settings.retrieval.reranker, settings.retrieval.candidates) == ("none", 20)
    assert settings.retrieval.dense_weight == Settings().retrieval.dense_weight


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[retrieval]\nrerankr = 1\n", "a.toml: retrieval.rerankr: Extra"),
        ("[retrieval]\ncandidates = 0\n", "a.toml: retrieval.candidates: "),
        ("[search]\nx = 1\n", "a.toml: search: Extra"),
        ("[retrieval\n", "a.toml isn't TOML.*line 1"),
    ],
)
def test_a_wrong_file_is_named_with_its_key_or_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_settings(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.toml can't be read"):
        read_settings(tmp_path / "none.toml")
