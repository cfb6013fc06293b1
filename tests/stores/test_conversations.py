from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from rag_cs.errors import NotFound
from rag_cs.index.schema import conversation_subjects, open_database
from rag_cs.stores.conversations import REMEMBERED_TURNS, Conversations
from rag_cs.types import Turn


@pytest.fixture
def conversations(tmp_path: Path) -> Conversations:
    return Conversations(open_database(tmp_path / "store.sqlite"))


def test_turns_come_back_in_order_and_only_to_their_conversation(
    conversations: Conversations,
) -> None:
    one, two = conversations.new_id(), conversations.new_id()
    conversations.append(one, [Turn("user", "问？"), Turn("assistant", "答。")])
    conversations.append(two, [Turn("user", "other")])
    conversations.append(one, [Turn("user", "再问？")])
    assert [turn.text for turn in conversations.history(one)] == ["问？", "答。", "再问？"]


def test_only_the_last_turns_are_remembered(conversations: Conversations) -> None:
    name = conversations.new_id()
    conversations.append(name, [Turn("user", str(n)) for n in range(REMEMBERED_TURNS + 3)])
    assert [turn.text for turn in conversations.history(name)] == [
        str(n) for n in range(3, REMEMBERED_TURNS + 3)
    ]


def test_an_unknown_conversation_is_refused(conversations: Conversations) -> None:
    with pytest.raises(NotFound, match="no conversation 'nobody'"):
        conversations.history("nobody")


def test_all_that_is_stored_can_be_read_as_one_text(conversations: Conversations) -> None:
    name = conversations.new_id()
    conversations.append(name, [Turn("user", str(n)) for n in range(REMEMBERED_TURNS + 3)])
    assert len(conversations.text(name).splitlines()) == REMEMBERED_TURNS + 3
    assert conversations.text("nobody") == ""


def test_an_erased_conversation_is_not_continued(conversations: Conversations) -> None:
    turn = [Turn("user", "?")]
    assert not conversations.append("gone", turn, "ann", continued=True)
    assert conversations.text("gone") == ""
    assert conversations.append("gone", turn)
    assert conversations.append("gone", turn, continued=True)


def test_a_subject_is_stored_as_a_hash_that_differs_between_stores(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.sqlite", "two.sqlite")]
    hashes = []
    for file in files:
        engine = open_database(file)
        store = Conversations(engine)
        for _ in range(2):
            store.append("c", [Turn("user", "?")], "customer-4711")
        with engine.begin() as connection:
            ((name, hashed),) = connection.execute(select(conversation_subjects)).all()
        engine.dispose()
        assert name == "c"
        assert b"customer-4711" not in file.read_bytes()
        hashes.append(hashed)
    assert hashes[0] != hashes[1]
