"""A folder of passages, queries and judgements, as BEIR lays them out -> a frozen Dataset.

Knows the files and what may be wrong in them; knows nothing of indexes or retrieval. Every
error names the file and, where there is one, the line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rag_cs.errors import InvalidInput
from rag_cs.text import detect_language, trim
from rag_cs.types import Block, Document, Turn

CORPUS_FILE = "corpus.jsonl"
QUERIES_FILE = "queries.jsonl"
JUDGEMENTS_FILE = "qrels.tsv"
ANSWERS_FILE = "answers.jsonl"

# What data sets call the two sides of a conversation.
_ROLES = {"user": "user", "assistant": "assistant", "agent": "assistant", "system": "assistant"}
_COLUMNS = ("query-id", "corpus-id", "score")
# Where a record came from, for messages: `folder/file, line n`.
Place = str
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Passage:
    """One entry of the corpus. Metadata values are strings; others are kept as their JSON."""

    id: str
    title: str
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """A question with the conversation before it, oldest turn first."""

    id: str
    text: str
    history: tuple[Turn, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """What an answer may say, in several wordings; none where the corpus can't tell."""

    answers: tuple[str, ...]
    answerable: bool


@dataclass(frozen=True, slots=True)
class Dataset:
    """`relevant` maps a query's id to passage ids with their grades (0: judged irrelevant).

    Queries without a relevant passage are kept, since an assistant should refuse them;
    `expected` is empty where the folder has no answers.
    """

    name: str
    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]
    relevant: Mapping[str, Mapping[str, int]]
    expected: Mapping[str, ExpectedAnswer] = field(default_factory=dict)

    def judged_queries(self) -> tuple[Query, ...]:
        """The queries that have at least one relevant passage: those retrieval is measured on."""
        return tuple(
            query for query in self.queries if any(self.relevant.get(query.id, {}).values())
        )


def read_dataset(folder: Path) -> Dataset:
    """The data set in `folder`: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` and, if it is
    there, `answers.jsonl`. Raises InvalidInput that names file and line."""
    if not folder.is_dir():
        raise InvalidInput(
            f"There is no folder {str(folder)!r}. A data set is a folder that holds "
            f"{CORPUS_FILE}, {QUERIES_FILE} and {JUDGEMENTS_FILE}."
        )
    passages = _read_records(folder / CORPUS_FILE, _passage)
    queries = _read_records(folder / QUERIES_FILE, _query)
    relevant = _read_judgements(folder / JUDGEMENTS_FILE, passages, queries)
    answers = folder / ANSWERS_FILE
    expected = _read_records(answers, _expected) if answers.exists() else {}
    return Dataset(
        name=folder.resolve().name,
        passages=tuple(passages.values()),
        queries=tuple(queries.values()),
        relevant=relevant,
        expected=expected,
    )


def to_document(passage: Passage) -> Document:
    """A passage as a document: its own id, and one paragraph block a line of its text.

    A passage without text is its title.
    """
    text = passage.text if passage.text.strip() else passage.title
    digest = hashlib.sha256(
        json.dumps([passage.title, passage.text, dict(passage.metadata)]).encode()
    )
    return Document(
        id=passage.id,
        source=passage.id,
        title=passage.title,
        text=text,
        blocks=tuple(Block("paragraph", start, end) for start, end in _lines(text)),
        media_type="text/plain",
        sha256=digest.hexdigest(),
        language=detect_language(f"{passage.title} {text}"),
        metadata=passage.metadata,
    )


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        trimmed = trim(text, start, start + len(line))
        if trimmed[0] < trimmed[1]:
            yield trimmed
        start += len(line)


def _read_lines(path: Path) -> Iterator[tuple[Place, str]]:
    """`(place, line)` of every line that isn't blank."""
    shown = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                place = f"{shown}, line {number}"
                try:
                    decoded = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    raise InvalidInput(f"{place} isn't UTF-8. Save the file as UTF-8.") from None
                if decoded.strip():
                    yield place, decoded.rstrip("\r\n")
    except FileNotFoundError:
        raise InvalidInput(f"{shown} is missing. A data set needs that file.") from None
    except OSError as error:
        raise InvalidInput(f"{shown} can't be read: {error.strerror}.") from error


