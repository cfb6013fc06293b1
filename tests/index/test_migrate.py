from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from rag_cs.errors import DiskFailed, IndexDamaged, InvalidInput
from rag_cs.index import migrate
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.migrate import Schema, run_revisions
from rag_cs.index.repair import repair
from rag_cs.index.schema import DATABASE_NAME, SCHEMA
from rag_cs.index.sqlite import open_sqlite
from rag_cs.index.verify import find_faults
from rag_cs.retrieve import Retriever
from rag_cs.stores import jobs, keys
from rag_cs.stores.conversations import Conversations
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings, TokenHashEmbeddings

FIXTURES = Path(__file__).parent.parent / "data" / "stores"
EMBEDDINGS = TokenHashEmbeddings()
CONVERSATION = "c0ffeec0ffeec0ffeec0ffeec0ffeec0"
EARLIER = sorted(FIXTURES.glob("*.sql"))
SCHEMAS = {"store": SCHEMA, "jobs": jobs.SCHEMA, "keys": keys.SCHEMA}


def made(folder: Path, fixture: Path, *more: str) -> Path:
    """A store's database as an earlier version left it."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.executescript(fixture.read_text("utf-8"))
        for statement in more:
            connection.execute(statement)
        connection.commit()
    return folder


def content(folder: Path) -> list[Any]:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        rows = [
            (name, connection.execute(f"SELECT * FROM {name}").fetchall())
            for name, sql in tables
            if sql and sql.startswith("CREATE TABLE")
        ]
    return [tables, rows]


def shape(engine: Any) -> dict[str, Any]:
    """Tables with columns, keys and indexes, in no order."""
    found = inspect(engine)
    return {
        name: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)),
            found.get_pk_constraint(name)["constrained_columns"],
            sorted(str(each["column_names"]) for each in found.get_indexes(name)),
            sorted(str(each["column_names"]) for each in found.get_unique_constraints(name)),
            sorted(
                (each["referred_table"], str(each["options"]))
                for each in found.get_foreign_keys(name)
            ),
        )
        for name in found.get_table_names()
    }


@pytest.mark.parametrize("fixture", EARLIER, ids=lambda path: path.stem)
def test_a_store_of_each_earlier_version_opens_answers_and_is_sound(
    tmp_path: Path, fixture: Path
) -> None:
    folder = made(tmp_path / "shop", fixture)
    index = EmbeddedIndex(folder, dimensions=64, embedder="hash@1")
    assert [record.source for record in index.documents()] == ["codes.csv", "returns.md", "运费.md"]
    retriever = Retriever(index, EMBEDDINGS)
    assert retriever.search(["unused goods returned"])[0].chunk.title == "Returns"
    assert retriever.search(["滿199元包郵嗎"])[0].chunk.title == "运费"
    said = [turn.text for turn in Conversations(index.engine).history(CONVERSATION)]
    assert said == ["Can I return it?", "Unused goods can be returned within 7 days."]
    assert find_faults(folder) == []
    embeddings = HashEmbeddings() if fixture.stem == "r0001" else EMBEDDINGS
    gift = make_document("new.md", "Gift cards hold for 36 months.")
    make_index(folder, gift, embeddings=embeddings).close()
    assert index.delete(index.documents()[2].id)
    index.close()
    assert find_faults(folder) == []


def test_there_is_a_store_of_every_earlier_revision() -> None:
    assert {path.stem[1:5] for path in EARLIER} == set(SCHEMA.revisions[:-1])


def test_a_turn_that_nobody_knows_the_sources_of_goes_with_the_first_document(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path / "shop", FIXTURES / "r0002.sql")
    index = EmbeddedIndex(folder, dimensions=64, embedder="hash@1")
    index.delete(index.documents()[0].id)
    said = [turn.text for turn in Conversations(index.engine).history(CONVERSATION)]
    assert said == ["Can I return it?"]


def test_terms_are_cut_as_searches_cut_theirs(tmp_path: Path) -> None:
    folder = made(tmp_path / "shop", FIXTURES / "r0001.sql")
    index = EmbeddedIndex(folder, dimensions=64, embedder="hash@1")
    assert len(index.search_lexical(["return"], 9).numbers) == 1


def test_a_store_without_token_vectors_gets_them_from_a_repair(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = made(tmp_path / "shop", FIXTURES / "r0001.sql")
    EmbeddedIndex(folder, dimensions=64, embedder="hash@1+head@2").close()
    assert "verify --repair" in caplog.text
    found = find_faults(folder)
    assert {fault.kind for fault in found} == {"codes"}
    assert repair(folder, found, EMBEDDINGS.passages) == []
    with pytest.raises(InvalidInput, match="built with embedder"):
        EmbeddedIndex(folder, dimensions=64, embedder="hash@1")


def test_a_store_that_the_second_version_refused_opens(tmp_path: Path) -> None:
    codes = "CREATE TABLE token_codes (number INTEGER PRIMARY KEY, codes BLOB NOT NULL)"
    folder = made(tmp_path / "shop", FIXTURES / "r0001.sql", codes)
    assert len(EmbeddedIndex(folder, dimensions=64, embedder="hash@1")) == 3


def test_a_newer_store_is_refused_in_a_sentence_and_left_alone(tmp_path: Path) -> None:
    make_index(tmp_path / "shop").close()
    made_later = "UPDATE alembic_version SET version_num = '0999'"
    with closing(sqlite3.connect(tmp_path / "shop" / DATABASE_NAME)) as connection:
        connection.execute(made_later)
        connection.commit()
    before = content(tmp_path / "shop")
    with pytest.raises(InvalidInput, match="newer version of rag-cs"):
        make_index(tmp_path / "shop")
    assert content(tmp_path / "shop") == before


@pytest.mark.parametrize(
    ("raised", "expected"),
    [(RuntimeError("no"), IndexDamaged), (DiskFailed("The disk is full."), DiskFailed)],
)
def test_a_revision_that_fails_leaves_what_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    expected: type[Exception],
) -> None:
    folder = made(tmp_path / "shop", FIXTURES / "r0001.sql")
    before = content(folder)
    whole = run_revisions

    def fails(*given: Any) -> None:
        whole(*given)
        raise raised

    monkeypatch.setattr(migrate, "run_revisions", fails)
    with pytest.raises(expected):
        EmbeddedIndex(folder, dimensions=64, embedder="hash@1")
    assert content(folder) == before
    monkeypatch.undo()
    assert len(EmbeddedIndex(folder, dimensions=64, embedder="hash@1")) == 3


def test_a_process_that_is_killed_in_a_revision_leaves_what_was(tmp_path: Path) -> None:
    folder = made(tmp_path / "shop", FIXTURES / "r0002.sql")
    before = content(folder)
    code = (
        "import os, sys, pathlib\n"
        "from rag_cs.index import migrate, schema\n"
        "whole = migrate.run_revisions\n"
        "def killed(*given):\n"
        "    whole(*given)\n"
        "    os.kill(os.getpid(), 9)\n"
        "migrate.run_revisions = killed\n"
        "schema.open_database(pathlib.Path(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder / DATABASE_NAME)], check=False)
    assert done.returncode == -9
    assert content(folder) == before
    assert len(EmbeddedIndex(folder, dimensions=64, embedder="hash@1")) == 3


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_revisions_make_what_a_new_database_holds(tmp_path: Path, kind: str) -> None:
    schema = SCHEMAS[kind]
    new = open_sqlite(tmp_path / "new.sqlite", schema)
    other = open_sqlite(tmp_path / "other.sqlite", Schema(type(schema.metadata)(), schema.folder))
    with other.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        run_revisions(connection, schema)
        noted = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert noted == schema.revisions[-1]
    assert shape(new) == shape(other)
    views = "SELECT name, sql FROM sqlite_master WHERE sql LIKE '%VIRTUAL%' OR sql LIKE '%WHERE%'"
    with new.begin() as one, other.begin() as two:
        told = [
            {name: sql.replace("IF NOT EXISTS ", "") for name, sql in each.exec_driver_sql(views)}
            for each in (one, two)
        ]
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", ["jobs", "keys"])
def test_a_database_from_before_revisions_is_stamped(tmp_path: Path, kind: str) -> None:
    schema = SCHEMAS[kind]
    engine = open_sqlite(tmp_path / "a.sqlite", schema)
    with engine.execution_options(writes=True).begin() as connection:
        later = {"jobs": ["uploaders"], "keys": ["expiries", "renames", "origins"]}
        for table in ("alembic_version", *later[kind]):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    engine.dispose()
    with open_sqlite(tmp_path / "a.sqlite", schema).begin() as connection:
        assert migrate.revision_of(connection, schema) == schema.revisions[-1]


def test_revisions_are_in_one_line(tmp_path: Path) -> None:
    from alembic.script import ScriptDirectory

    for schema in SCHEMAS.values():
        scripts = ScriptDirectory(schema.folder, version_locations=[schema.folder])
        walked = [script.revision for script in scripts.walk_revisions()]
        assert walked[::-1] == schema.revisions
