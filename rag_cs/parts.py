"""A question of two parts -> each part; a message too vague to search -> one question back. Pure.

In doubt a question stays whole: retrieval copes with two parts better than with half a one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_cs.text import detect_language
from rag_cs.types import Language, Turn

MOST_PARTS = 3
# "Who pays?" isn't enough to stand alone.
_LEAST_WORDS = 3
# A longer message is a story, not a list of questions.
_MOST_CHARACTERS = 400

_WH = r"(?:how|what|when|where|which|who|whose|why)"
_AUXILIARY = r"(?:do|does|did|is|are|was|were|can|could|may|will|would|should|must|has|have|am)"
_SUBJECT = r"(?:i|you|it|there|they|the|we|my|your|this|these|a|an|shipping|delivery|returns)"
# A question's first words: "how much", "can I"; with a preposition, "in which".
_ASKS_EN = re.compile(
    rf"^(?:(?:hi|hello|hey|thanks|and|so|but|also|then|please|ok|oh|by the way)[,.! ]+)*"
    rf"(?:(?:in|to|for|at|from|by|with) )?(?:{_WH}\b|{_AUXILIARY}(?:n't)? {_SUBJECT}\b)",
    re.IGNORECASE,
)
_ASKED_EN = re.compile(rf"^{_AUXILIARY}(?:n't)? .*\?$", re.IGNORECASE)
# "... when I pay" asks nothing by itself; nor does what follows "Do you know".
_INDIRECT_EN = re.compile(
    r"^(?:and )?(?:when|where|why|how|what) (?:i|you|we|it|they|he|she|the|my|your)\b"
    r"|^(?:can|could|would) you (?:please )?(?:explain|tell|say|show)\b|^do you know\b|^what if\b",
    re.IGNORECASE,
)
_NEXT_EN = re.compile(
    r"(?<=\?)\s*(?=\S)|(?<=[.!])\s+(?=\S)|,?\s+(?:and|and also|also|plus|or)\s+(?=(?:how|what|when|"
    rf"where|which|who|why)\b)|,\s*(?:and\s+|and also\s+|also\s+)?(?={_WH}\b)"
    r"|,?\s+(?:and|and also)\s+(?=(?:is|are|was|were|can|could|may|will|would|should|must|does|did|has)"
    rf"\s+{_SUBJECT}\b|(?:do|have|am)\s+(?:i|you|we|they)\b)",
    re.IGNORECASE,
)
# What makes a clause with a question's word no question of its own.
_EMBEDDED_EN = re.compile(
    r"\b(?:if|when|whether|because|since|although|unless|know|tell me|wonder(?:ing)?|explain|"
    r"understand|sure|and|or|depend(?:s|ing)? on)$",
    re.IGNORECASE,
)
# "When it breaks, who pays?" is one question; "When do you open, and where?" doesn't begin so.
_CLAUSE_EN = re.compile(
    rf"\b(?:if|when|once|after|before|while|since|because|although|unless)\b(?! {_AUXILIARY}\b)",
    re.IGNORECASE,
)
_THIN_EN = re.compile(
    r"^(?:and |so )?(?:why(?: not)?|how(?: so| come)?|what (?:then|now|else)|when|where|who|"
    r".* then|are you (?:kidding|serious|sure)|(?:is|was) (?:that|this|it) (?:it|right|correct|true|ok|possible|normal)|what should i do|"
    r"what (?:can|do) i do|can you (?:help|tell)\b.*|could you (?:help|tell)\b.*)[?. ]*$",
    re.IGNORECASE,
)
_AND = re.compile(r"^(?:and|so|but|also|then)[, ]+", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:it|they|them)\b", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:it|its|they|them|their|that|this|those|these|one|ones|there)\b", re.I)
_DETERMINER = r"(?:a|an|the|my|your|this|these)"
_VERB = r"(?:come|have|work|include|need|ship|cost|take|fit|support|use|last|arrive|open|close)s?"
# Where the first question names one thing, plainly enough to be put for "it" in the next.
_NAMED = (
    re.compile(
        r"^how (?:much|long|big|heavy|fast|expensive) (?:is|are) "
        r"((?:the |a |your )?(?:[\w-]+ ?){1,3})$",
        re.I,
    ),
    re.compile(r"^(?:what|where|when|who) (?:is|are) ((?:the|your|my) (?:[\w-]+ ?){1,3})$", re.I),
    re.compile(
        rf"^(?:\w+ ){{0,2}}(?:does|do|did|will|can) ({_DETERMINER} (?:[\w-]+ ){{0,2}}[\w-]+) {_VERB}\b",
        re.I,
    ),
    re.compile(
        r"^(?:is|are|does|do|can|will|has) ((?:the |my |your |this )?[\w-]*\d[\w-]*) ", re.I
    ),
    re.compile(rf"^(?:is|are|was) ({_DETERMINER} [\w-]+) [\w-]+$", re.I),
    re.compile(rf"\b({_DETERMINER} [\w-]+)$", re.I),
)
_NO_THING = re.compile(r"^(?:the|a|an|my|your)? ?(?:refund policy|time|day|moment|past|way)$", re.I)

_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|thanks|thank you|ok)(?: there)?[,.! ]+|"
    r"(?:你好|您好|谢谢|好的|知道了|明白了|亲|在吗)[，。！？,.!? ]+)+",
    re.IGNORECASE,
)
_ASKS_ZH = re.compile(
    r"[吗么](?:呢)?$|什么|怎么|怎样|如何|哪|谁|多少|多久|多长|多大|多重|几[天个年次点折件种小时日]|为什么|为何|是否|能否|可否|"
    r"能不能|可不可以|可以不|要不要|有没有|是不是|会不会|需不需要|支不支持|包不包|行不行|呢$"
)
_NO_QUESTION_ZH = re.compile(
    r"如果|假如|要是|若|因为|虽然|不管|无论|不知道|不清楚|不明白|忘了|没什么|什么都|怎么都|哪里都|好几|几[天个年次]前|前几|谁知|任何|"
    r"想(?:问|知道|了解|咨询)|询问|提示|显示|^.{0,6}不是.*吗$|(?:下|时|时候|之?后|之?前)$"
)
# Parts that only make sense with what stands before them.
_THIN_ZH = re.compile(
    r"^(?:还是|或者?|它|这(?!款|台|件)|那(?!款|台|件)|其|做什么|有什么(?:作?用|好处|区别|影响)).*$|"
    r"^(?:那么?|这个?|该|我|你们?|您|应该|请问|然后|又|是|会|到底|具体|"
    r"要)*(?:(?:怎么|如何|怎样)(?:.{1,2}|操作|办理|回事|.{1,2}的)|(?:可以|能|行|对|好|是)吗|为什么|为何|什么时候|"
    r"什么(?:原因|回事|情况|意思).{0,4}|多久|多少钱?|几天|在?哪里?|在哪儿|谁|有.{0,3}(?:例子|办法)吗|不[能行可].{0,3}吗|"
    r".{0,2}不行吗|(?:可以|能).{0,3}(?:告诉|帮|解释|说).*)?[呢啊呀]?$"
)
_CUT_ZH = re.compile(r"(?<=[？?。！!])\s*(?=\S)|[，,；;]\s*(?:还有|另外|以及|顺便问一?下|同时|并且|而且|再问一?下)?[，,]?\s*(?=\S)")  # fmt: skip
# A matter that the next part is about too, unless it names its own.
_MATTER_ZH = re.compile(
    r"^(?:请问|你好|您好|我想问|问一?下|[，, ])*((?:[A-Za-z]{0,8}-?\d[A-Za-z0-9/-]*\s?)?(?:退换货|退货|换货|退款|保修|维修|安装|开发票|发票|"
    r"会员|积分|充值|预订|定制|寄修|以旧换新|礼品卡|优惠券)|[A-Za-z]{1,8}-?\d[A-Za-z0-9/-]*)"
)

_POLITE_EN = r"(?:(?:hi|hello|hey|please|so|well|sorry|ok|excuse me|i have a question)[,.!: ]+)*"
_VAGUE_EN = re.compile(
    rf"^{_POLITE_EN}(?:(?:it|this|that)(?:'s| is)? (?:(?:does ?n[o']?t|does not|is ?n'?t|not|won'?t|"
    r"will not|stopped|just) (?:work|working|start|turn on)(?: anymore| at all| properly)?|broken|"
    r"not working|wrong)|help(?: me)?(?: with (?:this|it|something))?|i (?:really )?(?:need|want|have|"
    r"'ve got|got) (?:some |your )?(?:a )?(?:help|question|problem|issue|info|information)"
    r"|i have an (?:issue|inquiry)|there(?:'s| is) (?:a|an) (?:problem|issue)|something(?:'s| is) wrong"
    r"|how much(?: is (?:it|this|that)| does (?:it|this) cost)?|how long(?: does it take)?|how many|how|"
    r"when|where|who|which(?: one)?|what|why(?: not)?|what(?: now| next| about it)|and|"
    r"(?:what|how) (?:should|can|do) i do(?: (?:it|that|this|now))?|(?:a |one |quick )?question|"
    r"broken|not working|(?:more )?(?:info|information|details)|tell me more|(?:can|could) (?:you|i) "
    r"(?:help(?: me)?(?: with this)?|ask (?:you )?(?:something|a question))|is (?:it|this|that) "
    r"(?:possible|ok|okay|true|available)|can i|do you have (?:it|this|that|any)|what is it|"
    r"what does it mean|i don'?t (?:know|understand)|problem|issue)(?: please)?[\s?.!]*$",
    re.IGNORECASE,
)
_VAGUE_ZH = re.compile(
    r"^(?:(?:你好|您好|请问|请教一?下|那个?|亲|客服|在吗|麻烦)[，,。！!？? ]*)*(?:请问|请教|(?:它|这个?|那个?|东西)?(?:坏了|不行|不能用)?(?:了|我)*(?:该|应该|要)?怎么办|怎么弄|怎么回事|怎么搞|怎么用|"
    r"怎么了|为什么|为啥|什么意思|多少钱|多少|多久|几天|多长时间|什么时候|何时|哪个|哪里|在哪里?|在哪儿|谁|可以吗|能不能|行不行|行吗|"
    r"(?:它|这个|这|那个|东西|用起来)?(?:不行|坏了|坏掉了|不能用|用不了|没法用|不好使|不好用|没反应|不工作|有问题|出问题|出了?问题)|"
    r"(?:我)?(?:有|遇到|碰到)(?:了|一?[个些点])?(?:问题|麻烦|疑问|事)|(?:我)?(?:想|要)?(?:问|咨询|了解)(?:一下|下|个问题|一个问题|点事)?|"
    r"(?:能)?帮帮?(?:我|忙|个忙|我一下)|求助|然后呢|所以呢|还有呢|怎么说|什么情况|啥情况|什么|我不(?:懂|明白|会))(?:了|啊|呢|呀|吗|的)?[？?。！!~ …]*$"
)
_ASK_BACK: dict[Language, str] = {
    "en": "Could you tell me a little more: which product or order is it about, and what would you "
    "like to know?",
    "zh": "能再说具体一点吗？是哪件商品或哪个订单，想了解什么？",
}


def split_question(question: str) -> list[str]:
    """The two or three parts of a question, each a question that stands alone; else the question.

    A statement stays with the question after it. "It" in a later part becomes what the first
    part names; where that isn't plain, the question stays whole.
    """
    if len(question) > _MOST_CHARACTERS:
        return [question]
    said = _GREETING.sub("", question.strip())
    parts = _parts_zh(said) if detect_language(said) == "zh" else _parts_en(said)
    return parts if parts and 2 <= len(parts) <= MOST_PARTS else [question]


def is_unclear(question: str, history: Sequence[Turn] = ()) -> str | None:
    """A short question back, for a message too vague to search with nothing said before it."""
    if history or len(question) > _MOST_CHARACTERS:
        return None
    said = question.strip().replace("’", "'")
    wordless = not re.search(r"\w", said)
    if wordless or _VAGUE_EN.match(said) or _VAGUE_ZH.match(said):
        language: Language = "zh" if re.search("[？。！]", said) else detect_language(question)
        return _ASK_BACK[language]
    return None


def _parts_en(question: str) -> list[str] | None:
    parts: list[str] = []
    context = ""
    for piece in _pieces(question, _NEXT_EN):
        asks = bool(_ASKS_EN.match(piece) or _ASKED_EN.match(piece)) and not _EMBEDDED_EN.search(
            parts[-1] if parts else context
        )
        if not asks and (parts or not piece.endswith((".", "!"))):
            return None  # a statement after a question, or a half of something
        if not asks:
            context += f"{piece} "
        elif (
            (not piece.endswith("?") and _CLAUSE_EN.search(piece))
            or _THIN_EN.match(piece)
            or _INDIRECT_EN.match(piece)
            or piece.endswith(".")
            or len(piece.split()) < _LEAST_WORDS
        ):
            return None
        else:
            parts.append(piece.rstrip("?,;. "))
    if len(parts) < 2:
        return None
    with_subjects = [
        parts[0],
        *(_with_subject(part, parts[:n]) for n, part in enumerate(parts) if n),
    ]
    if context:  # what a statement names, "it" means in every part
        with_subjects = [_AND.sub("", part) for part in parts]
    elif None in with_subjects:
        return None
    return [f"{context}{_capital(part)}?" for part in with_subjects if part]


def _with_subject(part: str, before: Sequence[str]) -> str | None:
    """The part with the subject of one before it for its "it"; None where that isn't plain."""
    part = _AND.sub("", part)
    points = {word.lower() for word in _POINTS.findall(part)}
    if points <= {"there"} and not re.search(r"\bthere$", part, re.IGNORECASE):
        return part
    if not points <= {"it", "they", "them"}:
        return None
    thing = next(filter(None, map(_named, reversed(before))), None)
    if thing is None:
        return None
    return _PRONOUN.sub(lambda _: thing, part, count=1)


