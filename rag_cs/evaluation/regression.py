"""One store's regression test from beginning to end: questions made or read, run, compared,
kept. What `rag-cs evaluate` calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag_cs.errors import InvalidInput
from rag_cs.evaluation.html import write_page
from rag_cs.evaluation.question_file import (
    add_questions,
    keep_questions,
    read_questions,
    write_questions,
)
from rag_cs.evaluation.questions import Question, make_questions
from rag_cs.evaluation.suite import (
    Changes,
    Run,
    Searcher,
    changes_since,
    is_current,
    read_run,
    run_suite,
    write_run,
)
from rag_cs.evaluation.suite_reports import suite_page
from rag_cs.index.base import ChunkIndex
from rag_cs.policies import in_force
from rag_cs.retrieve import today
from rag_cs.types import Document


@dataclass(frozen=True, slots=True)
class Files:
    """Where a store's suite is kept: beside its index, so that backup and deletion include it."""

    questions: Path
    accepted: Path
    last: Path
    page: Path

    @classmethod
    def of(cls, store_folder: Path) -> Files:
        """The usual places in a store's folder."""
        folder = store_folder / "evaluation"
        return cls(
            questions=folder / "questions.csv",
            accepted=folder / "accepted.json",
            last=folder / "last.json",
            page=folder / "report.html",
        )

    @classmethod
    def beside(cls, questions: Path, *, create: bool = False) -> Files:
        """The places for a questions file of its own, all named after it. Raises InvalidInput
        unless the file exists or `create` is set: a slip in a path must not pass for a test."""
        if not create and not questions.exists():
            raise InvalidInput(f"There is no file {str(questions)!r}; --update makes it.")
        return cls(
            questions=questions,
            accepted=questions.with_suffix(".accepted.json"),
            last=questions.with_suffix(".last.json"),
            page=questions.with_suffix(".html"),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """A run with what changed since the accepted one; `made` questions were written for it."""

    run: Run
    changes: Changes | None
    made: int

    @property
    def is_regression(self) -> bool:
        """Whether a question that was answered in the accepted run isn't any more."""
        return bool(self.changes and self.changes.broken)


def check_store(
    name: str,
    index: ChunkIndex,
    retriever: Searcher,
    files: Files,
    *,
    top_k: int,
    update: bool = False,
    accept: bool = False,
) -> Result:
    """Run a store's suite, making it when it isn't there, and keep what came out.

    Only documents in force today are asked about. `update` adds `new_questions`. A run without a
    regression is the accepted one from then on, if it looked as far; `accept` makes it so in any
    case. Raises InvalidInput for an empty store, and for a damaged file, which is named with its
    line.
    """
    records = index.documents()
    held = in_force(records, today())
    documents = [index.document(record.id) for record in records if record.id in held]
    questions = read_questions(files.questions) if files.questions.exists() else []
    kept = len(questions)
    if update or not questions:
        questions += new_questions(questions, documents)
    before = read_run(files.accepted)
    run = run_suite(questions, documents, retriever, top_k)
    changes = changes_since(run, before) if before else None
    result = Result(run, changes, len(questions) - kept)
    as_far = before is None or before.top_k == top_k
    accept = accept or (as_far and not result.is_regression)
    _keep(name, files, questions[kept:], result, accept=accept)
    return result


def new_questions(held: Sequence[Question], documents: Sequence[Document]) -> list[Question]:
    """Questions about the documents that none is about, or none that isn't out of date."""
    current = {question.document for question in held if is_current(question, documents)}
    known = {(question.document, question.question) for question in held}
    return [
        question
        for question in make_questions(documents)
        if question.document not in current and (question.document, question.question) not in known
    ]


def forget_the_deleted(store_folder: Path, documents: Sequence[Document]) -> int:
    """Take out of a store's suite what quotes documents that aren't there any more, or not in that
    version; how many questions. A merchant's own questions stay; what the program can make again
    goes. Raises InvalidInput for a damaged file."""
    files = Files.of(store_folder)
    if not files.questions.parent.is_dir():
        return 0
    gone = 0
    if files.questions.exists():
        gone = keep_questions(
            files.questions, lambda each: each.kind == "own" or is_current(each, documents)
        )
    for path in (files.last, files.page, *files.questions.parent.glob(".*")):
        path.unlink(missing_ok=True)
    if accepted := read_run(files.accepted):
        texts = {document.source: document.text for document in documents}
        kept = (each for each in accepted.outcomes if each.quote in texts.get(each.document, ""))
        write_run(
            files.accepted,
            Run(
                accepted.top_k,
                tuple(replace(outcome, instead="") for outcome in kept),
                tuple(source for source in accepted.unasked if source in texts),
                tuple(source for source in accepted.unreached if source in texts),
            ),
        )
    return gone


def _keep(
    name: str, files: Files, made: Sequence[Question], result: Result, *, accept: bool
) -> None:
    if made:
        write = add_questions if files.questions.exists() else write_questions
        write(files.questions, made)
    write_run(files.last, result.run)
    if accept:
        write_run(files.accepted, result.run)
    write_page(files.page, suite_page(name, result.run, result.changes))
