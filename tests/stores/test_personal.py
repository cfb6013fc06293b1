from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from rag_cs.errors import IndexDamaged, InvalidInput, NotFound
from rag_cs.index import schema
from rag_cs.index.schema import DATABASE_NAME, open_database
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.personal import Erased, PersonalData, open_personal
from rag_cs.types import Turn

PAIR = [Turn("user", "问？"), Turn("assistant", "答。")]
NOW = datetime.now(UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / DATABASE_NAME)
    yield engine
    engine.dispose()


@pytest.fixture
def conversations(engine: Engine) -> Conversations:
    return Conversations(engine)


@pytest.fixture
def personal(engine: Engine) -> PersonalData:
    return PersonalData(engine, 90)


def age(engine: Engine, conversation: str, days: float) -> None:
    """Make what is stored of a conversation so many days old."""
    table = schema.conversations
    then = (NOW - timedelta(days=days)).isoformat(timespec="seconds")
    with engine.execution_options(writes=True).begin() as connection:
        old = update(table).where(table.c.conversation_id == conversation)
        connection.execute(old.values(created_at=then))


def subjects(engine: Engine) -> int:
    with engine.begin() as connection:
        return len(connection.execute(select(schema.conversation_subjects)).all())


def test_a_conversation_is_shown_whole(
    conversations: Conversations, personal: PersonalData
) -> None:
    for _ in range(20):
        conversations.append("a", PAIR)
    conversations.append("b", PAIR)
    stored = personal.conversation("a")
    assert stored.conversation_id == "a"
    assert [turn.text for turn in stored.turns] == ["问？", "答。"] * 20
    assert stored.turns[0].created_at.endswith("+00:00")
    with pytest.raises(NotFound, match="no conversation 'c'"):
        personal.conversation("c")


def test_a_subject_has_the_conversations_it_took_part_in(
    conversations: Conversations, personal: PersonalData
) -> None:
    for name, subject in (("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", "")):
        conversations.append(name, PAIR, subject=subject)
    assert [stored.conversation_id for stored in personal.of_subject("ann")] == ["a", "c"]
    for unknown in ("eve", "", "Ann"):
        with pytest.raises(NotFound, match="Nothing is stored of this subject"):
            personal.of_subject(unknown)


def test_erasing_a_conversation_or_a_subject(
    engine: Engine, conversations: Conversations, personal: PersonalData
) -> None:
    for name, subject in (("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", "bob")):
        conversations.append(name, PAIR, subject=subject)
    assert personal.erase_subject("ann") == [Erased("a", 2), Erased("c", 2)]
    assert personal.erase_conversation("b") == [Erased("b", 2)]
    assert subjects(engine) == 1
    assert len(personal.conversation("d").turns) == 2
    for again in (lambda: personal.erase_subject("ann"), lambda: personal.erase_conversation("a")):
        with pytest.raises(NotFound):
            again()


def test_a_store_may_keep_longer_or_shorter_than_the_settings_say(personal: PersonalData) -> None:
    assert personal.retention_days() == 90
    for days in (7, 0, 400):
        personal.set_retention(days)
        assert personal.retention_days() == days
    personal.set_retention(None)
    assert personal.retention_days() == 90
    for days in (-1, 36_501):
        with pytest.raises(InvalidInput, match="Retention is 0 to"):
            personal.set_retention(days)


def test_what_was_kept_long_enough_is_purged(
    engine: Engine, conversations: Conversations, personal: PersonalData
) -> None:
    for name, days in (("old", 91.0), ("new", 89.0)):
        conversations.append(name, PAIR, subject=name)
        age(engine, name, days)
    conversations.append("old", [Turn("user", "again")], subject="old")
    assert personal.purge(NOW) == [Erased("old", 2)]
    assert [turn.text for turn in personal.conversation("old").turns] == ["again"]
    assert personal.purge(NOW) == []
    assert subjects(engine) == 2
    personal.set_retention(30)
    assert personal.purge(NOW) == [Erased("new", 2)]
    assert subjects(engine) == 1
    personal.set_retention(0)
    assert personal.purge(NOW) == [Erased("old", 1)]
    assert subjects(engine) == 0


def test_numbers_of_turns_are_not_given_twice(
    engine: Engine, conversations: Conversations, personal: PersonalData
) -> None:
    conversations.append("a", PAIR)
    conversations.append("b", PAIR)
    personal.erase_conversation("b")
    conversations.append("c", PAIR)
    with engine.begin() as connection:
        assert list(connection.scalars(select(schema.conversations.c.number))) == [1, 2, 5, 6]


@pytest.mark.parametrize(
    "rounds",
    [100, pytest.param(int(os.environ.get("RAG_CS_ERASURES", "5000")), marks=pytest.mark.slow)],
)
def test_what_is_erased_is_in_no_file_any_more(
    rounds: int,
    tmp_path: Path,
    conversations: Conversations,
    personal: PersonalData,
) -> None:
    """Rows of all lengths, in and out at random, while the database stays open."""
    chance = random.Random(7)
    live: dict[str, list[str]] = {}
    gone: list[str] = []
    for _ in range(rounds):
        if live and chance.random() < 0.2:
            name = chance.choice(list(live))
            personal.erase_conversation(name)
            gone += live.pop(name)
        else:
            name = chance.choice([*live, conversations.new_id()])
            token = f"{chance.getrandbits(64):016x}"
            padding = "x" * chance.choice([5, 50, 400, 3_000])
            conversations.append(name, [Turn("user", token + padding)])
            live.setdefault(name, []).append(token)
    bytes_left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert [token for token in gone if token.encode() in bytes_left] == []
    assert all(token.encode() in bytes_left for tokens in live.values() for token in tokens)
    assert len(gone) > rounds / 10


def test_a_reader_does_not_keep_erasing_from_ending(
    engine: Engine,
    conversations: Conversations,
    personal: PersonalData,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rag_cs.stores.personal._PATIENCE_MILLISECONDS", 10)
    conversations.append("a", PAIR)
    with engine.begin() as reader:
        reader.execute(select(schema.conversations)).all()
        assert personal.erase_conversation("a") == [Erased("a", 2)]
    with pytest.raises(NotFound):
        personal.conversation("a")


def test_a_database_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"no database" * 100)
    with pytest.raises(IndexDamaged, match="is damaged"), open_personal(tmp_path, 5):
        pass
