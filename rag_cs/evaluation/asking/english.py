"""English headings and statements -> the questions they answer. Pure.

Grammar by rules, so it gives up (returns "") rather than ask something crooked.
"""

from __future__ import annotations

import re
import zlib
from itertools import groupby

from rag_cs.evaluation.asking.words import words as word_list

_NUMBERING = re.compile(
    r"^(?:[IVX]+\.|\d+(?:\.\d+)*[.)]?|"
    r"(?:Step|Method|Chapter|Section|Part|Appendix|Option|Phase)\s+(?:\d+|[A-Z])\b(?:\.\d+)*\s*[:.–—-]?)"
    r"\s+",
    re.IGNORECASE,
)
_EDGES = "“”\"'(),;:&/"
_GERUND = re.compile(r"(?P<stem>[a-z]{2,}?)(?P<doubled>[bdgmnprt]?)ing")
_ASKS = re.compile(
    r"(?:who|what|when|where|which|why|how|"
    r"can|could|do|does|did|is|are|may|must|should|will|would) ",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    r"(?P<word>how|when|where|what|why|which \w+) (?P<who>I|you|we) "
    r"(?P<verb>can|may|must|should|will) (?P<rest>.+)",
    re.IGNORECASE,
)
_VAGUE_START = re.compile(
    r"^(?:understand(?:ing)?|about|learn about|working with|the) ", re.IGNORECASE
)
_PRONOUNS = {"we": "you", "us": "you", "our": "your", "you": "I", "your": "my", "yours": "mine"}
_AUXILIARIES = "can|may|must|should|will|is|are|was|were|has|have"
_NUMBER = r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_STATED = re.compile(
    rf"(?P<subject>\S[^,;:()]{{2,60}}?) (?P<verb>{_AUXILIARIES}) (?P<rest>[^;:()]*?)"
    rf"(?P<before>within|after|up to|at least|at most|for|every) {_NUMBER} "
    r"(?P<unit>[a-z]+(?: days)?)\b(?P<after>[^,.;:()]*)"
)
_LASTS = re.compile(
    rf"(?P<subject>\S[^,;:()]{{2,60}}?) (?P<verb>takes|lasts|weighs|holds) "
    rf"(?:about |up to |at least )?{_NUMBER} (?P<unit>[a-z]+(?: days)?)\b"
)


def without_numbering(heading: str) -> str:
    """A heading without "Step 2:" or "3.1"."""
    return _NUMBERING.sub("", heading.strip()).strip(" :.-–—")


def is_question(heading: str) -> bool:
    """Whether a heading is a whole question already, as on a FAQ page."""
    bare = without_numbering(heading)
    plain = [word.strip("?" + _EDGES).lower() for word in bare.split()]
    return bare.endswith("?") and len(plain) >= 4 and _is_telling(plain)


def heading_question(heading: str, text: str) -> str:
    """The question that the section below a heading answers. `text` is the whole document's: it
    shows which words are names."""
    bare = without_numbering(heading).rstrip("?")
    phrase = without_capitals(bare, text)
    plain = [word.strip(_EDGES).lower() for word in phrase.split()]
    if not _is_telling(plain):
        return ""
    if phrase[:7].lower() == "how to ":
        return f"How do I {turned(phrase[7:])}?"
    if _ASKS.match(phrase):
        return _asked(phrase) if len(plain) > 2 else ""
    action = _action(phrase.split(), plain)
    return f"How do I {turned(action)}?" if action else _about(turned(phrase))


def number_question(sentence: str, text: str) -> str:
    """ "Goods can be returned within 7 days." -> "Within how many days can goods be returned?" """
    said = sentence.strip().rstrip(".")
    first = said.split(" ", 1)[0].strip(_EDGES).lower()
    if len(said) > 200 or first in word_list("en", "anaphora") or len(re.findall(r"\d+", said)) > 2:
        return ""
    if match := _STATED.match(said):
        return _inverted(match, text)
    if (match := _LASTS.match(said)) and match["unit"].split()[0] in word_list("en", "units"):
        verb = match["verb"].removesuffix("s")
        return f"How many {match['unit']} does {_subject(match, text)} {verb}?"
    return ""


def _inverted(match: re.Match[str], text: str) -> str:
    if match["unit"].split()[0] not in word_list("en", "units"):
        return ""
    verb, subject = match["verb"], _subject(match, text)
    verb = {"are": "am"}.get(verb, verb) if subject == "I" else verb
    rest = turned(" ".join((match["rest"] + match["after"]).replace(",", " ").split()))
    if not rest or re.search(r"\b(?:and|or|if|but|which|that|because)\b", f"{subject} {rest}"):
        return ""
    return f"{match['before'].capitalize()} how many {match['unit']} {verb} {subject} {rest}?"


