from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.question_file import read_questions
from rag_cs.evaluation.regression import Files, Result, check_store
from rag_cs.evaluation.suite import read_run
from rag_cs.index.embedded import EmbeddedIndex
from rag_cs.retrieve import Retriever
from rag_cs.types import Hit
from tests.builders import make_document, make_index
from tests.fakes import HashEmbeddings

FAQ = make_document(
    "faq.md",
    "Q: Can I return a lamp?\nA: Yes, within 7 days of delivery, unused and in its box.",
    "Q: Do you ship abroad?\nA: No, we ship within mainland China only, by express.",
)


class Blind:
    """A search that finds nothing."""

    def search(self, queries: object, top_k: int = 10) -> list[Hit]:
        return []


def check(index: EmbeddedIndex, folder: Path, retriever: object = None, **options: bool) -> Result:
    retriever = retriever or Retriever(index, HashEmbeddings())
    return check_store("shop", index, retriever, Files.of(folder), top_k=5, **options)  # type: ignore[arg-type]


def test_questions_are_made_once_and_edits_are_kept(tmp_path: Path) -> None:
    index = make_index(tmp_path / "index", FAQ)
    first = check(index, tmp_path)
    assert first.made == len(first.run.outcomes) >= 2
    path = Files.of(tmp_path).questions
    lines = path.read_text("utf-8-sig").splitlines()
    path.write_text("\n".join(lines[:2]) + "\n", "utf-8")
    again = check(index, tmp_path)
    assert (again.made, len(again.run.outcomes)) == (0, 1)
    assert Files.of(tmp_path).page.read_text("utf-8").startswith("<!doctype html>")


def test_update_adds_questions_about_new_documents_only(tmp_path: Path) -> None:
    index = make_index(tmp_path / "index", FAQ)
    before = check(index, tmp_path).run
    other = make_document(
        "other.md", "Q: 几天可以退货？\nA: 自签收之日起七天内可以退货，须包装完好。"
    )
    make_index(tmp_path / "index", other)
    assert check(index, tmp_path).made == 0
    updated = check(index, tmp_path, update=True)
    assert updated.made >= 1
    sources = [each.document for each in read_questions(Files.of(tmp_path).questions)]
    assert sources.count("faq.md") == len(before.outcomes)


def test_update_asks_anew_about_a_document_that_was_rewritten(tmp_path: Path) -> None:
    index = make_index(tmp_path / "index", FAQ)
    check(index, tmp_path)
    rewritten = make_document(
        "faq.md", "Q: Do you repair lamps?\nA: Yes, every lamp that we sold, for twelve euros."
    )
    index = make_index(tmp_path / "index", rewritten)
    stale = check(index, tmp_path).run
    assert {each.state for each in stale.outcomes} == {"stale"}
    assert stale.unasked == ("faq.md",)
    run = check(index, tmp_path, update=True).run
    assert (run.count("passed"), run.count("stale")) == (1, len(stale.outcomes))


def test_a_run_that_looks_further_does_not_become_the_accepted_one(tmp_path: Path) -> None:
    index = make_index(tmp_path / "index", FAQ)
    files = Files.of(tmp_path)
    check(index, tmp_path)
    check_store("shop", index, Retriever(index, HashEmbeddings()), files, top_k=20)
    accepted, last = read_run(files.accepted), read_run(files.last)
    assert accepted
    assert last
    assert (accepted.top_k, last.top_k) == (5, 20)


def test_a_regression_is_told_until_it_is_mended_or_accepted(tmp_path: Path) -> None:
    index = make_index(tmp_path / "index", FAQ)
    assert not check(index, tmp_path).is_regression
    assert check(index, tmp_path, Blind()).is_regression
    assert check(index, tmp_path, Blind()).is_regression
    assert not check(index, tmp_path).is_regression
    assert check(index, tmp_path, Blind(), accept=True).is_regression
    assert not check(index, tmp_path, Blind()).is_regression
    accepted = read_run(Files.of(tmp_path).accepted)
    assert accepted
    assert accepted.count("passed") == 0


def test_an_empty_store_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no questions"):
        check(make_index(tmp_path / "index"), tmp_path)
