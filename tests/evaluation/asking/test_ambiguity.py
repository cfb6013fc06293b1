from __future__ import annotations

from rag_cs.evaluation.questions import make_questions
from rag_cs.types import Document
from tests.builders import make_document

BODY = "Rinse it under running water, let it dry in the air, and put it back, arrow inwards."


def asked(*documents: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {document.source: [] for document in documents}
    for question in make_questions(documents):
        found[question.document].append(question.question)
    return found


def page(source: str, heading: str, body: str = BODY, title: str = "") -> Document:
    return make_document(source, heading, f"{source}: {body}", title=title or source)


def test_a_heading_of_two_documents_is_asked_about_with_their_names() -> None:
    found = asked(
        page("a.md", "Cleaning the filters", title="Small purifiers"),
        page("b.md", "Clean a filter", title="Large purifiers"),
    )
    assert found["a.md"] == ["About “Small purifiers”: how do I clean the filters?"]
    assert found["b.md"] == ["About “Large purifiers”: how do I clean a filter?"]


def test_a_product_manual_names_its_product() -> None:
    manual = page("m.md", "Cleaning the filter", title="AQ-300/B: User Manual")
    assert asked(manual) == {"m.md": ["About the AQ-300/B: how do I clean the filter?"]}


def test_chinese_names() -> None:
    body = "每次使用以后请用清水冲洗滤网，自然晾干以后再装回机器里面。"
    manual = make_document("m.md", "清洁滤网", body, title="HK-170说明书")
    assert asked(manual) == {"m.md": ["关于HK-170，怎么清洁滤网？"]}


def test_what_is_the_subject_of_another_document_is_asked_there_only() -> None:
    menu = page("menu", "Transactions", title="menu")
    other = page("other.md", "Transactions", title="Transactions")
    found = asked(menu, other, page("c.md", "Refund limits"))
    assert found["menu"] == []
    assert found["c.md"] == ["What are the refund limits?"]


def test_a_term_that_is_used_elsewhere_is_not_asked_for() -> None:
    table = "| Field | Description |\n| Row Total | The total |\n| Tax Class | The class |"
    first = make_document("a.md", "Totals of orders", table)
    second = make_document("b.md", "Every row total is rounded.")
    questions = [each.question for each in make_questions([first, second]) if each.kind == "term"]
    assert questions == ["What does “Tax Class” mean?"]


def test_what_stands_in_many_documents_is_left_out() -> None:
    pages = [
        make_document(f"{n}.md", f"Part {n}", "The warranty lasts 24 months.") for n in range(3)
    ]
    assert make_questions(pages) == []
