"""Plain text in whatever encoding it comes, with headings recognised by how they look."""

from __future__ import annotations

import codecs
import re

from rag_cs.errors import UnreadableDocument
from rag_cs.policies import field_of
from rag_cs.readers.builder import Builder, Draft, Limits, clean
from rag_cs.readers.front_matter import split_front_matter

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The most frequent characters of running text in each script, for telling GB18030 from Big5:
# either reads most of the other's bytes, but as rare characters.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "這個為國時來們會發動過說產種後學與無退貨換款運費商品訂單客服期限日月天元请您退货换款运费订单质保修需提供联系通知店"
)
# In no Western language are more letters accented than this; in Chinese all bytes are high.
_MAX_WESTERN_SHARE = 0.25
_HEADING = re.compile(
    r"(?P<chapter>第[一二三四五六七八九十百零\d]+[章编篇部])|(?P<section>第[一二三四五六七八九十百零\d]+节)"
    r"|(?P<zh>[一二三四五六七八九十]+、)|(?P<part>\d+(?:\.\d+)+\.?\s+\S)|(?P<item>\d{1,2}\.\s+\S)"
    r"|(?P<number>\d{1,2}\s+[^\W\d])"
)
_ITEM = re.compile(
    r"\s*(?P<marker>[-–*](?![-\d*])|[•·●○◦■□▪◆‣]|\(?\d{1,2}(?:[)、）]|\.(?!\d))"
    r"|[（(](?:[一二三四五六七八九十\d]+|[a-z]|[ivx]{2,4})[)）]|(?:[a-z]|[ivx]{2,4})[.)](?=\s))"
    r"\s*(?P<text>\S.*)",
    re.DOTALL,
)
_CLAUSE = re.compile(r"\s*(?:\d+(?:\.\d+)+\.?\s|第[一二三四五六七八九十百零\d]+条)")
_LABEL = re.compile(r"\s*(?:[^\s：:,，。、]{1,10}：\s*\S|[A-Z][\w -]{0,20}: \S)")
_PUNCTUATION = re.compile(r"[.,;!?。，；！？]")
_UNDERLINE = re.compile(r"[=\-~*_]{3,}\s*")
_SENTENCE_END = tuple("。！？；.!?;,，：:")
_ZH_PARAGRAPH_END = ("。", "！", "？", "；", "：")
_MAX_HEADING_CHARACTERS = 60
# Text is wrapped at 60 to 80 columns.
_WRAPPED_COLUMNS = 56


def decode(data: bytes, name: str) -> str:
    """`data` as text: by its byte order mark, as UTF-8, as UTF-16 without a mark, as GB18030 or
    Big5, and last by charset-normalizer. Raises UnreadableDocument."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding, name)
    if b"\0" in data and (wide := _utf16_without_mark(data)):
        return _strict(data, wide, name)
    if (text := _try(data, "utf-8")) is not None:
        return text
    if wide := _utf16_without_mark(data):
        return _strict(data, wide, name)
    candidates = [text for text in (_try(data, "gb18030"), _try(data, "big5")) if text is not None]
    best = max(candidates, key=_frequency, default="")
    if _frequency(best) >= 0.05:
        return best
    high = sum(byte > 0x7F for byte in data) / len(data)
    if best and high > _MAX_WESTERN_SHARE:
        return best
    if high <= _MAX_WESTERN_SHARE and (text := _try(data, "cp1252")) is not None:
        return text
    from charset_normalizer import from_bytes

    match = from_bytes(data).best()
    if match is None:
        raise UnreadableDocument(
            f"{name} is not text in an encoding we know. Save it as UTF-8 and upload it again."
        )
    return str(match)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"{name} says that it is {encoding} but breaks off at byte {error.start}. "
            "Save it as UTF-8 and upload it again."
        ) from error


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 text of either script has many zero bytes or a high byte that hardly varies."""
    if len(data) % 2 or len(data) < 4:
        return None
    even, odd = data[0::2], data[1::2]
    if odd.count(0) > 0.3 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.3 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _try(data, encoding)
        if text and _frequency(text) >= 0.2:
            return encoding
    return None


