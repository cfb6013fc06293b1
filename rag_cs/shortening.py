"""A sentence of a passage and what was made of it -> whether that may stand for the sentence. One
that leaves out a condition promises more than the store does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.facts import Fact, facts_in, is_negative, split_clauses
from rag_cs.text import content_words, with_digits
from rag_cs.wanted import states, wanted, wants_fact

# Kinds of amounts by which a store tells its cases apart. Years, times of day and bare numbers do
# so in no text, and would keep "In 1066" from being an answer.
_AMOUNTS = frozenset({"money", "percent", "duration", "workdays", "measure"})
_OPENING, _CLOSING = "“\"'‘「『(（", "”\"'’」』)）"
# Share of a condition's words that must be named, by what is said or by the question.
_NAMED = 0.5

# From the word that limits to the end of its clause.
_LIMITS_EN = re.compile(
    r"\b(?:if|unless|except(?:ing)?|excluding|provided (?:that|you|the|we)"
    r"|as long as|in case|otherwise|subject to|apart from|other than|but (?:not|no(?! longer)|only)"
    r"|(?:when|once|after|before|until) (?=(?:you|your|we|our)\b)"
    r"|(?:orders?|purchases?|items?|products?|members?) (?=(?:of|over|above|under|below|from) [^a-z]))"
    r"[^,;.:()]*",
    re.IGNORECASE,
)
# What something must keep to.
_ONLY_EN = re.compile(r"\b(?<!the )(?<!not )only\b[^,;.:()]*", re.IGNORECASE)
_BOUNDS_EN = re.compile(
    r"\b(?:within|over|above|under|below|up to|at least|at most|more than|less than|no later than"
    r"|after|before|during) (?:the )?(?:first |last )?[^\w\s,;.:()]?\d[^,;.:()]*",
    re.IGNORECASE,
)
_CLAUSE_ZH = re.compile(r"[^，,；;。：:！？!?\n（）()]+")
_LIMITS_ZH = re.compile(
    r"^(?:如果|如(?!何|下|此)|若|假如|倘若|要是|只要|只有|除非|除了?|凡|仅|只限|限|否则|但|不过|满|不满|未满|超过)"
    r"|(?:的|时|后|前|的话|情况下|之内|以内|期间|以上|以下|以外)$"
    r"|仅限|只限|仅适用|只适用|限于|除外|不含|不包括|满 ?[\d¥￥]"
    r"|\d ?(?:个?工作日|天|日|个?小时|个?月|年|分钟|周)(?:之?内|以内|之?后|之?前)"
)
# Words that mark a condition, and say nothing of which.
_MARKS = content_words(
    "if unless only except provided long case otherwise subject apart other when once after before"
    " until within over above under below up least most more less than no later during first last"
    " 如果 如 若 假如 倘若 要是 只要 只有 除非 除 除了 凡 仅 只限 限 否则 但 不过 满 不满 超过 时 后 前 的话"
    " 情况 下 之内 以内 内 期间 以上 以下 以外 起 自"
)


def may_stand(said: str, sentence: str, question: str) -> bool:
    """Whether what was made of a sentence may be sent in its place: it leaves out no condition, nor
    what was asked for; and it is a part only where a fact was asked for, and the sentence states no
    other of its kind."""
    if leaves_out_condition(said, sentence, question) or _is_supposed(said, sentence):
        return False
    kinds = wanted(question)
    if states(sentence, kinds) and not states(said, kinds):
        return False
    if not is_part(said, sentence):
        return True
    if not wants_fact(question):
        return False
    known = facts_in(said) | facts_in(question)
    amounts = {fact.kind for fact in facts_in(said)} & _AMOUNTS
    return not any(fact.kind in amounts for fact in facts_in(sentence) - known)


def _is_supposed(said: str, sentence: str) -> bool:
    """Whether the sentence only supposes what is said: "it is lost", of "if it is lost"."""
    part = _bare(said)
    clauses = [_bare(each) for each in conditions(sentence)]
    return not _amounts(said) and any(part in each and part != each for each in clauses)


def is_part(said: str, sentence: str) -> bool:
    """Whether it was cut out of the midst of a clause, out of quotation marks or a row."""
    part, sentence = _bare(said), sentence.casefold()
    start = sentence.find(part)
    if start < 0:
        return False
    before, after = sentence[:start].rstrip()[-1:], sentence[start + len(part) :].lstrip()[:1]
    is_quoted = bool(before and after) and before in _OPENING and after in _CLOSING
    return is_quoted or any(each.isalnum() or each == "|" for each in (before, after))


def _bare(text: str) -> str:
    return text.casefold().strip().rstrip(".。!！")


def leaves_out_condition(said: str, sentence: str, question: str) -> bool:
    """Whether the sentence holds only under a condition that neither what is said nor the question
    names; in words of another language none is named."""
    named = content_words(said) | content_words(question)
    stated = facts_in(said) | facts_in(question)
    # "Only", and bounds of amounts, make no difference to a name.
    is_name = wants_fact(question) and is_part(said, sentence) and not _amounts(said)
    limits = conditions(sentence, bounds=not is_name)
    return any(_is_unnamed(clause, named, stated) for clause in limits)


def conditions(sentence: str, *, bounds: bool = True) -> Iterator[str]:
    """The clauses of a sentence that limit what it says; `bounds`: to "only" this, or to an amount,
    too."""
    for found in _LIMITS_EN.finditer(sentence):
        yield found[0]
    if bounds:
        yield from (found[0] for found in _ONLY_EN.finditer(sentence))
        yield from (found[0] for found in _BOUNDS_EN.finditer(sentence) if _amounts(found[0]))
    for found in _CLAUSE_ZH.finditer(sentence):
        if _LIMITS_ZH.search(with_digits(found[0].strip())):
            yield found[0]


def _is_unnamed(clause: str, named: frozenset[str], stated: frozenset[Fact]) -> bool:
    if _amounts(clause) - stated:
        return True
    words = content_words(clause) - _MARKS
    return bool(words) and len(words & named) < _NAMED * len(words)


def _amounts(text: str) -> frozenset[Fact]:
    return frozenset(fact for fact in facts_in(text) if fact.kind in _AMOUNTS)


def stands_alone(part: str, sentence: str) -> bool:
    """Whether a part of a sentence, letter by letter, says something by itself, and nothing else
    than the sentence: a bare number doesn't, nor what the rest of the sentence may deny."""
    if part not in sentence or not any(map(str.isalpha, part)):
        return False
    return part == sentence or not any(map(is_negative, split_clauses(sentence)))
