"""The tables of one store's database. To change them, see `migrate`."""

from __future__ import annotations

from pathlib import Path

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
    text,
)

from rag_cs.index.migrate import Schema
from rag_cs.index.sqlite import open_sqlite

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
    Column("language", String, nullable=False, index=True),
    Column("metadata", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    # A hash of the row, so that a flipped bit is noticed: see `seals`.
    Column("seal", LargeBinary, nullable=False),
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
    Column("seal", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# Apart from the chunks, so that reading a chunk's text never pages in its vector.
vectors = Table(
    "vectors",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    # Of the vector and the token codes, which can be made again together.
    Column("seal", LargeBinary, nullable=False),
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
    # Of the row and of what it quotes; b"" for one that nobody sealed, or that was emptied since.
    Column("seal", LargeBinary, nullable=False, server_default=text("x''")),
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
# Which documents a turn quotes, so that it goes with them. A turn of before this was noted has the
# one row ANY_DOCUMENT, and goes with whichever document goes first.
turn_sources = Table(
    "turn_sources",
    metadata,
    Column("turn", ForeignKey("conversations.number", ondelete="CASCADE"), primary_key=True),
    Column("document_id", String, primary_key=True, index=True),
)
ANY_DOCUMENT = ""

# What a merchant changed in a document's text; see `corrections`.
corrections = Table(
    "corrections",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("document_id", String, nullable=False, index=True),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", String, nullable=False),
    sqlite_autoincrement=True,
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


def _unnumbered(connection: Connection) -> str:
    """Versions 1 and 2 were noted among the facts; an empty store had none."""
    noted = "SELECT value FROM facts WHERE name = 'schema'"
    return f"000{connection.exec_driver_sql(noted).scalar() or 1}"


SCHEMA = Schema(
    metadata, Path(__file__).parent / "revisions", (*FULL_TEXT, DATED_INDEX), _unnumbered
)


def open_database(path: Path) -> Engine:
    """An engine for a store's database; see `sqlite.open_sqlite`."""
    return open_sqlite(path, SCHEMA)
