from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rag_cs.errors import IndexDamaged
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.repair import repair
from rag_cs.index.schema import DATABASE_NAME, SNAPSHOT_NAME, open_database
from rag_cs.index.verify import find_faults
from rag_cs.stores.conversations import Conversations
from rag_cs.text import search_terms
from rag_cs.types import Citation, Turn
from tests.builders import make_document, make_index
from tests.fakes import TokenHashEmbeddings

EMBEDDINGS = TokenHashEmbeddings()
LONG = make_document("long.md", *(f"Paragraph {n} is about word{n}. " * 8 for n in range(9)))
SHORT = make_document("short.md", "Unused goods go back within 7 days.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = make_index(tmp_path, LONG, SHORT, embeddings=EMBEDDINGS)
    index.save()
    index.close()
    return tmp_path


def faults(folder: Path) -> list[str]:
    return [fault.kind for fault in find_faults(folder)]


def damage(folder: Path, *statements: str) -> None:
    engine = open_database(folder / DATABASE_NAME)
    with engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def mended(folder: Path) -> list[str]:
    return [fault.kind for fault in repair(folder, find_faults(folder), EMBEDDINGS.passages)]


def search(folder: Path, words: str) -> list[str]:
    index = EmbeddedIndex(folder, dimensions=EMBEDDINGS.dimensions, embedder=EMBEDDINGS.fingerprint)
    found = index.search_lexical(search_terms(words), 3)
    near = index.search_dense(np.array(EMBEDDINGS.embed_query(words), np.float32), 1)
    chunks = index.chunks([*found.numbers.tolist(), *near.numbers.tolist()])
    index.close()
    numbers = (int(number) for number in (*found.numbers[:1], *near.numbers[:1]))
    return [chunks[number].text for number in numbers if number in chunks]


def test_a_sound_store_has_no_faults(folder: Path) -> None:
    assert faults(folder) == []
    assert mended(folder) == []
    assert (folder / SNAPSHOT_NAME).exists()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE chunks SET text = 'Unused goods go back within 9 days.' "
         "WHERE text LIKE 'Unused%'", "text"),
        ("DELETE FROM vectors WHERE number = (SELECT max(number) FROM chunks)", "vector"),
        ("UPDATE vectors SET vector = zeroblob(length(vector)) "
         "WHERE number = (SELECT max(number) FROM chunks)", "vector"),
        ("UPDATE vectors SET vector = x'00' "
         "WHERE number = (SELECT max(number) FROM chunks)", "vector"),
        ("DELETE FROM chunk_terms WHERE rowid = (SELECT max(number) FROM chunks)", "terms"),
        ("DELETE FROM token_codes WHERE number = (SELECT max(number) FROM chunks)", "codes"),
        ("UPDATE token_codes SET codes = zeroblob(length(codes)) "
         "WHERE number = (SELECT max(number) FROM chunks)", "vector"),
        ("UPDATE facts SET value = '2' WHERE name = 'last_number'", "numbering"),
        ("UPDATE chunk_terms_data SET block = zeroblob(length(block)) WHERE id > 10",
         "word index"),
    ],
)  # fmt: skip
def test_what_can_be_made_again_is(folder: Path, statement: str, kind: str) -> None:
    damage(folder, statement)
    assert kind in faults(folder)
    assert mended(folder) == []
    assert search(folder, "unused goods") == [SHORT.text] * 2


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE documents SET text = replace(text, '7 days', '9 days')", "document"),
        ("UPDATE documents SET title = 'Gifts' WHERE source = 'short.md'", "document"),
        ("UPDATE chunks SET page = 7 WHERE text LIKE 'Unused%'", "chunk"),
    ],
)
def test_what_only_the_file_could_tell_is_told_and_left_alone(
    folder: Path, statement: str, kind: str
) -> None:
    damage(folder, statement)
    assert faults(folder) == [kind]
    assert not find_faults(folder)[0].is_repairable
    assert mended(folder) == [kind]
    assert search(folder, "unused goods") == ([] if kind == "chunk" else [SHORT.text] * 2)


