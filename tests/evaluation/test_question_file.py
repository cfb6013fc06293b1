from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.question_file import (
    add_questions,
    keep_questions,
    read_questions,
    write_questions,
)
from rag_cs.evaluation.questions import Question

HEADER = "question,document,quote\n"
NEW = Question("能退货吗？", "faq", "polite", "b.md", "自签收之日起7天内可以退货。", 3, 17)

cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), min_size=1
).filter(lambda text: text.strip() and text.strip("\r\n") == text and not text.startswith("\ufeff"))


suites = st.lists(
    st.builds(Question, cells, st.just("faq"), st.just(""), cells, cells,
              st.integers(0, 99), st.integers(0, 99)),
    unique_by=lambda each: (each.document, each.question),
    min_size=1,
    max_size=5,
)  # fmt: skip


@given(suites)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, questions: list[Question]
) -> None:
    path = tmp_path_factory.mktemp("suite") / "questions.csv"
    write_questions(path, questions)
    assert read_questions(path) == questions


@given(suites, st.integers(0, 31))
def test_what_is_not_to_be_kept_is_dropped_and_the_rest_stays(
    tmp_path_factory: pytest.TempPathFactory, questions: list[Question], chosen: int
) -> None:
    path = tmp_path_factory.mktemp("suite") / "questions.csv"
    write_questions(path, questions)
    kept = [each for number, each in enumerate(questions) if chosen >> number & 1]
    assert keep_questions(path, kept.__contains__) == len(questions) - len(kept)
    assert read_questions(path) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,document\nx,y\n", r"questions\.csv, line 1 has no column 'quote'"),
        ("question,document,quote\n,a.md,q\n", "line 2: `question` is empty"),
        ("question,document,quote\nx,a.md,\n", "line 2: `quote` is empty"),
        ("question,document,quote\nx,a.md,q\nx,a.md,q\n", "line 3 repeats"),
        ("question,document,quote,start\nx,a.md,q,ten\n", "line 2: `start` and `end`"),
        (HEADER + "x,a.md,yes, it is\n", "line 2 has 4 cells, and line 1 names 3"),
        (HEADER + 'x,a.md,"two\nlines"\n,a.md,q\n', "line 4: `question` is empty"),
        (HEADER + 'x,a.md,q\ny,a.md,"never closed\nz,a.md,q\n', "line 3 is no CSV"),
        ("", "is empty. Delete it"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "questions.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_questions(path)


def test_what_spreadsheet_programs_save_is_read(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    header = "Question;Document;Quote;my notes"
    line = "运费多少？;运费.md;满199元包邮，偏远地区除外。;好"
    path.write_bytes(f"{header}\r\n{line}\r\n\r\n".encode("gb18030"))
    (question,) = read_questions(path)
    assert (question.question, question.kind) == ("运费多少？", "own")
    assert question.quote == "满199元包邮，偏远地区除外。"


def test_dropping_a_line_changes_no_other(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    lines = ["Question;document;quote;mine", '"a\nb";a.md;q;"x"', "c;c.md;q;", "", "d;d.md;q;y"]
    path.write_bytes("\r\n".join([*lines, ""]).encode("gb18030"))
    assert keep_questions(path, lambda each: each.document != "c.md") == 1
    assert path.read_bytes().decode("utf-8-sig").split("\r\n") == [*lines[:2], *lines[3:], ""]
    assert keep_questions(path, lambda _: True) == 0


def test_added_lines_keep_the_columns_and_everything_that_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    mine = "quote,my notes,question,document\nYes.,ask Ann,May I?,a.md"
    path.write_text(mine, "utf-8")
    add_questions(path, [NEW])
    text = path.read_bytes().decode("utf-8-sig")
    assert text == f"{mine}\r\n{NEW.quote},,{NEW.question},b.md\r\n"
    assert [each.question for each in read_questions(path)] == ["May I?", "能退货吗？"]


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can't be read"):
        read_questions(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="can't be written"):
        write_questions(tmp_path / "file" / "questions.csv", [NEW])
