"""The tables of one store's database, and how a connection to it behaves."""

from __future__ import annotations

import json
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)

SCHEMA_VERSION = "2"
# The files of a store's folder: the truth, and what can be thrown away.
DATABASE_NAME = "store.sqlite"
SNAPSHOT_NAME = "vectors.faiss"

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False, unique=True),
    Column("title", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("language", String, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("created_at", String, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    # AUTOINCREMENT: a number is never given twice, so a snapshot can't mistake a new chunk for old.
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("document_id", ForeignKey("documents.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer),
    Column("heading_path", JSON, nullable=False),
    Column("kind", String, nullable=False),
    Column("context", Text, nullable=False),
    Column("question", Text, nullable=False),
    sqlite_autoincrement=True,
)

# Apart from the chunks, so that reading a chunk's text never pages in its vector.
vectors = Table(
    "vectors",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

# Apart from both: a chunk's tokens take some kilobytes, read for the few that are reranked.
token_codes = Table(
    "token_codes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("codes", LargeBinary, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", String, nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", String, nullable=False),
    sqlite_autoincrement=True,
)

# Whose a conversation is: what the shop calls them, as a salted hash.
conversation_subjects = Table(
    "conversation_subjects",
    metadata,
    Column("conversation_id", String, primary_key=True),
    Column("subject", String, primary_key=True, index=True),
)

# What the store wants for itself in matters of privacy, and the salt of its subjects.
privacy = Table(
    "privacy",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

# Every character that isn't white space belongs to a term: `search_terms` already cut the text.
FULL_TEXT = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS chunk_terms USING fts5(terms, tokenize = "
    "\"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'\")",
    "CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(chunk_terms, 'row')",
)

# Finds the documents that state a date without reading every document.
DATED = (
    "json_extract(documents.metadata, '$.effective_from') IS NOT NULL "
    "OR json_extract(documents.metadata, '$.effective_until') IS NOT NULL"
)
DATED_INDEX = (
    "CREATE INDEX IF NOT EXISTS dated_documents ON documents (id) "
    f"WHERE {DATED.replace('documents.', '')}"
)


def open_database(path: Path) -> Engine:
    """An engine for the SQLite file at `path`, made with its tables when it isn't there.

    WAL with synchronous=FULL: what was committed survives a power cut. Transactions that will
    write are opened with `execution_options(writes=True)` and take the write lock at once.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 30.0},
        hide_parameters=True,  # an error would tell what was written
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    with engine.execution_options(writes=True).begin() as connection:
        metadata.create_all(connection)
        for statement in (*FULL_TEXT, DATED_INDEX):
            connection.exec_driver_sql(statement)
    return engine


def _configure(connection: SqliteConnection, _record: Any) -> None:
    # SQLAlchemy says when a transaction begins (see `_begin`), not Python's sqlite3.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