def _named(question: str) -> str | None:
    """The one thing that a question is plainly about."""
    named = next((match[1].strip() for each in _NAMED if (match := each.search(question))), "")
    if not named or _NO_THING.match(named) or _POINTS.search(named):
        return None
    return re.sub(r"^an? ", "the ", named, flags=re.IGNORECASE)


def _parts_zh(question: str) -> list[str] | None:
    parts: list[str] = []
    context = ""
    for piece in _pieces(question, _CUT_ZH):
        bare = piece.rstrip("？?。！!；; ")
        asks = _ASKS_ZH.search(bare) and not _NO_QUESTION_ZH.search(bare)
        if asks and (_THIN_ZH.match(bare) and (parts or context)):
            return None
        if asks:
            parts.append(bare)
        elif parts:
            return None
        else:
            context += piece if piece.endswith(("。", "！")) else f"{bare}，"
    if len(parts) < 2:
        return None
    matter = _MATTER_ZH.match(parts[0])
    rest = parts[1:]
    if matter and not context:
        # Not in front of a part that names it, or another matter, itself.
        rest = [
            part if _names_its_own(part, matter[1]) else f"{matter[1]}，{part}" for part in rest
        ]
    return [f"{context}{part}？" for part in (parts[0], *rest)]


def _names_its_own(part: str, matter: str) -> bool:
    found = _MATTER_ZH.match(part)
    coded = any(each.isdigit() for each in matter)
    return matter in part or bool(found and (not coded or re.search(r"\d", found[1])))


def _pieces(question: str, pattern: re.Pattern[str]) -> list[str]:
    pieces, place = [], 0
    for match in pattern.finditer(question):
        pieces.append(question[place : match.start()].strip())
        place = match.end()
    pieces.append(question[place:].strip())
    return [piece for piece in pieces if piece]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
