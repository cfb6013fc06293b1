from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import NotFound
from rag_cs.index.schema import open_database
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
