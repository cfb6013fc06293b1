"""Chinese postal addresses in a folded text. Pure, but for jieba's dictionary.

An address needs a number at a road, a building in an estate, or a group of a village: a province, a
city or a district alone is what questions about postage are made of, and names nobody. With such a
core comes what is written before it, from the province on, and after it, down to the room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.privacy.findings import Finding
from rag_cs.privacy.places import CITIES, PROVINCES
from rag_cs.text import CJK, cut_words

_ZH = f"[{CJK}]"
_GAP = "[ ,，]?"
_NUMBER = r"[0-9A-Za-z]{1,5}(?:-\d{1,4})?"
_COUNT = "[一二三四五六七八九十]{1,3}"
_ADMIN = (
    rf"(?:(?:{'|'.join(PROVINCES)}){_GAP})?"
    rf"(?:(?:(?:{'|'.join(CITIES)})市?|{_ZH}{{2,6}}?(?:市|自治州|地区|盟)){_GAP})?"
    rf"(?:{_ZH}{{1,6}}?(?:开发区|新区|园区|区|县|旗|市){_GAP}){{0,2}}"
    rf"(?:{_ZH}{{1,6}}?(?:街道|镇|乡){_GAP})?"
)
# 电路, 线路 and the like are no roads; 知道 and 味道 are why 道 needs a district before it.
_ROAD = (
    rf"(?:{_ZH}{{1,8}}?(?:(?<![电线短思走套铁回网气油迷])路|大道|大街|街|巷|弄|胡同|(?<=[区县市]{_ZH}{{2}})道)"
    rf"(?:[东南西北中]?{_COUNT}?段|[东南西北中])?)"
)
_ESTATE = rf"(?:{_ZH}{{2,10}}?(?:小区|花园|公寓|新村|家园|庄园|社区|大厦|广场|花苑|雅苑|名苑|苑|府|城|里|村|院|园))"
_AT_ROAD = rf"{_NUMBER} ?(?:号(?!线|电池)|弄)(?:院|楼|甲|乙)?"
_BUILDING = rf"(?:{_NUMBER} ?(?:号楼|栋|幢|座)|[A-Za-z]座)"
_INSIDE = (
    rf"(?:{_NUMBER} ?(?:号院|号楼|号房|号|栋|幢|座|单元|楼|层|室|户|房|组)|[A-Za-z]座|[甲乙丙丁]座?|"
    rf"{_COUNT}(?:单元|楼|层|室)|(?<=[元楼层座栋幢厦院心])\d{{3,4}})"
)
_NAMED = rf"{_ZH}{{2,8}}?(?:大厦|广场|中心|公寓|花园|小区|大楼|家园|新村|苑|城|院|园)"
_REST = rf"(?:{_GAP}(?:{_INSIDE}|{_NAMED}(?={_GAP}{_INSIDE})))*"
_ADDRESS = re.compile(
    rf"{_ADMIN}(?:"
    rf"{_ROAD}{_GAP}{_AT_ROAD}"
    rf"|{_ESTATE}{_GAP}{_BUILDING}"
    rf"|{_ZH}{{1,6}}村(?:{_COUNT}组|\d{{1,2}}组)(?:{_NUMBER}号)?"
    rf"){_REST}"
    rf"|\d{{1,3}}(?:号楼|栋|幢|座) ?\d{{1,2}}单元{_REST}"
)
# What stands in front of a province or a city, where that isn't the name of a district or a road.
_REGION = re.compile(
    rf"(?:(?![省区县市镇乡旗道路街村]){_ZH}){{0,8}}?(?={'|'.join([*PROVINCES, *CITIES])})"
)
# Words that come before an address and aren't part of it.
_LEADS = frozenset(
    "我 你 您 他 她 我们 你们 他们 我家 在 到 是 为 的 了 请 把 给 帮 帮我 麻烦 寄 送 发 寄到 送到 发到 寄往 发往 送往 寄去 发货 "
    "发给 送给 寄给 住 住在 家 家住 家在 地址 收货 收货地址 安装 上门 取件 改 改成 改为 改到 换成 换到 搬 搬到 放 放在 位于 就 "
    "公司 单位 这里 那 那里 要 想 能 可以 快递 于 至 由 从 来 去 往 和 跟 与 新 新地址 现在 如果 直接 取 退 退到 下单 订单 "
    "填 填的 写 写的 叫 找 安装地址 这条 那条 这 每 哪 哪条 一 几 这个 那个 全 各".split()
)


def find_chinese_addresses(text: str) -> Iterator[Finding]:
    """Postal addresses written in Chinese."""
    if not re.search(r"[号弄栋幢座组]", text):
        return
    for match in _ADDRESS.finditer(text):
        start = _beginning(text, match.start(), match.end())
        if start < match.end():
            yield Finding(start, match.end(), "ADDRESS")


def _beginning(text: str, start: int, end: int) -> int:
    """Where the address begins: at its province or city, or after the last word that only leads up
    to it. The match starts where the longest name could have, maybe within such a word."""
    left = re.search(rf"{_ZH}{{0,4}}$", text[:start])
    place = left.start() if left else start
    head = re.match(rf"{_ZH}*", text[place:end])
    words = cut_words(head[0]) if head else []
    beginning = start
    for word in words:
        place += len(word)
        if word in _LEADS:
            beginning = max(beginning, place)
    region = _REGION.match(text, beginning, end)
    return region.end() if region else beginning
