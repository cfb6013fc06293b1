"""Chinese headings and statements -> the questions they answer. Pure.

Chinese asks in place: 「签收后7天内可以退货」 and 「签收后多少天内可以退货？」 differ in one word.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from itertools import pairwise

from rag_cs.evaluation.asking.words import replacements, words
from rag_cs.text import CJK, detect_language

_NUMBERING = re.compile(
    r"^(?:第[零〇一二三四五六七八九十百\d]+[章节節编編部分条條篇款]+|[（(][一二三四五六七八九十\d]+[)）]|"
    r"[一二三四五六七八九十]+[、.．]|\d+(?:\.\d+)*[.、)]?|(?:步骤|方法|附录)\s*[一二三四五六七八九十\d]+\s*[：:、]?)\s*"
)
_SPACES = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")
_LATIN_TAIL = re.compile(r" [A-Za-z ]+$")
_ASKS = re.compile(r"什么|怎么|如何|怎样|多久|多少|哪些|哪里|哪个|是否|能否|可否|为何|几天|谁|吗$")
_RULES = re.compile(r"政策|规定|条例|法$|法[(（]|制度|条款|隐私|办法|细则|协议|须知|章程|规则")
_ACT_ITSELF = re.compile(r"(?:法|条例|办法|规定|细则|制度|政策|协议|章程|条款)$")
_DATED = re.compile(r"\s*[(（][\d\-./年月日]+(?:修正|修订)?[)）]$")
_NUMERAL = (
    r"(?P<number>\d+(?:\.\d+)?|"
    r"[二两三四五六七八九十百]+|一?十[一二三四五六七八九]?|一百[零一二三四五六七八九十]*)"
)
# After one of these the clause only says when or how much; what happens comes in the next.
_ITEM = re.compile(r"[（(][一二三四五六七八九十]+[）)]")
_CONDITION = re.compile(r"(?:内|前|后|起|以上|以下|之日|(?<!小)时|的)$")
_ANY_NUMBER = re.compile(
    r"\d+|(?<![第十百])[二两三四五六七八九十百千万]+(?=[个天日月年周小分元块倍折%])"
)
_ENUMERATION = re.compile(
    r"第[一二三四五六七八九十百零\d]+[条章款项]|[（(][一二三四五六七八九十]+[）)]|\d年\d|月\d+日"
)
_MIN_CHARACTERS, _MAX_CHARACTERS = 9, 44
# A shorter question seldom says what it is about; a longer heading is none to ask with.
_MIN_ALONE, _MAX_CONTEXT = 20, 16


def without_numbering(heading: str) -> str:
    """A heading without 「第二章」 or 「三、」, and without the spaces that set it wide."""
    return _SPACES.sub("", _NUMBERING.sub("", heading.strip())).strip(" ：:。.-")


def is_question(heading: str) -> bool:
    """Whether a heading is a whole question already, as on a FAQ page."""
    bare = without_numbering(heading)
    return len(bare) >= 5 and bool(re.search(r"[?？]$", bare)) and bool(_ASKS.search(bare[:-1]))


def heading_question(heading: str, title: str) -> str:
    """The question that the section below a heading answers."""
    bare = _LATIN_TAIL.sub("", without_numbering(heading).rstrip("?？"))
    said = turned(bare)
    if len(re.findall(f"[{CJK}]", said)) < 2 or said in words("zh", "empty") or "，" in said:
        return ""
    if _ASKS.search(said):
        return f"{said}？" if len(said) > 4 else ""
    if _is_action(said):
        return f"怎么{said}？"
    for ending, asked in replacements("zh", "endings"):
        if re.search(f"(?:{ending})$", said) and not _ACT_ITSELF.search(said[:-4]):
            return said + asked
    if _RULES.search(title):
        return f"关于{said}有什么规定？"
    # Always the same one for a heading, so that a list of questions doesn't sound alike.
    forms = (f"能介绍一下{said}吗？", f"我想了解一下{said}。")
    return forms[zlib.crc32(said.encode()) % len(forms)]


def turned(said: str) -> str:
    """The shop's words in the shopper's mouth: 「您的订单」 becomes 「我的订单」."""
    return said.replace("我们", "你们").replace("您", "我")


def is_act(title: str) -> bool:
    """Whether a document is a law or something of its kind, whose articles go by number."""
    return bool(_ACT_ITSELF.search(_DATED.sub("", title)))


def act_name(title: str) -> str:
    """「中华人民共和国广告法(2021-04-29)」 -> 「《广告法》」"""
    return f"《{_DATED.sub('', title).removeprefix('中华人民共和国')}》"


def _is_condition(clause: str) -> bool:
    """Whether something must follow: 「签收后7天内」, 「自签收之日起7天内出现问题」."""
    if re.search(rf"{_quantity().pattern}[^，]*的[^，]*$", clause) and "，" not in clause:
        return True  # 「受罚未满三年的自然人」 still lacks its verb
    counted_from = clause.startswith(("自", "从")) and re.search(r"内[^，]+$", clause)
    return bool(_CONDITION.search(clause) or (counted_from and "，" not in clause))


def in_context(question: str, heading: str, title: str) -> str:
    """A short question with what it is about: the section or, failing that, the document."""
    if len(question) >= _MIN_ALONE:
        return question
    for name in (turned(without_numbering(heading)), _DATED.sub("", title)):
        told = detect_language(name) == "zh" and name not in words("zh", "empty")
        if told and not _ASKS.search(name) and len(name) <= _MAX_CONTEXT:
            pairs = {a + b for a, b in pairwise(name)}
            known = any(pair in question for pair in pairs)
            return question if known else f"关于{name}，{question}"
    return question


def _is_action(said: str) -> bool:
    return (
        bool(_starts("verbs").match(said))
        and len(said) > 2
        and ("的" not in said and not _ends("noun_ends").search(said))
    )


@cache
def _starts(name: str) -> re.Pattern[str]:
    longest_first = sorted(words("zh", name), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


@cache
def _ends(name: str) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(words('zh', name))})$")


@cache
def _quantity() -> re.Pattern[str]:
    units = "|".join(sorted(map(re.escape, words("zh", "units")), key=len, reverse=True))
    return re.compile(rf"(?<![第\d.:：至到-]){_NUMERAL}(?P<unit>{units})(?!前款)")


def number_question(sentence: str) -> str:
    """「客服聊天记录保存180天，到期自动删除。」 -> 「客服聊天记录保存多少天？」"""
    said = _NUMBERING.sub("", sentence.strip()).strip(" -•").rstrip("。；;！")
    if _ITEM.match(sentence.strip()):
        return ""  # one of "the following", which stand above
    if _starts("anaphora").match(said) or _ENUMERATION.search(said) or re.search("[：@]", said):
        return ""
    said = next((part for part in said.split("；") if _quantity().search(part)), "")
    clauses = re.split(r"(?<=，)", said)
    at = next((at for at, clause in enumerate(clauses) if _quantity().search(clause)), None)
    if at is None:
        return ""
    end = at + 1
    while end < len(clauses) and _is_condition("".join(clauses[:end]).rstrip("，")):
        end += 1
    asked = "".join(clauses[:end]).rstrip("，")
    if not _MIN_CHARACTERS <= len(asked) <= _MAX_CHARACTERS or len(_ANY_NUMBER.findall(asked)) != 1:
        return ""
    return turned(_quantity().sub(r"多少\g<unit>", asked, count=1)) + "？"
