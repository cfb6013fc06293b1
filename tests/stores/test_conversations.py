from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from rag_cs.errors import NotFound
from rag_cs.index.schema import conversation_subjects, open_database
from rag_cs.index.verify import find_faults
from rag_cs.stores.conversations import REMEMBERED_TURNS, Conversations
from rag_cs.stores.personal import PersonalData
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


def test_all_that_is_stored_can_be_read_as_one_text(conversations: Conversations) -> None:
    name = conversations.new_id()
    conversations.append(name, [Turn("user", str(n)) for n in range(REMEMBERED_TURNS + 3)])
    assert len(conversations.text(name).splitlines()) == REMEMBERED_TURNS + 3
    assert conversations.text("nobody") == ""


def test_an_erased_conversation_is_not_continued(conversations: Conversations) -> None:
    turn = [Turn("user", "?")]
    assert not conversations.append("gone", turn, subject="ann", continued=True)
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
            store.append("c", [Turn("user", "?")], subject="customer-4711")
        with engine.begin() as connection:
            ((name, hashed),) = connection.execute(select(conversation_subjects)).all()
        engine.dispose()
        assert name == "c"
        assert b"customer-4711" not in file.read_bytes()
        hashes.append(hashed)
    assert hashes[0] != hashes[1]


def test_what_is_erased_takes_no_other_turn_s_sources_with_it(tmp_path: Path) -> None:
    index = make_index(tmp_path, OLD)
    conversations = Conversations(index.engine)
    said = [Turn("user", "When?"), Turn("assistant", "Within 7 days.")]
    for name in ("erased", "kept"):
        conversations.append(name, said, [quoting(OLD)])
    PersonalData(index.engine, 90).erase_conversation("erased")
    assert find_faults(tmp_path) == []
    index.delete(OLD.id)
    assert conversations.history("kept") == said[:1]
