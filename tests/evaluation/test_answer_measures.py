from __future__ import annotations

from dataclasses import replace

import pytest

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.answer_comparison import compare_answers
from rag_cs.evaluation.answer_marks import Marked, mark
from rag_cs.evaluation.answer_measures import groups_of, summaries, summarise
from rag_cs.evaluation.answer_questions import Question
from tests.evaluation.test_answer_marks import DOCUMENTS, RECORD

FOREIGN = "other asked of shop"


def marked(
    number: int, *, can: bool, answered: bool = True, confidence: float = 0.9, group: str = "shop"
) -> Marked:
    question = Question(
        id=f"q{number}",
        text="How long?" if number % 2 else "多久？",
        language="en" if number % 2 else "zh",
        dataset="shop",
        group=group,
        answerable=can,
        expected=("7 days",) if can else (),
        relevant=frozenset({"p1"}) if can else frozenset(),
        held_out=number < 2,
    )
    status = "answered" if answered else "abstained"
    return mark(replace(RECORD, question=question, status=status, confidence=confidence), DOCUMENTS)


ANSWERS = [
    marked(0, can=True),
    marked(1, can=True, answered=False, confidence=0.2),
    marked(2, can=False, confidence=0.5),
    marked(3, can=False, answered=False, confidence=0.1),
    marked(4, can=False, confidence=0.1, group=FOREIGN),
]
FOUND = summaries(ANSWERS)


def test_groups_are_sets_languages_and_what_is_held_out() -> None:
    groups = groups_of([each.record.question for each in ANSWERS])
    assert groups["all"] == [0, 1, 2, 3, 4]
    assert groups["shop"] == [0, 1, 2, 3]
    assert groups[FOREIGN] == [4]
    assert groups["language: en"] == [1, 3]
    assert groups["shop (held out)"] == [0, 1]
    assert f"{FOREIGN} (held out)" not in groups


def test_the_figures_of_a_group() -> None:
    found = summarise("shop", ANSWERS[:4])
    means = {name: value.mean for name, value in found.measures.items()}
    assert (found.questions, found.answerable, found.answered) == (4, 2, 2)
    assert means["f1"] == pytest.approx(means["f1_answered"] / 2)
    assert (means["contained"], means["contained_answered"]) == (0.5, 1.0)
    assert (means["refusal"], means["false_refusal"], means["coverage"]) == (0.5, 0.5, 0.5)
    assert (means["risk"], means["auroc"]) == (0.5, 0.75)
    assert (means["citation_precision"], means["backed"]) == (1.0, 1.0)
    assert len(found.risks) == 100
    assert (found.risks[0], found.risks[-1]) == (0.0, 0.75)
    assert found.counts["citations"] == 2
    assert found.counts["unsupported facts"] == 0
    assert found.first_sentence
    assert found.first_sentence.p50_milliseconds == 500


def test_a_cross_set_test_is_weighed_against_the_corpus_own_questions() -> None:
    found = {each.group: each for each in FOUND}
    foreign = found[FOREIGN]
    assert foreign.questions == 1
    assert foreign.measures["auroc"].mean == 1.0
    assert "false_refusal" not in foreign.measures
    assert foreign.measures["refusal_at_10"].mean == 1.0


def test_a_group_of_one_kind_has_no_ranking() -> None:
    found = summarise("x", ANSWERS[:1])
    assert "auroc" not in found.measures
    assert found.measures["aurc"].mean == 0


def test_two_systems_are_compared_question_by_question() -> None:
    better = [
        mark(replace(each.record, status=status), DOCUMENTS)
        for each, status in zip(
            ANSWERS, ("answered", "answered", "abstained", "abstained", "abstained"), strict=True
        )
    ]
    whole = compare_answers(ANSWERS, better)[0]
    assert whole.measures["refusal"].gain.mean == pytest.approx(2 / 3)
    assert whole.measures["false_refusal"].gain.mean == -0.5
    assert whole.measures["f1"].second > whole.measures["f1"].first
    assert whole.area_saved.mean > 0
    foreign = next(each for each in compare_answers(ANSWERS, better) if each.group == FOREIGN)
    assert foreign.area_saved.mean > 0  # weighed with the corpus' own answerable questions
    with pytest.raises(InvalidInput, match="same questions"):
        compare_answers(ANSWERS, better[::-1])
