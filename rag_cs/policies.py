"""Documents in time: when a document is in force, and which version of a policy is on a day.

Pure. Knows the words that merchants date documents with, in English and Chinese; nothing of
files, stores, or what day it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Protocol

from rag_cs.dates import day_in, days_stated
from rag_cs.errors import InvalidInput
from rag_cs.text import normalise
from rag_cs.types import Document

# The fields of a document's metadata that this module reads and writes. Dates as YYYY-MM-DD.
FROM, UNTIL, VERSION, POLICY = "effective_from", "effective_until", "version", "policy"
_NAMES = {
    FROM: "effective from / effective / effective date / valid from / "
    "生效日期 / 实施日期 / 施行日期",
    UNTIL: "effective until / expires / expiry date / valid until / 失效日期 / 有效期至",
    VERSION: "version / 版本 / 版本号",
    POLICY: "policy / 政策",
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split(" / ")}
_MAX_VALUE_CHARACTERS = 200
# How far into a document a dated line counts as dating the document.
_OPENING_CHARACTERS = 1_000
# A row, a question or an item of a list dates what it tells of, not the document.
_OPENING_KINDS = {"heading", "paragraph", "table"}


class Dated(Protocol):
    """What of a document matters here; `Document` and `DocumentRecord` have it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def metadata(self) -> Mapping[str, str]: ...  # noqa: D102


# What a document says of itself


def field_of(name: str) -> str | None:
    """The metadata field that a name in front matter stands for, in either language."""
    return _FIELDS.get(" ".join(re.sub(r"[_-]", " ", normalise(name)).split()))


def parse_day(value: str, field: str) -> date:
    """A day given as YYYY-MM-DD. Raises InvalidInput that names the field and the value."""
    stated = value.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", stated, re.ASCII):
            return date.fromisoformat(stated)
    except ValueError:
        pass
    raise _no_date(field, value)


def stated(
    effective_from: str = "", effective_until: str = "", version: str = "", policy: str = ""
) -> dict[str, str]:
    """The fields that were given with a file, checked; empty ones count as not given.

    Raises InvalidInput for a date that isn't one and for an end before the beginning.
    """
    given = {FROM: effective_from, UNTIL: effective_until, VERSION: version, POLICY: policy}
    fields = {field: _one_line(value) for field, value in given.items() if value.strip()}
    for field in (FROM, UNTIL):
        if field in fields:
            parse_day(fields[field], field)
    _check_order(fields)
    return fields


def dated(document: Document, given: Mapping[str, str]) -> Document:
    """`document` with its dates, version and policy in its metadata.

    Each field comes from `given` (see `stated`), else from the document's front matter, else,
    for the dates, from a line at its beginning that dates it. Raises InvalidInput for front
    matter whose date isn't one, and for an end before the beginning; a dated line that makes no
    sense is ignored.
    """
    own, rest = {}, {}
    for name, value in document.metadata.items():
        field = field_of(name)
        if field is None:
            rest[name] = value
        elif not value.strip():
            continue
        elif field in (FROM, UNTIL):
            own[field] = _written_day(value, name, document.source).isoformat()
        else:
            own[field] = _one_line(value)
    fields = own | dict(given)
    _check_order(fields, f"{document.source}: ")
    for edge, day in days_stated(_opening(document)):
        more = {FROM if edge == "first" else UNTIL: day.isoformat()} | fields
        if _is_ordered(more):
            fields = more
    return replace(document, metadata=rest | fields)


def _opening(document: Document) -> list[str]:
    parts = [
        document.text[block.start : min(block.end, _OPENING_CHARACTERS)]
        for block in document.blocks
        if block.kind in _OPENING_KINDS and block.start < _OPENING_CHARACTERS
    ]
    return [line for part in parts for line in part.split("\n")]


def _written_day(value: str, name: str, source: str) -> date:
    day = day_in(value)
    if day is None:
        raise _no_date(f"{source}: {name}", value)
    return day


def _no_date(field: str, value: str) -> InvalidInput:
    return InvalidInput(
        f"{field} is {value[:40]!r}, which is not a date. Write it as YYYY-MM-DD, as in 2026-03-01."
    )


