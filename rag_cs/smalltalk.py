"""Greetings, thanks, complaints: what needs no document is answered as a person in a shop would.

Pure. A message counts only when it is politeness or feeling from its first word to its last;
whatever holds anything else goes on to retrieval. No reply states a fact of the shop or commits it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_cs.text import CJK, detect_language, normalise
from rag_cs.types import Language, Turn

_VERY = r"(?:(?:so|really|very|absolutely|just|extremely|totally|truly|such|quite|too) )*"
_BAD = (
    r"(?:terrible|awful|horrible|ridiculous|unacceptable|a joke|a scam|the worst|disappointing|bad|"
    r"outrageous|disgraceful|appalling|useless|rubbish|garbage|a rip-?off|pathetic|a disgrace|poor|"
    r"not (?:ok|okay|acceptable|fair|good enough)|unbelievable|annoying|frustrating)"
)
_PERSON = (
    r"(?:(?:a|an|the|some|any) )?(?:(?:real|live|actual|human) )*(?:human(?: being)?|person|agent|"
    r"someone(?: real)?|somebody|representative|rep|operator|staff(?: member)?|employee|manager|"
    r"supervisor|customer (?:service|support)|support)(?: (?:agent|team|representative|rep|person|staff))?"
)
_ASK = (
    r"(?:(?:can|could|may|might) (?:i|you)(?: please)? |i(?:'d| would)? (?:really )?(?:want|need|like|prefer) to |"
    r"i wanna |let me |please |is it possible to |how (?:can|do) i )?"
)
_PERSON_ZH = r"(?:你们的?)?(?:人工|真人|客服|活人|店长|经理|老板|店员|工作人员)(?:客服|服务|人员)?"
# Kinds, in the order in which they win when a message holds several.
_WORDS: dict[str, str] = {
    "person": (
        rf"{_ASK}(?:talk|speak|chat) (?:to|with) {_PERSON}|{_ASK}(?:connect|transfer|put|switch|pass) me "
        rf"(?:through |over )?(?:to|with) {_PERSON}|{_ASK}get me {_PERSON}|i (?:want|need|demand) {_PERSON}"
        r"|(?:(?:real|live) )?(?:human|agent|operator|representative)(?: please)?|(?:real|live|human) (?:person|agent)"
        rf"|(?:我|能不能|可以|能|可不可以|麻烦|请|帮忙?|给|直接|快|现在|就)*(?:要|想|想要|需要)?(?:帮我|给我)?"
        rf"(?:转接?|找|接|联系|叫|换|呼叫|连线)(?:一?下|一?个|到|给)?{_PERSON_ZH}(?:来|吧|吗|一下|谢谢)?"
        rf"|(?:我)?(?:要|想|想要|需要)(?:和|跟)?(?:一?个)?{_PERSON_ZH}(?:说话|聊|聊聊|沟通|对话|谈)?(?:一下)?"
        rf"|(?:我)?(?:要|想)?(?:和|跟){_PERSON_ZH}(?:说话|聊|聊聊|沟通|对话|谈)(?:一下)?|人工(?:客服|服务)?"
        r"|(?:有|有没有)(?:人工|真人)(?:客服|服务)?(?:吗)?"
    ),
    "complaint": (
        rf"(?:this|that|it|your (?:\w+ )?(?:service|shop|store|company|support|staff|website|app|quality|delivery)|you people|you guys|you|"
        rf"the (?:service|quality|support)|everything)(?:'s|'re| is| are| was)? {_VERY}{_BAD}"
        rf"|i(?:'m| am) {_VERY}(?:angry|upset|disappointed|frustrated|unhappy|furious|annoyed|fed up|mad|"
        r"dissatisfied|disgusted)|what a (?:joke|scam|disgrace|mess|shame|disaster|terrible service|rip-?off)"
        rf"|{_VERY}(?:{_BAD}|worst) (?:service|shop|store|company|experience|quality|support)(?: ever)?|{_BAD}"
        r"|i (?:hate|can't believe) (?:this|it|you|your (?:shop|store|service))|shame on you|i(?:'ll| will) never (?:buy|"
        r"shop|order) (?:here|from you|from you guys)? ?again|never again|i want to (?:complain|make a complaint)"
        r"|i have a complaint|(?:wtf|damn|ugh+|argh+|omg)|(?:you )?scammers?"
        r"|(?:我|你们|你们的|这|这个|这家|你家|店|店铺|服务|态度|质量|东西|客服|购物|体验|售后|物流|实在是?|真的?是?|简直|也|太|很|非常|特别|"
        r"好|超级?|让人|令人|有点|对你们|感到|觉得)*(?:差劲|差评|差|烂|坑人|坑|垃圾|气人|失望|过分|不像话|生气|愤怒|恼火|无语|不满意?|离谱|"
        r"糟糕|糟心|恶心|骗人|忽悠人?|骗子|黑店|敷衍|不负责任|气死我|气死|崩溃|郁闷)(?:了|死了|极了|的|透了|透顶|至极)?"
        r"|(?:我)?(?:要|想)投诉(?:你们)?|再也不(?:来|买|会来|会买)(?:你们家|你家)?(?:的东西|了)*|什么(?:破店|破服务|垃圾服务|态度)"
    ),
    "who": (
        r"(?:who|what)(?: exactly)? are you|are you (?:(?:a|an|the) )?(?:(?:real|actual|live) )?(?:human(?: being)?|robot|bot|ai|real|"
        r"machine|person|chat ?bot|computer)(?: or (?:a )?(?:human|robot|bot|machine|person))?"
        r"|am i (?:talking|speaking|chatting) (?:to|with) an? (?:real )?(?:human|robot|bot|ai|person|machine)"
        r"|is (?:this|there) an? (?:real )?(?:human|robot|bot|person)(?: there)?|what can you do(?: for me)?|what(?:'s| is) your name|"
        r"how can you help(?: me)?|introduce yourself"
        r"|(?:请问)?(?:你|您)(?:到底)?(?:是谁|是什么|叫什么(?:名字)?|是(?:不是)?(?:真人|机器人|人工|ai|人|智能客服|人工智能)(?:客服)?(?:吗|么)?"
        r"(?:还是(?:真人|机器人|人工|ai|人))?|能(?:做|干|帮我做)(?:什么|啥)|会(?:什么|做什么)|可以做什么|有什么功能|怎么称呼)"
        r"|(?:是)?(?:机器人|真人|人工)(?:吗|么|还是(?:机器人|真人|人工))|自我介绍一下"
    ),
    "thanks": (
        r"(?:many |much |ok |okay )?thank(?:s|you| you)(?: (?:so|very) much| a lot| a (?:million|bunch|ton)| again)*(?: for (?:all )?(?:your|the|"
        r"being) (?:quick |kind |great )?(?:help|reply|answer|time|information|info|response|support|patience|helpful))?|thx|tysm|ty|"
        r"cheers|much appreciated|i (?:really )?appreciate (?:it|that|your help)|appreciated|ta"
        r"|(?:非常|太|十分|真的?|好的?|那|多|实在)*(?:谢谢|感谢|多谢|谢了|谢啦|谢|辛苦|麻烦你了|麻烦您了|3q|感恩)(?:你们?|您|啦|了|哦|哈|啊)*"
        r"(?:的?(?:帮助|解答|回复|耐心解答|服务|耐心))?"
    ),
    "praise": (
        rf"(?:(?:you(?:'re| are)|that(?:'s| is| was)|this (?:is|was)|it(?:'s| is| was)) )?{_VERY}(?:an? )?"
        r"(?:great|awesome|excellent|perfect|amazing|wonderful|brilliant|nice|good|helpful|lovely|cool|"
        r"fantastic|super|kind|useful|the best|impressive)(?: (?:job|work|service|help|shop|store|bot|answer))?"
        r"|well done|i love (?:it|this|your shop|your store|you)|love it|that (?:really )?help(?:s|ed)(?: a lot| me)?|very helpful"
        r"|(?:你|您|你们|服务|这|店|回答|客服|态度)*(?:真|太|很|好|非常|真是太|特别|的)*(?:棒|厉害|贴心|不错|给力|赞|专业|聪明|周到|"
        r"满意|热情|耐心|优秀|完美|靠谱|可爱)(?:了|啊|哦|极了|的)*|爱了|好评|点赞|帮(?:了)?大忙了|很有(?:帮助|用)"
    ),
    "goodbye": (
        r"(?:good ?)?bye(?:[ -]bye)?|good ?night|see (?:you|ya)(?: later| soon| around)?|have a (?:nice|good|great|lovely) (?:day|one|"
        r"evening|weekend|night)|take care|talk (?:to you )?later|cya|farewell|i(?:'m| am) off"
        r"|再见|拜拜|拜|回头见|晚安|下次再聊|下次见|回见|先这样|88|我先走了|祝(?:你|您)?(?:生意兴隆|愉快|好)|改天再聊"
    ),
    "greeting": (
        r"hi+|hello+|hey+|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|morning|yo"
        r"|how are you(?: doing)?(?: today)?|how(?:'s| is) it going|what's up|nice to meet you|(?:is )?any(?:one|body) (?:there|here)|are you there"
        r"|(?:你们?|您|大家)好(?:啊|呀|吗)?|哈喽|哈啰|嗨|嘿|喂|早上好|早安|早|上午好|中午好|下午好|晚上好|新年好|(?:请问)?(?:有人)?在(?:吗|么|不在|不)|"
        r"(?:请问)?有人(?:在)?(?:吗|么)|客服在(?:吗|么)|很高兴认识你|最近好吗|hello啊|hi啊"
    ),
    "fine": (
        r"ok+(?:ay)?|k|sure|alright|all right|fine|got it|i see|i understand|understood|right|(?:no|not a) problem|"
        r"never ?mind|(?:that's|that is|that will be) (?:all|it|fine|ok)(?: for now)?|nothing(?: else)?|i(?:'m| am) (?:good|fine|ok)|"
        r"makes sense|good to know|noted|will do|sounds good|great|cool|forget it|no worries|let me think(?: about it)?"
        r"|好的?(?:吧|呢|哒|嘞|滴)?|嗯+|哦+|噢|行(?:吧)?|可以(?:的|了)|知道了|(?:我)?(?:明白|了解|清楚|懂)了?|收到|没事(?:了|儿)?|"
        r"没(?:有)?问题(?:了)?|不用(?:了|谢)?|没有(?:了|别的了)|原来如此|这样啊|我(?:再)?(?:看看|想想|考虑一下)|算了|就这些|没了"
    ),
    "yes": r"yes|yep|yeah|yup|correct|是的?|对的?|嗯是的|没错|要的?|需要",
    "no": r"no|nope|nah|not really|no thanks|不(?:是|要|需要|对)?(?:的|了)?|没有",
}
# What may stand beside it without meaning anything.
_FILLER = (
    r"please|there|everyone|team|guys|sir|madam|ma'am|friend|dear|mate|buddy|so|well|oh|and|but|again|then|now|very much|"
    r"for (?:that|this|everything|now|me)|today|just|wow|ah|hmm+|lol|haha+|anyway|though|really|too|sorry|"
    r"(?:with|about|at) (?:you|this|that|it|your (?:service|shop|store|company|support)|the service)|"
    r"哈+|啊+|呀|呢|吧|了|哦|亲+|呵+|嘻+|您|你|那|就|请问|请|老板|客服|小姐姐|小哥哥|朋友|不好意思|抱歉|打扰了?|打扰一下|哎+|唉+|哇+|真的|你们|麻烦了?"
)
_REPLIES: dict[str, dict[Language, str]] = {
    "complaint": {
        "en": "I'm sorry that you had this trouble, and I take it seriously. Tell me what happened and "
        "I'll look for what the store's documents say, or ask for a person and talk to the store's staff.",
        "zh": "非常抱歉给您带来了不好的体验，我很重视您的感受。您可以告诉我具体情况，我来查找本店的资料；也可以说“转人工”，联系人工客服。",
    },
    "who": {
        "en": "I'm this store's assistant, a computer program. I answer questions from the store's own "
        "documents. If you'd rather talk to a person, just say so.",
        "zh": "我是本店的智能助手，是一个电脑程序，根据本店的资料回答问题。如果想找真人，请说“转人工”。",
    },
    "praise": {
        "en": "Thank you, that's kind. Is there anything else you'd like to know?",
        "zh": "谢谢您的夸奖！还有其他想了解的吗？",
    },
    "thanks": {
        "en": "You're welcome. Is there anything else you'd like to know?",
        "zh": "不客气！还有其他想了解的吗？",
    },
    "goodbye": {"en": "Goodbye, and take care!", "zh": "再见，祝您生活愉快！"},
    "greeting": {
        "en": "Hello! What would you like to know?",
        "zh": "您好！请问想了解什么？",
    },
    "fine": {
        "en": "All right. Is there anything else you'd like to know?",
        "zh": "好的。还有其他想了解的吗？",
    },
    "yes": {"en": "Please go ahead: what would you like to know?", "zh": "请说，您想了解什么？"},
    "no": {"en": "All right. I'm here if you need anything.", "zh": "好的，有需要随时找我。"},
}
# Kinds that may come as a question: "Good?" and 「质量差吗」 ask about something.
_MAY_ASK = ("who", "greeting", "thanks", "goodbye")
# How our replies ask whether there is more; a bare "yes" or "no" then answers them.
_MORE = ("anything else you'd like to know?", "还有其他想了解的吗？")
_MOODS = {"😡": "complaint", "🤬": "complaint", "😠": "complaint", "👎": "complaint", "💩": "complaint",
          "👍": "praise", "👏": "praise", "❤": "praise", "🥰": "praise", "🙏": "thanks", "👋": "greeting",
          "👌": "fine", "😊": "fine", "🙂": "fine", "😀": "fine", "😄": "fine"}  # fmt: skip
_MOST_CHARACTERS = 200
# A subject after a request for a person: it still asks for one.
_ABOUT = re.compile(
    r"^ ?(?:about|regarding|concerning|because) .{1,80}$|^(?:来)?(?:处理|解决|咨询|问)[^?]{0,20}$"
)
_KINDS = {kind: re.compile(rf"(?:{words})(?![a-z0-9])") for kind, words in _WORDS.items()}
_FILLERS = re.compile(rf"(?:{_FILLER})(?![a-z0-9])")
_SIGNS = re.compile(r"[\W_]+")


def small_talk(question: str, history: Sequence[Turn] = ()) -> str | None:
    """The reply to a message that is nothing but politeness or feeling; None for any other.

    "Yes" and "no" answer the assistant: they are small talk at the start, and after the
    assistant asked whether there was more.
    """
    kind = _kind_of(question)
    if kind is None or kind == "person":
        return None
    if kind not in _MAY_ASK and re.search("[?？]|吗", question):
        return None
    if kind in ("yes", "no"):
        if not history:
            kind = "fine"
        elif not history[-1].text.endswith(_MORE):
            return None
    return _REPLIES[kind][_language(question, history)]


def wants_person(question: str) -> bool:
    """Whether a message asks to talk to a person; not whether it asks about the staff."""
    return _kind_of(question) == "person"


def _language(question: str, history: Sequence[Turn]) -> Language:
    """That of the message; of the conversation, when the message is a mere "ok" or a face."""
    says_little = len(re.findall(r"\w", question)) < 3 and not re.search(f"[{CJK}]", question)
    return detect_language(history[-1].text if history and says_little else question)


def _kind_of(question: str) -> str | None:
    """The kind that wins of a message made of nothing else; None where anything remains."""
    if len(question) > _MOST_CHARACTERS:
        return None
    rest = " ".join(normalise(question).replace("’", "'").split())
    if not re.search(r"\w", rest):
        return next((mood for face, mood in _MOODS.items() if face in question), None)
    found: set[str] = set()
    place = 0
    while place < len(rest):
        if gap := _SIGNS.match(rest, place):
            place = gap.end()
            continue
        end, kind = _longest(rest, place)
        if end == place:
            return None
        found |= {kind} if kind else set()
        place = end
        if kind == "person" and _ABOUT.match(rest[place:]):
            return kind
    return next((kind for kind in _KINDS if kind in found), None)


def _longest(text: str, place: int) -> tuple[int, str | None]:
    """Where the longest piece of politeness at `place` ends, and its kind; no kind for filler."""
    best, best_kind = place, None
    for kind, pattern in _KINDS.items():
        match = pattern.match(text, place)
        if match and match.end() > best:
            best, best_kind = match.end(), kind
    filler = _FILLERS.match(text, place)
    if filler and filler.end() > best:
        return filler.end(), None
    return best, best_kind