def _read_records(
    path: Path, parse: Callable[[Mapping[str, Any], Place], Record]
) -> dict[str, Record]:
    """The records of a JSON-lines file by `_id`, in order; never empty."""
    records: dict[str, Record] = {}
    for place, line in _read_lines(path):
        row = _parse_json(line, place)
        identifier = row.get("_id")
        if not isinstance(identifier, str) or not identifier:
            raise InvalidInput(f"{place} has no `_id`, or one that isn't a string.")
        if identifier in records:
            raise InvalidInput(f"{place} repeats the `_id` {identifier!r}. Each must be unique.")
        records[identifier] = parse(row, place)
    if not records:
        raise InvalidInput(f"{path.parent.name}/{path.name} holds no records.")
    return records


def _parse_json(line: str, place: Place) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        where = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInput(f"{place}{where} isn't JSON. Each line must be one object.") from None
    if not isinstance(row, dict):
        raise InvalidInput(f'{place} must be a JSON object, such as {{"_id": …}}.')
    return row


def _passage(row: Mapping[str, Any], place: Place) -> Passage:
    title, text = _string(row, "title", place), _string(row, "text", place)
    if not (title + text).strip():
        raise InvalidInput(f"{place} has neither a `title` nor a `text`.")
    return Passage(row["_id"], title, text, _metadata(row, place))


def _query(row: Mapping[str, Any], place: Place) -> Query:
    text = _string(row, "text", place)
    if not text.strip():
        raise InvalidInput(f"{place} has no `text` to search for.")
    return Query(row["_id"], text, _history(row, place), _metadata(row, place))


def _expected(row: Mapping[str, Any], place: Place) -> ExpectedAnswer:
    answers = row.get("answers")
    if not isinstance(answers, list) or not all(isinstance(one, str) for one in answers):
        raise InvalidInput(f"{place}: `answers` must be a list of strings.")
    answerable = row.get("answerable", bool(answers))
    if not isinstance(answerable, bool):
        raise InvalidInput(f"{place}: `answerable` must be true or false.")
    return ExpectedAnswer(tuple(answers), answerable)


def _string(row: Mapping[str, Any], name: str, place: Place) -> str:
    value = row.get(name) or ""
    if not isinstance(value, str):
        raise InvalidInput(f"{place}: `{name}` must be a string.")
    return value


def _metadata(row: Mapping[str, Any], place: Place) -> dict[str, str]:
    metadata = row.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise InvalidInput(f"{place}: `metadata` must be an object.")
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in metadata.items()
        if value is not None
    }


def _history(row: Mapping[str, Any], place: Place) -> tuple[Turn, ...]:
    history = row.get("history") or []
    if not isinstance(history, list):
        raise InvalidInput(f"{place}: `history` must be a list of turns.")
    return tuple(_turn(turn, place) for turn in history)


def _turn(turn: Any, place: Place) -> Turn:
    role = _ROLES.get(str(turn.get("role"))) if isinstance(turn, dict) else None
    if role is None or not isinstance(turn.get("text"), str):
        raise InvalidInput(
            f"{place}: a turn of `history` must be an object with a `text` and a `role`, "
            f"one of {', '.join(_ROLES)}."
        )
    return Turn("user" if role == "user" else "assistant", turn["text"])


def _read_judgements(
    path: Path, passages: Mapping[str, Passage], queries: Mapping[str, Query]
) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    lines = _read_lines(path)
    place, header = next(lines, (f"{path.parent.name}/{path.name}", ""))
    if tuple(header.split("\t")) != _COLUMNS:
        raise InvalidInput(f"{place} must be the header {', '.join(_COLUMNS)}, separated by tabs.")
    for place, line in lines:
        query, passage, grade = _judgement(line, place)
        if query not in queries:
            raise InvalidInput(f"{place} names query {query!r}, which {QUERIES_FILE} doesn't have.")
        if passage not in passages:
            raise InvalidInput(
                f"{place} names passage {passage!r}, which {CORPUS_FILE} doesn't have."
            )
        relevant.setdefault(query, {})[passage] = grade
    if not any(grade for grades in relevant.values() for grade in grades.values()):
        raise InvalidInput(f"{path.parent.name}/{path.name} judges no passage relevant.")
    return relevant


def _judgement(line: str, place: Place) -> tuple[str, str, int]:
    columns = line.split("\t")
    if len(columns) != len(_COLUMNS):
        raise InvalidInput(
            f"{place} has {len(columns)} columns; it must have {len(_COLUMNS)}, "
            f"separated by tabs: {', '.join(_COLUMNS)}."
        )
    try:
        grade = int(columns[2])
    except ValueError:
        grade = -1
    if grade < 0:
        raise InvalidInput(
            f"{place}: the score {columns[2]!r} must be a whole number, 0 or greater."
        )
    return columns[0], columns[1], grade
