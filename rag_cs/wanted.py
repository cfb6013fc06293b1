"""A question -> whether it wants one fact or to be told something; the kind of fact, where that can be
told by its looks: a time, a price, a share, an amount; whether a sentence states such a one. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from rag_cs.facts import Fact, Kind, facts_in

# Whether a question wants one fact, which a part of a sentence may be, or to be told something.
_WANTS_FACT = re.compile(
    r"\b(?:who|whom|whose|where|when|which|what)\b"
    r"|\bhow (?:many|much|long|often|soon|old|far|big|large|small|heavy|tall|high|wide|deep|fast|hot|loud|late|early)\b"
    r"|谁|哪|什么|几(?!乎)|多少|多久|多长|多大|多重|多高|多宽|多远|何时",
    re.IGNORECASE,
)
_WANTS_TELLING = re.compile(
    r"\bwhy\b|\bhow (?:do|does|did|can|could|should|would|will|is|are|was|were|to|come)\b"
    r"|\bwhat (?:happens?|happened|if|about|to do)\b|\bwhat (?:should|must|do|does|did|would|will) \w+ do\b"
    r"|\bwhat(?: is|'s| are| was| were)? the (?:difference|purpose|function|reason|steps?|procedure|process|way)\b"
    r"|怎么|怎样|如何|为什么|为何|干什么|做什么|什么(?:办法|方法|原因|区别|意思)|功能|作用|步骤|流程|具体",
    re.IGNORECASE,
)

_TIMES: frozenset[Kind] = frozenset({"duration", "workdays", "date", "time"})
_AMOUNTS: frozenset[Kind] = frozenset(
    {"number", "measure", "money", "percent", "duration", "workdays"}
)
# The first that matches says what is wanted.
_ASKED: tuple[tuple[re.Pattern[str], frozenset[Kind]], ...] = (
    (
        re.compile(
            r"\bhow (?:soon|often|frequently)\b|\bhow much (?:more |longer )?time\b"
            r"|\bhow many (?:[\w-]+ ){0,2}(?:second|minute|hour|day|week|month|year)s?\b"
            r"|^(?:and |so |but )?(?:since |until |till |by )?when\b"
            r"|\bwhen (?:do|does|did|will|can|is|are|was|were|should|may|must|would) \w"
            r"|\b(?:what|which) (?:time|day|date|year|month|century)\b"
            r"|多久|多长时间|(?:几|多少)个?(?:工作日|天|日|小时|钟头|月|年|周|星期|礼拜|分钟|秒)"
            r"|什么(?:时候|时间)|何时|哪一?[天年月日]|哪个月|几点|几号|几月",
            re.IGNORECASE,
        ),
        _TIMES,
    ),
    (
        re.compile(
            r"\bhow much\b.*\b(?:cost|charge|pay|paid|price|owe|fee)s?\b"
            r"|\bhow much (?:is|are|was|were) (?:the|an?|it|this|that|they|one|your|shipping|delivery)\b"
            r"|\bwhat\b.*\b(?:price|cost|fee|charge|fare|deposit)s?\b"
            r"|多少[^，。？?]{0,4}(?:钱|元|块|费)|费用?[^，。？?]{0,4}多少|什么价|价格|价钱|怎么卖|怎么收费",
            re.IGNORECASE,
        ),
        frozenset({"money"}),
    ),
    (
        re.compile(
            r"\b(?:what|which) (?:percent|percentage|share|proportion)\b|百分之几|百分比|几折|比例",
            re.IGNORECASE,
        ),
        frozenset({"percent"}),
    ),
    (
        re.compile(
            r"\bhow long\b|\bhow (?:many|much|big|large|small|heavy|tall|wide|far|deep|fast|hot|loud|high|old|thick)\b"
            r"|\bwhat(?:'s| is| are| was| were) (?:the|its|your) (?:[\w-]+ ){0,2}(?:weight|size|height|width|length|capacity"
            r"|temperature|voltage|number)\b"
            r"|多(?:少|大|重|高|宽|深|远|快|厚|长)|几(?:个|次|件|张|种|名|位|台|只|条|份|款|层|岁)|号码",
            re.IGNORECASE,
        ),
        _AMOUNTS,
    ),
)  # fmt: skip
_TIME_WORDS = re.compile(
    r"\b(?:immediately|at once|today|tomorrow|daily|weekly|monthly|yearly|annually|forever|lifetime|century"
    r"|every (?:day|week|month|year)|(?:same|next) (?:working |business )?day"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b"
    r"|立即|立刻|马上|当[天日]|次[日天]|每[天日周月年]|随时|永久|终身|世纪|年代",
    re.IGNORECASE,
)
# "Price (CNY): 59", as rows have it.
_UNIT_FIRST = re.compile(r"[(（]([^()（）\d]{1,12})[)）] ?[:：] ?(\d[\d.,]*)")
_YEAR = re.compile(r"(?:1\d|20)\d\d(?:s|年代)?", re.IGNORECASE)


def wants_fact(question: str) -> bool:
    """Whether a part of a sentence may answer: a name, an amount, a day."""
    return bool(_WANTS_FACT.search(question)) and not _WANTS_TELLING.search(question)


@lru_cache(maxsize=256)
def wanted(question: str) -> frozenset[Kind]:
    """The kinds of facts of which a question wants one; empty where it wants something else."""
    return next((kinds for asked, kinds in _ASKED if asked.search(question)), frozenset())


def states(text: str, kinds: frozenset[Kind]) -> bool:
    """Whether a text states a fact of one of these kinds."""
    facts = facts_in(_UNIT_FIRST.sub(r"\2 \1 ", text))
    if any(fact.kind in kinds for fact in facts):
        return True
    is_time = bool(kinds & {"date"})
    return is_time and bool(any(map(_is_year, facts)) or _TIME_WORDS.search(text))


def _is_year(fact: Fact) -> bool:
    return fact.kind in ("number", "code") and bool(_YEAR.fullmatch(fact.value))