def _one_line(value: str) -> str:
    return " ".join(value.split())[:_MAX_VALUE_CHARACTERS]


def _check_order(fields: Mapping[str, str], where: str = "") -> None:
    if not _is_ordered(fields):
        raise InvalidInput(
            f"{where}{UNTIL} ({fields[UNTIL]}) lies before {FROM} ({fields[FROM]}). Correct one "
            "of them, as YYYY-MM-DD."
        )


def _is_ordered(fields: Mapping[str, str]) -> bool:
    return fields.get(FROM, "") <= fields.get(UNTIL, "9999-12-31")


# What is in force


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    first: date | None
    last: date | None
    number: tuple[tuple[int, ...], str]

    @property
    def is_dated(self) -> bool:
        return bool(self.first or self.last)

    @property
    def rank(self) -> tuple[date, tuple[tuple[int, ...], str]]:
        """Of two versions, the later one's is greater."""
        return self.first or date.min, self.number

    def covers(self, day: date) -> bool:
        return (self.first or date.min) <= day <= (self.last or date.max)


class Timeline:
    """What of some documents is out of force on a day.

    Documents are versions of one policy when they name the same policy or, where they name none,
    have the same title, but for case, width, spaces and punctuation. Of its versions that cover
    the day the latest holds: by its beginning, then by its number. Several that agree in both,
    such as one version in two languages, hold together. Documents without dates hold unless a
    dated version of the same policy does.
    """

    def __init__(self, records: Iterable[Dated]) -> None:
        policies: dict[str, list[_Version]] = defaultdict(list)
        for record in records:
            policies[_policy_of(record)].append(_version_of(record))
        # Time matters to these only: mostly to few of a store's documents, or to none.
        self._policies = [
            versions for versions in policies.values() if any(each.is_dated for each in versions)
        ]

    def out_of_force(self, day: date) -> frozenset[str]:
        """The ids of the documents that aren't in force on that day."""
        known = {version.id for version in chain.from_iterable(self._policies)}
        holding = {version.id for versions in self._policies for version in _held(versions, day)}
        return frozenset(known - holding)


def in_force(records: Iterable[Dated], as_of: date) -> frozenset[str]:
    """The ids of the documents in force on a day: see `Timeline`."""
    records = list(records)
    return frozenset(each.id for each in records) - Timeline(records).out_of_force(as_of)


def lapsed(records: Iterable[Dated], as_of: date) -> frozenset[str]:
    """The ids of the documents that ended before a day and have no later version: of their policy
    nothing holds any more."""
    records = list(records)
    held = in_force(records, as_of)
    living = {_policy_of(each) for each in records if each.id in held}
    return frozenset(
        each.id
        for each in records
        if _policy_of(each) not in living and (_day(each, UNTIL) or date.max) < as_of
    )


def first_in_force(records: Iterable[Dated]) -> date | None:
    """The first day from which a dated document holds; None when none states one."""
    return min((day for each in records if (day := _day(each, FROM))), default=None)


def _held(versions: Sequence[_Version], day: date) -> list[_Version]:
    covering = [version for version in versions if version.is_dated and version.covers(day)]
    if not covering:
        return [version for version in versions if not version.is_dated]
    latest = max(version.rank for version in covering)
    return [version for version in covering if version.rank == latest]


def _version_of(record: Dated) -> _Version:
    stated_version = normalise(record.metadata.get(VERSION, ""))
    numbers = [int(number) for number in re.findall(r"\d+", stated_version)]
    while numbers and not numbers[-1]:
        numbers.pop()  # version 2.0 is version 2
    number = (tuple(numbers), "" if numbers else stated_version)
    return _Version(record.id, _day(record, FROM), _day(record, UNTIL), number)


def _day(record: Dated, field: str) -> date | None:
    """A stored date; None where metadata from elsewhere holds something else."""
    try:
        return parse_day(record.metadata.get(field, ""), field)
    except InvalidInput:
        return None


def _policy_of(record: Dated) -> str:
    name = normalise(record.metadata.get(POLICY, "") or record.title)
    return "".join(character for character in name if character.isalnum()) or record.id
