"""Whether a sentence commits the shop to something that its quotes don't. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag_cs.guard.instructions import plain
from rag_cs.text import CJK, split_sentences

# Share of a commitment's words that the quote must hold.
_NEARLY_VERBATIM = 0.8
_DO = (
    r"(?:refund|cancel|approv|process|credit|ship|deliver|compensat|guarantee|waiv|reserv|"
    r"replac|reimburs|send|sent|exten|upgrad|arrang|expedit|confirm|issu|book|escalat|mak|pay|"
    r"paid|"
    r"giv|given|fix|discount|offer|honou?r)"
)
_WHEN = (
    r"(?:by|on|before|at|today|tomorrow|tonight|this|next|immediately|right away|now|"
    r"shortly|soon)"
)
_PROMISE = re.compile(
    rf"\b(?:i|we|the (?:shop|store)|our team)(?:'ve|'ll| have| has| will| shall|'m going to|"
    rf"'re going to| am going to| are going to)(?: (?:just|now|already|also|gladly|personally|"
    rf"certainly|be|gone ahead and)){{0,2}} {_DO}\w{{0,5}}\b"
    r"|\b(?:i|we)(?: can| do| hereby)? (?:promise|guarantee|assure|pledge|swear)\b|"
    r"\b(?:you have my word|consider it done|rest assured|i'll make sure|we'll make sure)\b"
    r"|\b(?:i|we) (?:just )?(?:cancelled|canceled|approved|refunded|processed your|credited)\b|"
    r"\bi can (?:offer|give) you\b"
    r"|\b(?:your|the) (?:\w+ )?(?:refund|order|return|claim|request|replacement|payment|"
    r"cancellation|exchange|subscription) (?:has (?:already |now )?been|have been|was|"
    r"is(?: now)?) (?:approved|cancelled|canceled|confirmed|processed|accepted|refunded|shipped|"
    r"issued|sent|granted|completed)"
    rf"|\b(?:it|(?:your|the) (?:order|parcel|package|item|delivery|refund|replacement|"
    rf"money)) (?:will|should|is going to) (?:arrive|be delivered|be there|be with you|"
    rf"reach you|get there|come|ship|be refunded|be shipped|"
    rf"be in your account)[\w ]{{0,20}}? {_WHEN}\b"
    rf"|\byou(?:'ll| will) (?:receive|get|have|be)\b[^.\n]{{0,30}}\b(?:refund\w*|replacement|"
    rf"money|parcel|package|order|compensat\w+)\b[^.\n]{{0,20}}? (?:today|tomorrow|tonight|"
    rf"by \w+day|on \w+day|immediately|right away|this week|next week)\b",
)
_GOODS_ZH = (
    r"(?:退款|退货|退钱|退还|补发|重发|发货|送达|取消|批准|办理|补偿|赔偿|赔付|换货|更换|到账|"
    r"减免|安排|处理|免单|打折|优惠|加急|返现|赠送|"
    r"解决)"
)
_PROMISE_ZH = re.compile(
    rf"(?:我们?|我这边|本店|小店|店家|商家)[^。,;\n不无未]{{0,6}}(?:会|将|已经?|马上|立即|立刻|"
    rf"保证|承诺|一定|同意|答应|可以帮|"
    rf"来)[^。,;\n不无未]{{0,10}}{_GOODS_ZH}"
    r"|(?:已经?|马上|立即|立刻|现在就|这就|正在|稍后|今天就?|明天就?)(?:会|就|先)?(?:为|帮|"
    r"给)(?:您|你)"
    rf"|我(?:这边|们)?(?:来|就|先|同意|答应|这就)?(?:为|帮|给)(?:您|"
    rf"你)[^。,;\n不无未]{{0,4}}{_GOODS_ZH}"
    r"|(?:保证|承诺|肯定|必定|绝对|包您?|一定(?!的|条件|期限|时间|金额|比例))(?:会|能|可以|"
    r"在)?[^。,;\n不]{0,12}(?:送达|到货|送到|到达|"
    r"退款|到账|赔|发货|修好|解决|退货|满意)"
    r"|(?:您|你)的(?:\w{0,6})(?:退款|退货|订单|申请|换货|投诉|包裹)[^。,;\n不无未]{0,4}?(?:已|"
    r"已经)(?:获得?|被|经|成功)?(?:批准|"
    r"通过|取消|确认|受理|退款|发货|办理|处理|到账|退回|送达)"
    r"|(?:包裹|快递|订单|货|它)(?:会|将|能|一定)[^。,;\n不]{0,4}(?:今天|明天|后天|周.|星期.|"
    r"\d{1,2}[月号日])[^。,;\n]{0,6}(?:送达|到|发)"
)
_CONDITION = re.compile(
    r"\b(?:if|unless|provided|when|once|only|except|not|never|cannot|"
    r"without|after)\b|n't\b|如果|若|如(?!何)|凡|当|除非|仅|只有|的话|不|未|无|后"
)
_TIME = re.compile(
    r"\b(?:today|tomorrow|tonight|now|immediately|right away|(?:mon|tues|wednes|"
    r"thurs|fri|satur|sun)day|week|weekend)\b|今天|明天|后天|马上|立即|立刻|"
    r"周[一二三四五六日末]|星期."
)
_CONTRACTIONS = {"'ll": " will", "'ve": " have", "'re": " are", "'m": " am"}


def commits(sentence: str, quotes: Sequence[str]) -> bool:
    """Whether the sentence commits the shop to what no sentence of the quotes does, alike in
    words, in time, and in being conditional or denied."""
    said = _folded(sentence)
    promises = [match[0] for each in (_PROMISE, _PROMISE_ZH) for match in each.finditer(said)]
    if not promises:
        return False
    words = _words(said)
    sources = [_folded(quote[a:b]) for quote in quotes for a, b in split_sentences(quote)]
    for promise in set(promises):
        if not any(promise in source and _alike(said, words, source) for source in sources):
            return True
    return False


def _alike(said: str, words: frozenset[str], source: str) -> bool:
    same = len(words & _words(source)) / len(words) >= _NEARLY_VERBATIM
    in_time = set(_TIME.findall(said)) <= set(_TIME.findall(source))
    return same and in_time and (bool(_CONDITION.search(said)) or not _CONDITION.search(source))


@lru_cache(maxsize=256)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(rf"[^\W_{CJK}]+|[{CJK}]", text))


def _folded(text: str) -> str:
    folded = plain(text).replace("\n", " ")
    for short, full in _CONTRACTIONS.items():
        folded = folded.replace(short, full)
    return folded
