"""Codes, figures and articles that people look up, in tables, sheets and text -> candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.evaluation.asking import chinese, english
from rag_cs.evaluation.asking.parts import (
    Candidate,
    Cell,
    Part,
    QuestionKind,
    Row,
    Section,
    read_rows,
)
from rag_cs.text import detect_language, split_sentences

CODE = re.compile(r"(?=[A-Z/-]*\d)(?=[\d/-]*[A-Z])[A-Z\d]+(?:[-/][A-Z\d]+)*")
_SHORT_CODE = re.compile(r"[A-Z]{1,3}-?\d{1,4}")
_FAULTS = re.compile(r"error|fault|alarm|warning code|故障|错误|报警|代码", re.IGNORECASE)
_FAULT_IN_TEXT = re.compile(
    r"(?:显示|故障|错误|代码|error|code|fault|shows)\s*[“\"「']?(?P<code>[A-Z]{1,3}-?\d{1,4})[”\"」']?"
    r"\s*(?:[:：—–]|means|indicates|表示|代表)",
    re.IGNORECASE,
)
_VALUE = re.compile(r"values?|data|specifications?|值|数值|参数值?|规格", re.IGNORECASE)
_MEANING = re.compile(
    r"meaning|description|definition|explanation|含义|说明|描述|解释|释义", re.IGNORECASE
)
_SERIAL = re.compile(r"序号|编号|id|no\.?|#|number|index", re.IGNORECASE)
# Columns that a figure may stand in without being what is asked for.
_NO_FIGURE = re.compile(
    r"how|what|when|if|notes?|remarks?|description|.*name|.*date|怎么|如何|何时|备注|说明|描述|.*名称|.*日期",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\s*[(（][^)）]*[)）]")
_ARTICLE = re.compile(r"(?P<number>第[零一二三四五六七八九十百\d]+条)[\s\u3000]+\S")
TEMPLATE = re.compile(
    r"[{}<>]|!\[|https?:|©|copyright|all rights reserved|版权所有|ICP备|cookie", re.IGNORECASE
)
_MAX_KEY, _MAX_NAME, _MAX_VALUE, _MAX_ARTICLE = 40, 25, 60, 400


def lookups(text: str, section: Section, title: str) -> Iterator[Candidate]:
    """Every candidate that the parts of a section give."""
    for part in section.parts:
        if part.kind in ("table", "rows"):
            for turn, row in enumerate(read_rows(text, part)):
                if not TEMPLATE.search(text[row[0].start : row[-1].end] if row else "{}"):
                    yield from _of_row(row, turn, section.heading)
        elif part.kind in ("prose", "list"):
            yield from _of_prose(text, part, section.heading, title)


def _of_row(row: Row, turn: int, heading: str) -> Iterator[Candidate]:
    """At most one question of a row. `turn` counts the rows: each asks of another column."""
    told = [cell for cell in row if cell.value and not _SERIAL.fullmatch(cell.name)]
    if len(told) < 2 or len(told[0].value) > _MAX_KEY:
        return
    key, *others = told
    figures = [cell for cell in others if _is_figure(cell)]
    is_chinese = detect_language("".join(cell.name for cell in told)) == "zh"
    means = any(_MEANING.fullmatch(cell.name) for cell in others)
    if _SHORT_CODE.fullmatch(key.value) and (means or _FAULTS.search(f"{heading} {key.name}")):
        yield Candidate(_meaning(key.value, is_chinese), "code", key.start, others[-1].end)
    elif figures:
        cell = figures[turn % len(figures)]
        kind: QuestionKind = "code" if CODE.fullmatch(key.value) else "number"
        yield Candidate(_figure(key.value, cell, is_chinese), kind, key.start, cell.end)
    elif _MEANING.fullmatch(others[-1].name) and _is_term(key.value):
        yield Candidate(_meaning(key.value, is_chinese), "term", key.start, others[-1].end)


def _is_figure(cell: Cell) -> bool:
    fits = 0 < len(cell.name) <= _MAX_NAME and len(cell.value) <= _MAX_VALUE
    told = bool(re.search(r"\d", cell.value)) and not CODE.search(cell.value)
    return fits and told and not _NO_FIGURE.match(cell.name)


def _is_term(value: str) -> bool:
    return len(value) >= 4 if detect_language(value) == "zh" else len(value.split()) >= 2


def _meaning(term: str, is_chinese: bool) -> str:
    if is_chinese:
        return f"{term}是什么意思？"
    return f"What does {term} mean?" if CODE.fullmatch(term) else f"What does “{term}” mean?"


def _figure(key: str, cell: Cell, is_chinese: bool) -> str:
    name = _IN_BRACKETS.sub("", cell.name).strip()
    if _VALUE.fullmatch(name):
        key = _IN_BRACKETS.sub("", key)
        return f"{key}是多少？" if is_chinese else f"What is the {english.small_first(key)}?"
    if is_chinese:
        return f"{key}的{name}是多少？"
    if CODE.fullmatch(key):
        return f"What is the {english.small_first(name)} of {key}?"
    return f"What is the {english.small_first(name)} for {english.small_first(key)}?"


def _of_prose(text: str, part: Part, heading: str, title: str) -> Iterator[Candidate]:
    article = _ARTICLE.match(text, part.start, part.end)
    told = text[part.start : part.end]
    whole = len(told) <= _MAX_ARTICLE and not told.endswith(("：", ":"))
    if article and whole and chinese.is_act(title):
        asked = f"{chinese.act_name(title)}{article['number']}规定了什么？"
        yield Candidate(asked, "article", part.start, part.end)
    for start, end in split_sentences(told):
        span = (part.start + start, part.start + end)
        sentence = text[slice(*span)]
        if TEMPLATE.search(sentence):
            continue
        is_chinese = detect_language(sentence) == "zh"
        if fault := _FAULT_IN_TEXT.search(sentence):
            yield Candidate(_meaning(fault["code"], is_chinese), "code", *span)
        elif is_chinese and (asked := chinese.number_question(sentence)):
            yield Candidate(chinese.in_context(asked, heading, title), "number", *span)
        elif not is_chinese and (asked := english.number_question(sentence, text)):
            yield Candidate(asked, "number", *span)
