from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import NotFound
from rag_cs.index.schema import open_database
from rag_cs.index.verify import find_faults
from rag_cs.stores.conversations import REMEMBERED_TURNS, Conversations
from rag_cs.types import Citation, Document, Turn
from tests.builders import chunks_and_vectors, make_document, make_index
from tests.fakes import HashEmbeddings


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


def quoting(document: Document) -> Citation:
    return Citation(document.id, "c", "", None, 0, 3, "", "", document.sha256)


OLD, NEW, OTHER = (
    make_document("returns.md", "Within 7 days."),
    make_document("returns.md", "Within 9 days."),
    make_document("other.md", "Lamps are blue."),
)


def test_a_turn_is_emptied_with_the_first_document_that_it_quotes(tmp_path: Path) -> None:
    index = make_index(tmp_path, OLD, OTHER)
    conversations = Conversations(index.engine)
    said = [Turn("user", "When?"), Turn("assistant", "Within 7 days.")]
    for name, documents in (("one", [OLD]), ("both", [OTHER, OLD]), ("other", [OTHER])):
        conversations.append(name, said, [quoting(document) for document in documents])
    conversations.append("none", said)
    index.replace(NEW, *chunks_and_vectors(NEW, HashEmbeddings()))
    left = {name: len(conversations.history(name)) for name in ("one", "both", "other", "none")}
    assert left == {"one": 1, "both": 1, "other": 2, "none": 2}
    index.delete(OTHER.id)
    assert len(conversations.history("other")) == 1
    with index.engine.begin() as connection:
        texts = connection.exec_driver_sql("SELECT text FROM conversations").scalars().all()
    assert texts.count("Within 7 days.") == 1
    assert find_faults(tmp_path) == []


@pytest.mark.parametrize("gone", [True, False])
def test_a_turn_that_comes_late_is_stored_empty(tmp_path: Path, gone: bool) -> None:
    index = make_index(tmp_path, OLD)
    if gone:
        index.delete(OLD.id)
    else:
        index.replace(NEW, *chunks_and_vectors(NEW, HashEmbeddings()))
    conversations = Conversations(index.engine)
    said = [Turn("user", "When?"), Turn("assistant", "Within 7 days.")]
    conversations.append("one", said, [quoting(OLD)])
    assert conversations.history("one") == said[:1]


def test_an_unknown_conversation_is_refused(conversations: Conversations) -> None:
    with pytest.raises(NotFound, match="no conversation 'nobody'"):
        conversations.history("nobody")
