"""Names of people in a folded text, found by what is said around them. Pure.

A Chinese name is a known surname with one or two characters, after 我叫, 收件人 and the like or
before 先生; an English one is one to three words after "my name is", "Mr" and the like, or a common
first name with a second word in capitals. A name that nothing announces isn't found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_cs.privacy.findings import Finding
from rag_cs.privacy.places import CITIES, PROVINCES
from rag_cs.text import CJK, cut_words

_ZH = f"[{CJK}]"
# The commonest surnames; those that are everyday words (和, 从, 向, 有, 全, 成, 水, 平, 车) are left out.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔"
    "钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤倪俞章鲁葛柳华耿冉"
    "庞洪翟樊霍颜焦甘齐康伍温施牛尤凌蓝宁欧阮祝柯管鲍穆聂单殷季裴骆符詹游晏路卓辛涂翁艾左屈简窦阎邢费裘童解梅盛刁"
    "麦舒关岳奚谷邝练佟栾桂凤褚卞冼纪喻"
)
_COMPOUND = (
    "欧阳|司马|诸葛|上官|夏侯|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|端木|南宫|轩辕|西门"
)
# No given name has these.
_FUNCTION = (
    "的了吗呢吧啊是在不没要会到个这那什么们我你他她您也都就和跟与把被让给对从向请问写改填,，"
)
_GIVEN = f"(?![{_FUNCTION}]){_ZH}"
_NAME_ZH = rf"(?:{_COMPOUND}){_GIVEN}{{1,2}}|[{_SURNAMES}]{_GIVEN}{{1,2}}"
_FIELD = (
    r"(?:收件人|收货人|寄件人|发件人|联系人|取件人|持卡人|开户名|户名|姓名|名字)(?:姓名|名字)?"
    r"(?:写错了|改成|改为|换成|写的是|写的|写|填的|叫|是|为|[:：]| ){0,3}"
)
_FIELD_NAME = re.compile(rf"{_FIELD}(?P<name>{_NAME_ZH})")
_CALLED = re.compile(
    rf"(?:我的名字叫|我名叫|我叫|名叫|本人叫|本人是|本人|我是|这里是)(?P<name>{_NAME_ZH})(?!{_ZH})"
)
# Names of several parts, as in Xinjiang: 阿迪力·买买提.
_DOTTED = re.compile(
    rf"(?:{_FIELD}|我叫|名叫|本人|我是)(?P<name>{_ZH}{{1,6}}(?:[·•‧]{_ZH}{{1,6}}){{1,3}})(?!{_ZH})"
)
_RECEIVES = re.compile(rf"(?<!{_ZH})(?P<name>{_NAME_ZH})(?=(?:亲|签)?收(?!{_ZH}))")
_SURNAME = re.compile(rf"(?:我|本人|免贵)姓(?P<name>{_COMPOUND}|[{_SURNAMES}])")
_TITLED = re.compile(
    rf"(?P<name>(?:{_COMPOUND}){_GIVEN}{{0,2}}?|[{_SURNAMES}]{_GIVEN}{{0,2}}?)(?=先生|女士|太太|小姐(?!姐))"
)
# Everyday words that begin with a surname.
_WORDS = tuple(
    "方式 方法 方便 方面 高级 高中 高峰 高端 高价 高手 白金 白天 白领 白色 黄金 黄色 黄牛 金额 金卡 金牌 金色 单位 单子 单号 单价 单独 "
    "温度 万一 安全 季度 路上 路过 任何 任意 马上 马桶 牛奶 江苏 江西 何时 何地 余额 水平 关于 关闭 关机 简单 简称 单身 程序 "
    "石油 钱包 段落 金融 章程 游客 游戏 左右 解决 解释 管理 康复 华为 龙头 田园 童装 符合 费用 盛夏 章节 严重 武汉 温州 "
    "石家庄 金华 温馨 宁波 苏州 洪水 于是 于今 许多 许可 曾经 应该 雷达 万科 万能 龙卡 牡丹 施工 祝您 祝你 祝福 夏天 夏季 秦皇岛 "
    "毛巾 毛重 汤锅 蓝色 蓝牙 蓝光 谢谢 谢了 余下 华北 华东 华南 关键 马来 史上 孔径 陆续 顾客 莫名".split()
)
_PLACES = tuple(re.sub(r"[市省]\?|\(.*", "", name) for name in PROVINCES) + tuple(CITIES)

_CAPITAL = r"[A-ZÀ-ÖØ-Þ](?:[A-Za-zÀ-ÖØ-öø-ÿ-]|['’](?!s\b))*[a-zß-öø-ÿ]"
_NO_NAME = (
    r"(?!(?:not|and|but|i|on|in|at|is|was|the|an?|my|spelled|spelt|misspelled|wrong|missing|listed|"
    r"here|it|or|for|to|from|with|there|also|still|already|incorrect|different|of|you|your|twice|"
    r"please|because|as|if|so|appears?|mr|mrs|ms|miss)\b)"
)
_WORD = rf"{_NO_NAME}[A-Za-z][A-Za-z'’-]*"
_STATED = re.compile(
    rf"\b(?i:my (?:full |first |last )?name(?:[’']s| is)|(?:under |in )the name(?: of)?(?: is)?)[: ]+"
    rf"(?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,2}}|{_WORD}(?: {_NO_NAME}[a-z][a-z'’-]+)?)",
    re.ASCII,
)
_LABELLED = re.compile(
    rf"(?:\b(?i:name(?: on (?:the |my )?\w+)?|recipient|addressee|ship to|deliver to|attn|attention|contact)"
    rf": ?|(?:{_FIELD}|我叫|本人) ?)(?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,2}})",
    re.ASCII,
)
_ADDRESSED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Mister|Madam)\.? (?!Coffee|Clean|Muscle|Potato|Bean|Dior|Meyer)"
    rf"(?P<name>{_CAPITAL}(?: {_CAPITAL})?)",
    re.ASCII,
)
_FIRST = (
    "James John Robert Michael David William Richard Thomas Charles Christopher Daniel Matthew Anthony "
    "Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Timothy Ronald Edward Jason Jeffrey Ryan "
    "Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander "
    "Patrick Raymond Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Douglas Zachary Peter Kyle Ethan Carlos "
    "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret "
    "Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia "
    "Dorothy Amy Kathleen Angela Shirley Emma Brenda Pamela Nicole Anna Samantha Katherine Christine Helen "
    "Debra Rachel Carolyn Janet Maria Catherine Heather Diane Olivia Julie Joyce Victoria Ruth Virginia Lauren "
    "Kelly Christina Joan Evelyn Judith Andrea Hannah Megan Cheryl Jacqueline Martha Madison Teresa Gloria Sara "
    "Janice Ann Kathryn Sophia Isabella Mia Charlotte Liam Noah Oliver Lucas Oscar Harry Simon Martin Alan Ian "
    "Claire Fiona Alice Jane Kate Lucy Tom Tim Mike Dave Steve Chris Alex Ben Sam Joe Bob Jim Nick Tony Fred"
).split()
_SOMETIMES = (
    "Grace Rose Mark Jack Bill May June April Dawn Faith Hope Joy Ruby Crystal Frank Grant Max Pat Sue Rob Drew "
    "Iris Lily Daisy Violet Hunter Mason Carter Parker Wei Ming Hao Yan Fang Jing Lei Li Na Xin Yu"
).split()
_FIRST_NAME = rf"(?:{'|'.join(_FIRST)})"
_MAYBE_NAME = rf"(?:{'|'.join([*_FIRST, *_SOMETIMES])})"
_NO_SURNAME = (
    r"(?!(?:The|And|Is|Was|Has|Of|In|On|At|From|For|To|With|I|It|Here|Street|Road|Hotel|Bed|House|Inn|"
    r"Company|Brand|Collection|Shop|Store|Model|Series)\b)"
)
_NO_PEOPLE = (
    "Not|Very|So|Really|Just|Still|Now|Only|Gold|Silver|Platinum|Premium|Member|Customer|Looking|Interested|"
    "Sorry|Happy|Unhappy|Sure|New|Old|In|On|At|The|And|Waiting|Trying|Going|Here|Also|Always|Too"
)
_INTRODUCED = re.compile(
    rf"\b(?:(?i:i[’']m|i am|this is|it[’']s|call me|here is))(?: called)? "
    rf"(?P<name>{_MAYBE_NAME}\b(?: {_NO_SURNAME}{_CAPITAL}){{0,2}})",
    re.ASCII,
)
_I_AM = re.compile(
    rf"\b(?i:i[’']m|i am) (?P<name>(?!(?:{_NO_PEOPLE})\b){_CAPITAL} (?!(?:{_NO_PEOPLE})\b){_CAPITAL})"
    r"(?=[,.;!?]|$| (?:and|from|in|with|here|at)\b)",
    re.ASCII,
)
_PAIR = re.compile(
    rf"(?<![Tt]he )\b(?P<name>{_FIRST_NAME} {_NO_SURNAME}{_CAPITAL})\b(?! (?i:street|road|avenue))",
    re.ASCII,
)
_FROM = re.compile(
    rf"\b(?i:this is) (?P<name>{_CAPITAL})(?= (?:from|calling|speaking|here)\b)", re.ASCII
)
_HERE = re.compile(rf"\b(?P<name>{_MAYBE_NAME})(?= (?:here|speaking)\b)", re.ASCII)
_ENGLISH = (_STATED, _LABELLED, _ADDRESSED, _INTRODUCED, _I_AM, _PAIR, _FROM, _HERE)


def find_names(text: str) -> Iterator[Finding]:
    """Names; some may be found twice."""
    for pattern in _ENGLISH:
        for match in pattern.finditer(text):
            yield Finding(match.start("name"), match.end("name"), "NAME")
    for pattern in (_SURNAME, _DOTTED):
        for match in pattern.finditer(text):
            yield Finding(match.start("name"), match.end("name"), "NAME")
    for pattern in (_CALLED, _TITLED, _RECEIVES):
        for match in pattern.finditer(text):
            if _is_name(match["name"]):
                yield Finding(match.start("name"), match.end("name"), "NAME")
    for match in _FIELD_NAME.finditer(text):
        start = match.start("name")
        if length := _length(text, start, match.end("name")):
            yield Finding(start, start + length, "NAME")


def _is_name(written: str) -> bool:
    return not written.startswith((*_WORDS, *_PLACES))


def _length(text: str, start: int, end: int) -> int:
    """How much of `text[start:end]`, which other words may follow, is the name; 0 for none of it."""
    if not _is_name(text[start:end]):
        return 0
    if not re.match(_ZH, text[end : end + 1]):
        return end - start
    first = len(cut_words(text[start : end + 6])[0])
    least = 3 if re.match(_COMPOUND, text[start:end]) else 2
    return first if least <= first <= end - start else end - start
