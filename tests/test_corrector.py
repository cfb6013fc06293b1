from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.corrector import Corrector
from rag_cs.errors import Busy, InvalidInput, NotFound
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.index.verify import find_faults
from rag_cs.ingest import Ingester
from rag_cs.retrieve import Retriever
from tests.fakes import HashEmbeddings

POLICY = "# Returns\n\nReturns are free for 14 days.\n\n# 送货\n\n送货需要三天。"


class Shop:
    """A store with one document, and what changes it."""

    def __init__(self, folder: Path) -> None:
        self.embeddings = HashEmbeddings()
        self.folder = folder
        self.index = EmbeddedIndex(
            folder, dimensions=self.embeddings.dimensions, embedder=self.embeddings.fingerprint
        )
        count = self.embeddings.count_tokens
        self.ingester = Ingester(self.index, self.embeddings, count)
        self.corrector = Corrector(self.index, self.ingester, count)
        self.id = self.upload(POLICY)

    def upload(self, text: str) -> str:
        return self.ingester.ingest(text.encode(), "returns.md").document_id

    @property
    def text(self) -> str:
        return self.index.document(self.id).text

    def correct(self, old: str, new: str) -> str:
        start = self.text.index(old)
        return self.corrector.make(self.id, start, start + len(old), new).id

    def states(self) -> list[str]:
        return [each.state for each in self.corrector.all()]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_a_correction_is_found_and_quoted_at_once(shop: Shop) -> None:
    before = shop.index.document(shop.id).sha256
    shop.correct("14 days", "thirty working days")
    hits = Retriever(shop.index, shop.embeddings).search(["thirty working days"])
    assert "thirty working days" in hits[0].chunk.text
    chunk = hits[0].chunk
    assert chunk.text == shop.text[chunk.start : chunk.end]
    assert shop.index.document(shop.id).sha256 != before
    assert find_faults(shop.folder) == []


def test_a_correction_survives_the_next_version(shop: Shop) -> None:
    shop.correct("14 days", "30 days")
    shop.upload(f"# News\n\nGifts.\n\n{POLICY}")
    assert "Gifts" in shop.text
    assert "30 days" in shop.text
    assert "14 days" not in shop.text
    assert shop.states() == ["applied"]
    assert find_faults(shop.folder) == []


def test_a_version_that_says_something_else_is_in_conflict_until_it_fits_again(shop: Shop) -> None:
    shop.correct("三天", "五天")
    done = shop.ingester.ingest("# 送货\n\n送货需要一周。".encode(), "returns.md")
    assert [each.after for each in done.unfit] == [shop.corrector.all()[0].after]
    assert "一周" in shop.text
    assert shop.states() == ["conflict"]
    shop.upload(POLICY)
    assert "五天" in shop.text
    assert shop.states() == ["applied"]


def test_a_version_that_says_so_itself_ends_a_correction(shop: Shop) -> None:
    shop.correct("三天", "五天")
    shop.upload(POLICY.replace("三天", "五天"))
    assert shop.states() == []


def test_the_same_file_again_changes_nothing(shop: Shop) -> None:
    shop.correct("三天", "五天")
    assert shop.ingester.ingest(POLICY.encode(), "returns.md").outcome == "unchanged"
    assert "五天" in shop.text


def test_a_correction_is_taken_back(shop: Shop) -> None:
    one, other = shop.correct("三天", "五天"), shop.correct("14 days", "30 days")
    shop.corrector.take_back(one)
    assert "三天" in shop.text
    assert "30 days" in shop.text
    shop.corrector.take_back(other)
    assert shop.text == Shop(shop.folder.with_name("other")).text
    assert shop.states() == []
    assert find_faults(shop.folder) == []


def test_one_in_conflict_is_only_forgotten(shop: Shop) -> None:
    made = shop.correct("三天", "五天")
    shop.upload("# 送货\n\n送货需要一周。")
    shop.corrector.take_back(made)
    assert "一周" in shop.text
    assert shop.states() == []


def test_what_cannot_be_done_is_said(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="Nothing would be left"):
        shop.corrector.make(shop.id, 0, len(shop.text), "")
    with pytest.raises(InvalidInput, match="too long"):
        shop.correct("三天", "五 " * 5_000)
    with pytest.raises(NotFound, match="no correction 'none'"):
        shop.corrector.take_back("none")
    with pytest.raises(NotFound):
        shop.corrector.make("none", 0, 1, "x")
    assert shop.states() == []


def test_passages_are_corrected_one_by_one(shop: Shop) -> None:
    pairs = "Question,Answer\nHow long?,14 days.\nHow much?,Nothing.\n"
    faq = shop.ingester.ingest(pairs.encode(), "faq.csv").document_id
    text = shop.index.document(faq).text
    with pytest.raises(InvalidInput, match="over the end of a passage"):
        shop.corrector.make(faq, text.index("14"), text.index("much"), "x")
    start = text.index("How long?")
    shop.corrector.make(faq, start, start + len("How long?"), "How many days?")
    hits = Retriever(shop.index, shop.embeddings).search(["How many days?"])
    assert hits[0].chunk.question == "How many days?"


def test_a_deleted_document_takes_its_corrections_with_it(shop: Shop) -> None:
    shop.correct("三天", "五天")
    shop.index.delete(shop.id)
    assert shop.corrector.all() == []


def test_of_two_at_once_the_later_is_told(shop: Shop) -> None:
    shop.correct("三天", "五天")
    document = shop.index.document(shop.id)
    with pytest.raises(Busy, match="corrected meanwhile"):
        shop.corrector._put(document, shop.corrector._chunks(document), [], [])