def test_a_damaged_document_is_not_told(folder: Path) -> None:
    damage(folder, "UPDATE documents SET text = replace(text, '7 days', '9 days')")
    index = EmbeddedIndex(folder, dimensions=EMBEDDINGS.dimensions, embedder=EMBEDDINGS.fingerprint)
    with pytest.raises(IndexDamaged, match=r"'short\.md' is damaged"):
        index.document(SHORT.id)
    assert index.document(LONG.id).text == LONG.text


@pytest.mark.parametrize(
    ("column", "value"),
    [("chunks.text", "7"), ("chunks.start", "'x'"), ("chunks.context", "x'00'"),
     ("vectors.vector", "7"), ("vectors.vector", "NULL"), ("token_codes.codes", "7"),
     ("documents.title", "x'00'")],
)  # fmt: skip
def test_a_value_of_another_kind_is_noticed(folder: Path, column: str, value: str) -> None:
    table, name = column.split(".")
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'"
        )
        connection.execute("PRAGMA writable_schema = RESET")
        connection.execute(f"UPDATE {table} SET {name} = {value}")
        connection.commit()
    assert faults(folder) != []
    search(folder, "unused goods")


def test_a_turn_that_quotes_what_is_gone_is_emptied(folder: Path) -> None:
    damage(
        folder,
        "INSERT INTO conversations VALUES (1, 'c', 'assistant', 'Within 7 days.', '', x'')",
        "INSERT INTO turn_sources VALUES (1, 'gone')",
    )
    assert faults(folder) == ["quote"]
    assert mended(folder) == []
    engine = open_database(folder / DATABASE_NAME)
    assert Conversations(engine).history("c") == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversations SET text = 'Within 9 days.' WHERE role = 'assistant'",
        "UPDATE turn_sources SET turn = 1",
        "DELETE FROM turn_sources",
    ],
)
def test_a_turn_that_changed_is_emptied(folder: Path, statement: str) -> None:
    cited = Citation(SHORT.id, "c", "", None, 0, 3, "", "", SHORT.sha256)
    engine = open_database(folder / DATABASE_NAME)
    said = [Turn("user", "When?"), Turn("assistant", "Within 7 days.")]
    Conversations(engine).append("c", said, [cited])
    assert faults(folder) == []
    damage(folder, statement)
    assert "turn" in faults(folder)
    assert mended(folder) == []
    assert len(Conversations(engine).history("c")) < 2


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE facts SET value = 'x' WHERE name = 'generation'"],
        ["DROP INDEX dated_documents", "UPDATE documents SET metadata = '{'"],
        ["UPDATE documents SET title = CAST(x'ff' AS TEXT)"],
    ],
)
def test_what_can_t_be_read_is_said_to_be_damaged(folder: Path, statements: list[str]) -> None:
    damage(folder, *statements)
    with pytest.raises(IndexDamaged):
        search(folder, "unused goods")
    assert "generation" in statements[0] or "database" in faults(folder)


def test_what_is_left_of_a_chunk_that_is_gone_is_removed(folder: Path) -> None:
    damage(
        folder,
        "INSERT INTO vectors SELECT 999, vector, seal FROM vectors LIMIT 1",
        "INSERT INTO token_codes SELECT 999, codes FROM token_codes LIMIT 1",
        "INSERT INTO chunk_terms(rowid, terms) VALUES (999, 'ghost')",
    )
    assert faults(folder) == ["left over"] * 3
    assert mended(folder) == []
    assert search(folder, "ghost")[:1] != ["ghost"]


def test_a_damaged_snapshot_is_dropped(folder: Path) -> None:
    snapshot = folder / SNAPSHOT_NAME
    data = bytearray(snapshot.read_bytes())
    data[-3] ^= 4
    snapshot.write_bytes(data)
    assert faults(folder) == ["snapshot"]
    assert mended(folder) == []
    assert not snapshot.exists()
    assert search(folder, "unused goods") == [SHORT.text] * 2


def test_a_damaged_database_is_told_and_left_alone(folder: Path) -> None:
    file = folder / DATABASE_NAME
    data = bytearray(file.read_bytes())
    for place in range(4096 * 3, len(data) - 4096, 4096):
        data[place : place + 64] = b"\xff" * 64
    file.write_bytes(data)
    assert "database" in faults(folder)
    assert "database" in mended(folder)
    assert file.read_bytes()[4096 * 3 :][:64] == b"\xff" * 64
