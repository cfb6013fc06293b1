"""Whether a text speaks to a machine rather than to a customer. Pure; see `rag_cs.guard`.

It knows patterns only: an order in words that no pattern holds passes. Every gap in a pattern is
bounded, so that time stays linear in the text's length.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator

from rag_cs.text import normalise, split_sentences

# Letters and digits that may be text in base64.
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
# What speaks to a machine. `[^.\n]` keeps a pattern within its sentence. Safety notes ("Do not
# ignore the above instructions", 「请勿忽略以上警告」) are not orders to ignore.
_MACHINE = r"(?:ai|assistant|language model|llm|bot|chat ?bot|chat ?gpt|gpt|dan)"
_TOLD = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|programming|"
    r"training)"
)
_NOT_EN = r"(?<!not )(?<!n't )(?<!never )(?<!if you )(?<!who )(?<!users )(?<!customers )"
_TALK = r"(?:respond|reply|answer|speak|talk|act|behave|write)"
_INSTRUCTION = re.compile(
    "|".join(
        (
            rf"{_NOT_EN}\b(?:ignore|disregard|forget|override|"
            rf"bypass)\b[^.\n]{{0,30}}\b(?:previous|prior"
            rf"|above|earlier|original|initial|preceding|all|any|your|"
            rf"system)\b[^.\n]{{0,30}}?(?<!safety )\b{_TOLD}\b(?! (?:manual|video|leaflet|card))",
            rf"{_NOT_EN}\b(?:ignore|disregard|forget) (?:all|everything|the|of|"
            rf"that)?[\w ]{{0,20}}\b(?:above|before"
            r"|previously)\b,?[\w ]{0,10}\b(?:and|instead|just|then)? ?(?:say|give|tell|write|"
            r"reveal|answer|state)\b",
            r"\bignore (?:all )?(?:prior|previous) (?:inputs?|messages?|text|conversations?)",
            r"\bignor\w{1,4} (?:as|las|todas? (?:as|las)|toutes? les|les|"
            r"alle) (?:\w+ )?(?:instru|anweis)",
            r"\b(?:ignore|ignora\w*) (?:the|la) (?:web ?page|p.gina|article)[^.\n]{0,10} (?:and|"
            r"y|then) ",
            rf"\byou(?: are|'re|\W?re) (?:now|no longer|not|about to|going to|to act|"
            rf"to be)\b[^.\n]{{0,80}}\b{_MACHINE}\b",
            rf"\byou (?:are|will|must|should)\b[^.\n]{{0,60}}\b(?:unfiltered|jailbroken|"
            rf"amoral) {_MACHINE}",
            r"\bfrom now on,? you(?:'re| are| will| only)? (?:my |in the role|\w*gpt|an? ai\b|"
            r"only (?:answer|respond|reply|speak|interpret))",
            rf"\b(?:pretend|act|role-?play|{_TALK}|simulate|emulate|transform|"
            rf"immerse)\b[^.\n]{{0,40}}\b(?:as if you|"
            rf"(?:as|into|be|to be|the role of)(?: if| both| an?| another|"
            rf" the)*(?: \w+){{0,3}}? \"?(?:{_MACHINE}|\w*gpt)\b)",
            r"\b(?:simulate|emulate|create|immerse)\b[^.\n]{0,40}\banother ai\b|"
            r"\bhypothetical (?:language model|ai|chat ?bot)",
            r"(?:^|[.!?] |\band |\bmust |\bwill )pretend (?:you|that you|to be)\b|"
            r"\bpretend (?:you are|that you are|you're)\b",
            r"\bstay in character\b|\b(?:break|breaking) character\b|\bdo anything now\b|"
            r"\[insert (?:prompt|question)",
            r"\bi want you to (?:act|answer|respond|reply|pretend|play|write|role|ignore|always|"
            r"only|never|speak|simulate)\b",
            r"\bmy (?:first|next) (?:question|request|command|prompt|sentence|message) is\b|"
            r"\banswer (?:all )?my (?:question|prompt)s? as\b",
            r"\b(?:every|each|all) (?:reply|response|answer)s? to me\b|\bthe way you (?:respond|"
            r"answer|reply)\b",
            r"\b(?:chat ?gpt|gpt|dan|unrestricted|jailbreak|override) mode\b|"
            r"\bdeveloper mode (?:output|response)|\[[\w ]{0,12}mode (?:enabled|on)\b",
            r"\b(?:hello|hi|hey),? ?(?:chat ?gpt|gpt|the assistant)\b|"
            r"\bas an ai language model\b|\bone of your developers\b",
            r"\b(?:no|without|regardless of|free of|ignor\w+)(?: any| all)? (?:moral|ethical|"
            r"ethics|legality|morality)\w*\b[^.\n]{0,30}"
            r"\b(?:restrict|limit|guideline|boundar|filter|constraint|concern|consideration|or|"
            r"and)|\bopenai(?:'s)? (?:polic|guideline|programming|content|employee)",
            rf"\b(?:if|when|since) you are an? (?:{_MACHINE})\b|\b(?:instructions?|notes?|"
            rf"message) (?:for|to) (?:the |any |all )?(?:ai|llms?|language model|chat ?bot|"
            rf"ai assistant)s?\b",
            r"\b(?:reveal|print|output|repeat|show|display|disclose|leak|give me|tell me|"
            r"what (?:are|is|was|were))\b[^.\n]{0,40}\b(?:system prompt"
            r"|your (?:\w+ )?prompt|(?:your )?(?:initial|starting|hidden|"
            r"secret) (?:instructions?|prompt)|your (?:api|secret) key)\b",
            r"\b(?:reveal|disclose|leak|what (?:are|"
            r"were)) (?:all )?your (?:\w+ )?instructions?\b|"
            r"\binstructions? (?:that )?you (?:were|have been) (?:given|told)\b",
            r"\b(?:repeat|output|print)\b[^.\n]{0,20}\b(?:text|words|everything|sentences?|"
            r"messages?) above\b|\bnot supposed to tell me\b",
            r"\b(?:begin|start|end|prefix|conclude|finish|close|augment|enhance|enrich|infuse|"
            r"modify|alter|render|provide|give|present|"
            r"deliver|encode|rewrite|supplement|complement|expand|extend|craft|construct|format|"
            r"compose|type|formulate)(?: up)? "
            r"your (?:\w+ )?(?:answer|response|reply|replies|output|message)s? (?:with|by|using|"
            r"as|into|without|to include|in (?!the\b|this\b|writing\b|english\b))",
            # "Include your order number in your reply" is meant for a customer.
            r"\b(?:remove|replace|insert|append|add|include|incorporate|integrate|embed|weave|"
            r"mention|use|introduce|scramble|substitute|combine)\b"
            r"(?! (?:your|the|any|all|an? (?:copy|photo)|photos)\b)"
            r"[^\n]{0,100}\b(?:as part of|from|in|into|to|within|throughout) your (?:\w+ )?"
            r"(?:answer|response|reply|output)\b(?! (?:form|card|sheet|key|cable|terminal))",
            r"(?:^|[.!?] )(?:modify|adjust|alter) your (?:answer|response|reply|output) to\b",
            r"\b(?:ignore|disregard|forget) everything\b[^.\n]{0,30}"
            r"\b(?:before|above|prior)\b(?! \d)",
            r"\byou are to (?:act|behave|respond|play|pretend) as\b|"
            r"\b(?:gpt|ai) with developer mode\b"
            r"|\bonly (?:respond|reply|answer) as\b|\b(?:transform into|become) \w+, an? ai\b",
            r"\b(?:following|subsequent) code (?:snippet|block|excerpt|section|segment|"
            r"fragment)\b[^.\n]{0,60}\byour (?:\w+ )?"
            r"(?:answer|response|reply|solution|algorithm|explanation|elucidation|"
            r"implementation)",
            r"\byour (?:answer|response|reply|solution|algorithm|"
            r"explanation)\b[^.\n]{0,60}\b(?:following|subsequent) code (?:snippet|block|"
            r"excerpt|section|segment|fragment)",
            r"\bnew (?:system )?instructions?\s*:|^[\s\[{(#*]*system(?: prompt| message|"
            r" instruction)?\s*[\])}]*\s*[:：]\s*(?:you|ignore|override|new (?:instr|task|rule)|"
            r"the (?:assistant|ai)"
            r"|从|你|忽略|reveal|respond|answer|forget|disregard|print|tell|say|this simulation)|"
            r"^#+\s*(?:system (?:prompt|message)|instruction\s*:)",
            r"<\|?(?:im_start|im_end|system|user|assistant|endoftext|end_of_turn)\|>|\[/?inst\]|"
            r"<</?sys>>|\bsystem prompt (?:override|injection)|\bsecurity override",
        )
    ),
    re.IGNORECASE | re.MULTILINE,
)
_TOLD_ZH = r"(?:指令|指示|指引|提示词|提示|规则|设定|要求|命令|限制|内容|对话)"
_WAY_ZH = r"(?:口吻|语气|角色|态度|风格|身份|方式|观点)"
_NOT_ZH = r"(?<!勿)(?<!不要)(?<!不可)(?<!不得)(?<!不能)(?<!不应)(?<!别)(?<!如果您)(?<!如您)"
_INSTRUCTION_ZH = re.compile(
    "|".join(
        (
            rf"{_NOT_ZH}(?:忽略|无视|忘记|忘掉|忽视|放弃|绕过|不要理会|不用管|"
            rf"抛开)[^。\n]{{0,8}}(?:之前|此前|先前|前面|原来|原有|"
            rf"系统|你收到|你的)[^。\n]{{0,10}}{_TOLD_ZH}",
            rf"{_NOT_ZH}(?:忽略|无视|忘记|忘掉|忽视|放弃|绕过|不要理会)[^。\n]{{0,6}}(?:以上|"
            rf"上述|上面|所有|全部|"
            rf"一切)[^。\n]{{0,6}}(?:指令|指示|指引|提示词|设定)",
            rf"{_NOT_ZH}(?:忽略|无视|忘记|忘掉)(?:掉)?(?:以上|上述|上面|前面|"
            rf"之前)[^。\n]{{0,8}}[,，、 ]{{0,2}}(?:并|"
            rf"然后|只|请)?(?:说|给我|告诉|输出|回答|回复|写)",
            r"(?:你|您)(?:现在|从现在起|将要?|要|需要|即将|必须)(?:是|扮演|充当|成为|变成|模拟|"
            r"假装)[^。\n]{0,40}(?:ai\b|gpt|"
            r"人工智能|语言模型|聊天机器人|助手|dan\b)",
            r"(?:从现在(?:开始|起)|从此刻起|在这个[^。\n]{0,8}故事中)[,， ]?(?:你|您)?(?:就|将|"
            r"要|需要|必须|会)?(?:是|扮演|充当|"
            r"成为)(?![^。，\n]{0,14}(?:会员|用户|客户|顾客|店主|卖家))",
            r"(?:现在|接下来)(?:你|您)(?:就)?是(?:一[个名位])[^。\n]{0,20}(?:ai\b|人工智能|"
            r"模型|机器人|助手|专家|黑客)",
            rf"(?:扮演|充当|模仿|模拟)[^。\n]{{0,60}}{_WAY_ZH}[^。\n]{{0,60}}(?:回答|回应|回复|"
            rf"评论|作答|你的任务|评价)",
            rf"以[^。\n]{{1,60}}(?:角色|主角|反派|人物|主人公)[^。\n]{{0,30}}(?:口吻|语气|口气)|"
            rf"以[^。\n]{{1,30}}{_WAY_ZH}[^。\n]{{0,20}}(?:批判|来进行批评|讽刺)",
            r"(?:扮演|模仿)[^。\n]{0,40}角色[^。\n]{0,20}(?:说话|语气|口吻|态度)",
            rf"(?:将|把)(?:你)?自己(?:设定|想象|当作|当成|视)[^。\n]{{0,40}}{_WAY_ZH}|"
            rf"你的(?:所有)?(?:回答|回复|"
            rf"输出)(?:应该|必须|要|需要|只能)",
            r"(?:输出|打印|显示|重复|泄露|透露|告诉我|复述)[^。\n]{0,12}(?:系统提示|提示词|"
            r"初始指令|系统指令|你的(?:密钥|指令|设定))",
            r"(?:在|把|将)(?:你|您)的(?:回答|回复|输出|答案)(?:中|里|改|翻译|的?(?:开头|结尾|"
            r"末尾))",
            r"chat ?gpt[^。\n]{0,20}(?:开发者模式|dan\b)|没有任何(?:伦理|"
            r"道德)[^。\n]{0,10}(?:准则|约束|限制|规则|底线)|"
            r"不(?:需要|必|用)遵[循守][^。\n]{0,16}(?:道德|伦理)",
            r"如果你是(?:一个)?(?:ai\b|人工智能|语言模型|聊天机器人|大模型)|(?:给|致)(?:ai\b|"
            r"人工智能|语言模型|大模型|"
            r"聊天机器人)[^。\n]{0,6}(?:的)?(?:指令|指示|说明|提示)",
            r"你(?:必须|只能|只需)(?:回答|回复|输出)(?!问卷)|只要?输出[^。\n]{0,12}内容|"
            r"(?:系统|system)\s*[:：]\s*(?:你|"
            r"从现在|忽略|请忽略|新指令)|新(?:的)?(?:系统)?指令\s*[:：]",
        )
    ),
    re.MULTILINE,
)


def is_instruction(text: str) -> bool:
    """Whether a text speaks to a machine that answers questions, rather than to a customer."""
    folded = plain(text)
    if _INSTRUCTION.search(folded) or _INSTRUCTION_ZH.search(folded):
        return True
    decoded = " \n".join(_decoded(text))
    return bool(decoded) and bool(_INSTRUCTION.search(decoded))


def instruction_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` that instruct a machine, as (start, end), in text order."""
    return [(start, end) for start, end in split_sentences(text) if is_instruction(text[start:end])]


def plain(text: str) -> str:
    """`text` folded for matching, without characters that can't be seen, one space for many."""
    seen = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return re.sub(r"[^\S\n]+", " ", normalise(seen).replace("’", "'"))


def _decoded(text: str) -> Iterator[str]:
    """What base64 in a text says, where it says anything."""
    for match in _BLOB.finditer(text):
        blob = match[0].rstrip("=")
        with_padding = blob[: len(blob) - (len(blob) % 4 == 1)]
        try:
            raw = base64.b64decode(with_padding + "=" * (-len(with_padding) % 4), altchars=None)
            yield plain(raw.decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            continue