def _subject(match: re.Match[str], text: str) -> str:
    said = match["subject"].split(" ")
    core = said[0].strip(_EDGES)
    if core.istitle() and not _is_name(core, text):
        said[0] = said[0].lower()
    return turned(" ".join(said))


def without_capitals(phrase: str, text: str) -> str:
    """`phrase` without the capitals of a heading; names keep theirs.

    Of words with a capital that stand together, one that is a name makes all of them one
    ("PayPal Express Checkout").
    """
    kept: list[str] = []
    for titled, run in groupby(phrase.split(), key=_is_titled):
        group = list(run)
        if titled:
            named = kept and kept[-1].lower() != kept[-1]
            named = named or any(_is_name(word.strip(_EDGES), text) for word in group)
            group = [word.lower() if not named or _is_verb(word) else word for word in group]
        kept += group
    return " ".join(kept)


def _is_titled(word: str) -> bool:
    core = word.strip(_EDGES)
    return core.istitle() and len(core) > 1


def _is_verb(word: str) -> bool:
    return word.lower() in word_list("en", "verbs") | word_list("en", "likely_verbs")


def small_first(phrase: str) -> str:
    """`phrase` for the middle of a sentence: its first word small, unless it is written oddly."""
    first = phrase.split(" ", 1)[0]
    return phrase[0].lower() + phrase[1:] if first.istitle() and len(first) > 1 else phrase


def _is_name(word: str, text: str) -> bool:
    """Whether `text` writes a word with a capital in mid-sentence more often than without."""
    capital = len(re.findall(rf"[a-z,] {re.escape(word)}(?![A-Za-z-])", text))
    small = len(re.findall(rf"(?<![A-Za-z-]){re.escape(word.lower())}(?![A-Za-z-])", text))
    return capital > small


def turned(phrase: str) -> str:
    """The shop's words in the shopper's mouth: "your order" becomes "my order"."""
    return " ".join(_PRONOUNS.get(word.lower(), word) for word in phrase.split())


def _is_telling(plain: list[str]) -> bool:
    empty = word_list("en", "empty")
    if not any(len(word) > 2 and word not in empty for word in plain):
        return False
    return plain[0] not in word_list("en", "no_start") and plain[-1] not in word_list(
        "en", "no_end"
    )


def _asked(phrase: str) -> str:
    phrase = turned(phrase)
    if match := _INVERTED.fullmatch(phrase):
        phrase = f"{match['word']} {match['verb']} {match['who']} {match['rest']}"
    return f"{phrase[0].upper()}{phrase[1:]}?"


def _action(said: list[str], plain: list[str]) -> str:
    """The phrase as an instruction ("set a price", "setting a price"), or nothing."""
    verb = _verb(plain)
    if not verb or len(said) < 2 or said[0][-1] in ",;:":
        return ""
    rest = said[1:]
    if len(rest) > 1 and plain[1] in ("and", "or"):
        rest = [rest[0], _from_gerund(plain[2]) or plain[2], *rest[2:]]
    return " ".join([verb, *rest])


def _verb(plain: list[str]) -> str:
    """The verb that a phrase begins with as an instruction does, or nothing."""
    first, others = plain[0], plain[1:]
    if not others:
        return ""
    determined = others[0] in word_list("en", "determiners")
    meta = others[-1] in word_list("en", "meta_nouns")
    if first in word_list("en", "verbs"):
        return first
    if first in word_list("en", "likely_verbs"):
        things = others[-1].endswith("s") and not meta
        return first if determined or things or len(others) > 3 else ""
    if gerund := _from_gerund(first):
        return gerund if determined or not meta else ""
    doubtful = first in word_list("en", "never_verbs") or first.endswith(("s", "ing", "ed", "ly"))
    return first if others[0] in ("a", "an", "the", "your") and not doubtful else ""


def _from_gerund(word: str) -> str:
    match = _GERUND.fullmatch(word)
    if not match:
        return ""
    whole = match["stem"] + match["doubled"]
    known = word_list("en", "verbs") | word_list("en", "likely_verbs")
    return next((form for form in (whole, f"{whole}e", match["stem"]) if form in known), "")


def _about(phrase: str) -> str:
    phrase = _VAGUE_START.sub("", phrase, count=1)
    plain = [word.strip(_EDGES).lower() for word in phrase.split()]
    stops = word_list("en", "prepositions")
    stop = next((at for at, word in enumerate(plain) if at and word in stops), len(plain))
    if not {"and", "or"}.intersection(plain):
        if plain[stop - 1] in word_list("en", "singular"):
            return f"What is the {phrase}?"
        if plain[stop - 1] in word_list("en", "plural"):
            return f"What are the {phrase}?"
    forms = (f"Can you tell me about {phrase}?", f"What should I know about {phrase}?")
    # Always the same one for a phrase, so that a list of questions doesn't sound alike.
    return forms[zlib.crc32(phrase.encode()) % len(forms)]
