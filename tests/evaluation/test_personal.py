from __future__ import annotations

from pathlib import Path

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.personal import milliseconds, mistakes, read_labelled, score, untouched
from rag_cs.privacy import Finding


def write(folder: Path, *lines: str) -> Path:
    path = folder / "texts.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


TEXTS = (
    '{"text": "打{PHONE:123}或{PHONE:456}", "language": "zh", "part": "a"}',
    '{"text": "none", "language": "en", "part": "b"}',
)


def test_labels_are_spans_of_the_text_without_them(tmp_path: Path) -> None:
    first, second = read_labelled(write(tmp_path, *TEXTS))
    assert (first.text, first.language, first.part) == ("打123或456", "zh", "a")
    assert first.labels == (Finding(1, 4, "PHONE"), Finding(5, 8, "PHONE"))
    assert second.labels == ()


@pytest.mark.parametrize(
    "line", ["x", "{}", '{"text": "{NONSENSE:1}", "language": "zh", "part": "a"}', "[]"]
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InvalidInput, match=r"texts\.jsonl, line 2"):
        read_labelled(write(tmp_path, TEXTS[0], line))


def test_scores_are_counted(tmp_path: Path) -> None:
    texts = read_labelled(write(tmp_path, *TEXTS))

    def find(text: str) -> list[Finding]:
        found = [Finding(1, 4, "PHONE"), Finding(5, 6, "PHONE"), Finding(0, 1, "NAME")]
        return found if text != "none" else [Finding(0, 4, "NAME")]

    rows = {(row.language, row.kind): row for row in score(texts, find)}
    phones = rows["zh", "PHONE"]
    assert (phones.labels, phones.covered, phones.findings, phones.right, phones.exact) == (
        2,
        1,
        2,
        2,
        1,
    )
    assert (phones.recall, phones.precision) == (0.5, 1.0)
    assert rows["zh", "NAME"].precision == 0.0
    assert rows["zh", "all"].findings == 3
    assert rows["en", "all"].recall == 1.0
    assert untouched(texts, find) == (0, 1)
    assert len(list(mistakes(texts, find))) == 2
    assert milliseconds(texts, find)[0] >= 0
