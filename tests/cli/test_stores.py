from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rag_cs import cli
from tests.test_cli import RUNNER, _fakes, app

__all__ = ["_fakes"]  # a fixture that every test here uses


def run(*arguments: str) -> str:
    done = RUNNER.invoke(app, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: str) -> str:
    done = RUNNER.invoke(app, [*arguments])
    assert done.exit_code in (1, 2), done.output
    assert "Traceback" not in done.output
    return done.output


def test_a_store_is_made_once() -> None:
    assert run("store", "create", "shop") == "Store 'shop' is made.\n"
    assert "already" in refused("store", "create", "shop")
    assert json.loads(run("search", "-s", "shop", "x", "--json")) == {"hits": []}


def test_origins_are_added_and_removed() -> None:
    run("store", "create", "shop")
    assert "No page of another origin" in run("store", "origins", "shop")
    origins = ["https://a.example", "https://b.example"]
    add = [part for origin in origins for part in ("--add", origin)]
    assert run("store", "origins", "shop", *add).split() == origins
    run("store", "origins", "shop", "--remove", "https://A.example/")
    assert json.loads(run("store", "origins", "shop", "--json")) == {"origins": origins[1:]}
    assert "is no origin" in refused("store", "origins", "shop", "--add", "*")
    assert "There is no store" in refused("store", "origins", "nope")


def test_a_key_is_rotated_and_expires() -> None:
    run("store", "create", "shop")
    run("keys", "create", "merchant", "-s", "shop", "--expires", "2090-01-01")
    (key,) = json.loads(run("keys", "list", "--json"))["keys"]
    assert key["expires_on"] == "2090-01-01"
    told = run("keys", "rotate", key["id"])
    assert told.startswith("rcs_")
    listed = run("keys", "list")
    assert "expires 2090-01-01, used never" in listed
    assert "revoked" in listed
    for wrong in ("2001-01-01", "tomorrow"):
        refused("keys", "create", "merchant", "-s", "shop", "--expires", wrong)
    assert "no working key" in refused("keys", "rotate", key["id"])


def test_keys_follow_a_renamed_store_and_are_told_of_a_deleted_one() -> None:
    run("store", "create", "shop")
    run("keys", "create", "merchant", "-s", "shop")
    run("store", "rename", "shop", "store")
    (key,) = json.loads(run("keys", "list", "--json"))["keys"]
    assert key["stores"] == ["store"]
    told = run("store", "delete", "store", "--yes")
    assert f"rag-cs keys revoke {key['id']}" in told


@pytest.mark.parametrize("name", ["", "null"])
def test_no_store_is_refused_by_every_command(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Words.")
    run("store", "create", "shop")
    run("store", "backup", "shop", str(tmp_path / "shop.zip"))
    for arguments in (
        ["ingest", "-s", name, str(tmp_path / "a.md")],
        ["search", "-s", name, "words"],
        ["ask", "-s", name, "What words?"],
        ["check", "-s", name],
        ["evaluate", "-s", name],
        ["store", "create", name],
        ["store", "delete", name, "--yes"],
        ["store", "rename", name, "x"],
        ["store", "rename", "shop", name],
        ["store", "backup", name, str(tmp_path / "b.zip")],
        ["store", "verify", name],
        ["store", "origins", name],
        ["store", "origins", name, "--add", "https://shop.example"],
        ["keys", "create", "merchant", "-s", name],
        ["audit", "export", "-s", name],
    ):
        assert "can't name a store" in refused(*arguments), arguments
    if name:  # else it is the one that the backup names
        refused("store", "restore", str(tmp_path / "shop.zip"), "--as", name)
    for command in ("ingest", "search", "ask", "check", "evaluate"):
        refused(command, "x")  # without --store at all
    assert run("store", "list") == "shop\n"


def test_an_error_that_no_command_told_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_CS_SERVER__PORT", "99999")
    monkeypatch.setattr(sys, "argv", ["rag-cs", "models", "list"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith("rag-cs: RAG_CS_SERVER__PORT: ")
    assert told.count("\n") == 1


def test_what_nobody_foresaw_is_a_sentence_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(cli, "app", fails)
    monkeypatch.setenv("RAG_CS_CACHE", str(tmp_path / "cache" / "models"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 70
    assert told.startswith("rag-cs: something went wrong that nobody foresaw (ZeroDivisionError)")
    assert "Traceback" not in told
    assert "secret" not in told
    file = tmp_path / "cache" / "errors.log"
    assert str(file) in told
    assert "in fails" in file.read_text("utf-8")
    monkeypatch.setenv("RAG_CS_CACHE", "/dev/null/models")
    with pytest.raises(SystemExit):
        cli.main()
    assert "no file could be written" in capsys.readouterr().err
    assert sys.exc_info() == (None, None, None)
