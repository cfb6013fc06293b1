from __future__ import annotations

from datetime import date
from pathlib import Path

from rag_cs.check import Findings, check_documents
from rag_cs.check_report import as_rows, as_text
from tests.builders import make_document, make_index

DAY = date(2026, 6, 1)
SHIPPING = make_document(
    "shipping.html", "A parcel waits in a parcel locker for 3 days.", "Ask us anything else."
)
FAQ = make_document(
    "faq.csv", "A parcel waits in a parcel locker for 5 days; after that it goes back."
)
SALE = make_document("sale.md", "The summer sale of garden furniture runs until 31 May 2025.")


def check(folder: Path, *documents: object) -> Findings:
    return check_documents(make_index(folder, *documents), DAY)  # type: ignore[arg-type]


def test_a_store_without_documents_has_nothing_to_correct(tmp_path: Path) -> None:
    found = check(tmp_path)
    assert len(found) == 0
    assert as_text(found, "shop") == "Store 'shop' holds no documents in force."


def test_documents_that_agree_are_left_alone(tmp_path: Path) -> None:
    found = check(tmp_path, SHIPPING)
    assert len(found) == 0
    assert "1 documents in force agree" in as_text(found, "shop")


def test_each_disagreement_is_told_once_with_both_quotes(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    index = make_index(tmp_path, SHIPPING, FAQ)
    found = check_documents(index, DAY, lambda done, total: seen.append((done, total)))
    assert [conflict.kind for conflict in found.conflicts] == ["duration"]
    text = as_text(found, "shop")
    assert "“A parcel waits in a parcel locker for 3 days.”" in text
    assert "“A parcel waits in a parcel locker for 5 days; after that it goes back.”" in text
    assert seen == [(1, 2), (2, 2)]
    (conflict,) = as_rows(found)["conflicts"]
    for side, document in zip(conflict["statements"], (FAQ, SHIPPING), strict=True):
        assert side["quote"] == document.text[side["start"] : side["end"]]


def test_versions_of_one_policy_do_not_disagree(tmp_path: Path) -> None:
    text = "Gift cards are valid for {} months after purchase."
    old = make_document(
        "old.md", text.format(12), title="Gift cards",
        metadata={"effective_from": "2025-01-01", "effective_until": "2025-12-31"},
    )  # fmt: skip
    new = make_document(
        "new.md", text.format(36), title="Gift cards", metadata={"effective_from": "2026-01-01"}
    )
    assert len(check(tmp_path, old, new)) == 0


def test_passages_that_stand_twice_are_told_once(tmp_path: Path) -> None:
    text = "Unused goods can be returned within seven days of their delivery."
    one, other = make_document("a.md", text), make_document("b.md", text)
    found = check(tmp_path, one, other, make_document("c.md", text.replace("seven", "nine")))
    assert len(found.duplicates) == 1
    assert {chunk.document_id for chunk in found.duplicates[0]} == {one.id, other.id}
    assert "say the same twice" in as_text(found, "shop")
    assert len(as_rows(found)["duplicates"][0]) == 2


def test_what_is_past_its_day_is_told(tmp_path: Path) -> None:
    ended = make_document(
        "winter.md", "Skates are sold in winter.", metadata={"effective_until": "2026-02-28"}
    )
    found = check(tmp_path, SALE, ended)
    assert [statement.text for statement in found.past] == [SALE.text]
    assert [record.source for record in found.lapsed] == ["winter.md"]
    text = as_text(found, "shop")
    assert "names an end that has passed" in text
    assert "ended on 2026-02-28" in text
    assert as_rows(found)["lapsed"][0]["source"] == "winter.md"
