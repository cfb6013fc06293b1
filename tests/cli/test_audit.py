from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.test_cli import RUNNER, _fakes, app

__all__ = ["_fakes"]  # a fixture that every test here uses


def run(*arguments: str) -> str:
    done = RUNNER.invoke(app, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def trail(*arguments: str) -> list[tuple[str, str, str, str, str]]:
    lines = run("audit", "export", *arguments).splitlines()
    fields = ("actor", "action", "store", "target", "outcome")
    return [tuple(json.loads(line)[field] for field in fields) for line in lines]  # type: ignore[misc]


def test_what_commands_change_is_told(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.md", "b.pdf")]
    paths[0].write_text("# Returns\n\nWithin 7 days.")
    paths[1].write_text("no PDF")
    RUNNER.invoke(app, ["ingest", "-s", "demo", *map(str, paths)])
    paths[0].write_text("# Returns\n\nWithin 9 days.")
    run("ingest", "-s", "demo", str(paths[0]))
    run("ingest", "-s", "demo", str(paths[0]))
    run("keys", "create", "merchant", "-s", "demo", "-s", "other")
    key = json.loads(run("keys", "list", "--json"))["keys"][0]["id"]
    run("store", "origins", "demo", "--add", "https://shop.example")
    run("store", "backup", "demo", str(tmp_path / "demo.zip"))
    run("store", "rename", "demo", "shop")
    run("store", "restore", str(tmp_path / "demo.zip"), "--as", "copy")
    run("keys", "revoke", key)
    run("store", "delete", "shop", "--yes")
    run("store", "create", "fresh")
    me = "command line"
    assert trail("--store", "demo", "--store", "shop") == [
        (me, "store.create", "demo", "", "done"),
        (me, "document.upload", "demo", "a.md", "done"),
        (me, "document.upload", "demo", "b.pdf", "failed"),
        (me, "document.replace", "demo", "a.md", "done"),
        (me, "document.upload", "demo", "a.md", "unchanged"),
        (me, "key.create", "demo", f"{key} (merchant)", "done"),
        (me, "store.origins", "demo", "https://shop.example", "done"),
        (me, "store.export", "demo", "demo.zip", "done"),
        (me, "store.rename", "demo", "shop", "done"),
        (me, "key.revoke", "shop", key, "done"),
        (me, "store.delete", "shop", "", "done"),
    ]
    assert (me, "store.restore", "copy", "demo.zip", "done") in trail("--all-stores")
    assert (me, "store.create", "fresh", "", "done") in trail("-s", "fresh")
    out = tmp_path / "trail.jsonl"
    run("audit", "export", "--all-stores", "--output", str(out))
    assert len(out.read_text("utf-8").splitlines()) == len(trail("--all-stores"))
    again = RUNNER.invoke(app, ["audit", "export", "--all-stores", "-o", str(out)])
    assert (again.exit_code, "can't be written: File exists" in again.output) == (1, True)


def test_a_command_that_failed_changed_nothing(tmp_path: Path) -> None:
    for arguments in (
        ["store", "delete", "nope", "--yes"],
        ["store", "rename", "nope", "x"],
        ["store", "backup", "nope", str(tmp_path)],
        ["store", "restore", str(tmp_path / "nope.zip")],
        ["store", "origins", "nope", "--add", "https://shop.example"],
        ["keys", "create", "king", "--all-stores"],
        ["keys", "revoke", "nope"],
        ["keys", "rotate", "nope"],
        ["store", "create", "../x"],
    ):
        assert RUNNER.invoke(app, arguments).exit_code == 1, arguments
    assert trail("--all-stores") == []


def test_verify_tells_what_was_done_to_the_file(tmp_path: Path) -> None:
    assert run("audit", "verify").startswith("0 entries")
    run("store", "create", "one")
    run("store", "create", "two")
    told = run("audit", "verify")
    last = told.split()[-1].rstrip(".")
    assert told.startswith("2 entries")
    run("store", "delete", "one", "--yes")
    assert run("audit", "verify", "--expect", last).startswith("3 entries")
    with closing(sqlite3.connect(tmp_path / "indexes" / ".audit.sqlite")) as connection:
        connection.execute("DROP TRIGGER no_update")
        connection.execute("UPDATE entries SET actor = 'nobody' WHERE number = 2")
        connection.commit()
    done = RUNNER.invoke(app, ["audit", "verify"])
    assert done.exit_code == 1
    assert "is not sound: entry 2, of" in done.output
    unknown = RUNNER.invoke(app, ["audit", "verify", "--expect", "0" * 64])
    assert unknown.exit_code == 1


@pytest.mark.parametrize("arguments", [[], ["--store", "a", "--all-stores"], ["--store", ""]])
def test_no_store_is_not_every_store(arguments: list[str]) -> None:
    run("store", "create", "one")
    done = RUNNER.invoke(app, ["audit", "export", *arguments])
    assert done.exit_code == 1
    assert "one" not in done.stdout