def _frequency(text: str) -> float:
    """The share of frequent characters among the characters beyond ASCII."""
    wide = [character for character in text[:20_000] if ord(character) > 0x7F]
    return sum(character in _FREQUENT for character in wide) / len(wide) if wide else 0.0


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """Paragraphs are runs of lines; a line by itself that looks like a heading is one. Front
    matter is read where it dates the text: other lines between rules may be anything."""
    builder = Builder(limits)
    whole = decode(data, name)
    metadata, text = split_front_matter(clean(whole))
    if not any(map(field_of, metadata)):
        metadata, text = {}, whole
    title = add_text(builder, text)
    return builder.draft(metadata.get("title") or title, metadata)


def add_text(builder: Builder, text: str) -> str:
    """Append plain text to a builder; its first line if that is a heading, else nothing."""
    lines = clean(text).split("\n")
    title = ""
    run = _Run(builder)
    for number, line in enumerate(lines):
        follower = lines[number + 1] if number + 1 < len(lines) else ""
        alone = not (run.lines or follower.strip()) and not (number and lines[number - 1].strip())
        if _UNDERLINE.fullmatch(line.strip() or "x"):
            continue
        first = not run.lines and not len(builder)
        level = _heading_level(line, follower, first=first, alone=alone)
        item = split_item(line)
        labelled = run.lines and begins_label(run.lines[-1], line)
        if level or item or labelled or not line.strip() or _CLAUSE.match(line):
            run.flush()
        if level:
            title = title or (line.strip() if level == 1 else "")
            builder.heading(line.strip(), level)
        elif item:
            run.marker = item[0]
            run.lines.append(item[1])
        elif line.strip():
            run.lines.append(line)
    run.flush()
    return title


class _Run:
    """Lines that follow one another: a paragraph, or an item of a list with its marker."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self.marker = ""
        self.lines: list[str] = []

    def flush(self) -> None:
        """Append them: one paragraph, unless most lines end as paragraphs of their own do."""
        ended = sum(line.rstrip().endswith(_ZH_PARAGRAPH_END) for line in self.lines)
        if self.marker:
            self._builder.list_item("\n".join(self.lines), self.marker)
        elif ended > len(self.lines) // 2:
            for line in self.lines:
                self._builder.paragraph(line)
        else:
            self._builder.paragraph("\n".join(self.lines))
        self.marker, self.lines = "", []


def split_item(line: str) -> tuple[str, str] | None:
    """The marker and the words of an item of a list, if the line is one."""
    match = _ITEM.fullmatch(line.rstrip())
    return (match["marker"], match["text"]) if match else None


def begins_label(before: str, line: str) -> bool:
    """Whether `line` begins a fact of its own, as a line `电话：` after a line `地址：` does."""
    return bool(_LABEL.match(line) and (_LABEL.match(before) or before.rstrip().endswith("。")))


def is_numbered_heading(line: str) -> bool:
    """Whether a short line begins as headings do: `一、`, `第二章`, `3.1 Use`."""
    text = line.strip()
    match = _HEADING.match(text)
    short = len(text) <= _MAX_HEADING_CHARACTERS and not text.endswith(_SENTENCE_END)
    return bool(match and not match["item"] and short)


def _heading_level(line: str, follower: str, *, first: bool, alone: bool) -> int:
    """1 for a title, 2 for a numbered or underlined heading, 3 for its parts; 0 for none."""
    text = line.strip()
    if not text or len(text) > _MAX_HEADING_CHARACTERS or text.endswith(_SENTENCE_END):
        return 0
    if _UNDERLINE.fullmatch(follower.strip() or "x"):
        return 1 if first else 2
    if follower.strip() and _columns(text) > _WRAPPED_COLUMNS:
        return 0  # the first line of a paragraph
    if match := _HEADING.match(text):
        return _numbered_level(match, alone=alone)
    if first and alone and not _PUNCTUATION.search(text):
        return 1
    return 2 if text.isupper() and len(text) > 3 and " " in text else 0


def _columns(text: str) -> int:
    """How wide a line is on a screen: Chinese characters take two columns."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _numbered_level(match: re.Match[str], *, alone: bool) -> int:
    if match["section"] or match["part"]:
        return 3
    # "1. Pack it" is an item of a list unless it stands alone.
    return 0 if match["item"] and not alone else 2
