"""A question and its hits -> the messages for a chat model, in the question's language.

The instruction and the worked example come first and never change, so that an engine with
prefix caching reads them once. Passages are marked as data; `ground` checks what comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from rag_cs.candidates import Candidate
from rag_cs.generators.masked import shopper_message
from rag_cs.guard import instruction_spans
from rag_cs.text import detect_language
from rag_cs.types import Evidence, Language, Turn

# Passages shown to the generator, and how much of each, around the sentence that most likely
# answers: a 0.5B model reads about 500 tokens a second here, and its answers get worse, not
# better, with more.
MAX_PASSAGES = 2
MAX_PASSAGE_CHARACTERS: dict[Language, int] = {"en": 700, "zh": 300}

# Of the headings above a sentence.
MAX_CONTEXT_CHARACTERS = 200

# What was said before the question, and how much of each turn: enough to know what "it" is.
MAX_TURNS = 3
MAX_TURN_CHARACTERS: dict[Language, int] = {"en": 200, "zh": 80}

NOT_KNOWN: dict[Language, str] = {"en": "Not stated.", "zh": "资料中没有说明。"}
# What a generator that was trained for it says first, in both languages: whether the passages
# answer. One token each, so that its probability is the generator's own judgement.
YES, NO = "Yes", "No"


@dataclass(frozen=True, slots=True)
class _Wording:
    system: str
    trained: str
    passages: str
    conversation: str
    roles: dict[str, str]
    question: str
    example_passages: str
    example_question: str
    example_answer: str


_WORDINGS: dict[Language, _Wording] = {
    "en": _Wording(
        system=(
            "You are a shop's customer-service assistant. Answer the question in one or two "
            "short English sentences, using only the passages, and copy their words and numbers "
            "exactly. "
            f"If the passages don't hold the answer, reply: {NOT_KNOWN['en']}"
        ),
        trained=(
            "You are a shop's customer-service assistant. Say Yes if the passages answer the "
            "question, then answer it briefly in their words; otherwise say No."
        ),
        passages="Passages:",
        conversation="Conversation so far:",
        roles={"user": "Customer:", "assistant": "Assistant:"},
        question="Question:",
        example_passages=(
            "[1] Lost cards\nA lost gift card can be replaced within 60 days of purchase if you "
            "still have the receipt. Balances are never paid out in cash."
        ),
        example_question="I lost my gift card, what now?",
        example_answer=(
            "A lost gift card can be replaced within 60 days of purchase if you still have the "
            "receipt."
        ),
    ),
    "zh": _Wording(
        system=(
            "你是商店的客服助手。只根据资料，用一两句简短的中文回答问题，原样照抄资料中的说法和数字。"
            f"资料里没有答案时，只回答：{NOT_KNOWN['zh']}"
        ),
        trained=(
            "你是商店的客服助手。资料能回答问题时，先说Yes，再用资料中的说法简短作答；不能回答时只说No。"
        ),
        passages="资料：",
        conversation="之前的对话：",
        roles={"user": "顾客：", "assistant": "客服："},
        question="问题：",
        example_passages=(
            "[1] 礼品卡挂失\n礼品卡丢失后，凭购买小票可在购卡之日起60天内补办。卡内余额不兑换现金。"
        ),
        example_question="礼品卡弄丢了怎么办？",
        example_answer="礼品卡丢失后，凭购买小票可在购卡之日起60天内补办。",
    ),
}


# What the generator is told and must not tell: `guard.blocked` looks for runs of it.
SECRETS = tuple(
    text for wording in _WORDINGS.values() for text in (wording.system, wording.trained)
)


def build_prompt(
    question: str,
    evidence: Sequence[Evidence],
    language: Language,
    history: Sequence[Turn] = (),
    told: Sequence[str] = (),
) -> list[BaseMessage]:
    """System instruction, one worked example, then the passages, the end of the conversation and
    the question. What the shopper `told` isn't shown: it goes along so that a generator elsewhere
    doesn't see it in the question.

    The best passage stands last, next to the question: a small model copies from what it read
    last. See the log, "Prompt".
    """
    wording = _WORDINGS[language]
    passages = _given(wording, _shown_passages(evidence, language))
    turn = shopper_message(passages, _asked(wording, question, history), told)
    return [
        SystemMessage(wording.system),
        HumanMessage(
            _given(wording, wording.example_passages) + _asked(wording, wording.example_question)
        ),
        AIMessage(wording.example_answer),
        turn,
    ]


def ask_about(
    candidate: Candidate,
    question: str,
    language: Language,
    history: Sequence[Turn] = (),
    told: Sequence[str] = (),
) -> list[BaseMessage]:
    """For a generator that was trained to say YES or NO first: one sentence, with what stands
    before it, and the question. `told` as in `build_prompt`."""
    wording = _WORDINGS[language]
    turn = shopper_message(
        _given(wording, shown_candidate(candidate)), _asked(wording, question, history), told
    )
    return [SystemMessage(wording.trained), turn]


def shown_candidate(candidate: Candidate) -> str:
    """What of a candidate the generator sees: the sentence on a line of its own."""
    context = candidate.hit.chunk.context[:MAX_CONTEXT_CHARACTERS]
    before = candidate.before
    most = MAX_PASSAGE_CHARACTERS[detect_language(candidate.text)]
    known = " › ".join(each.replace("\n", " ") for each in (context, before) if each)
    return f"[1] {known}\n{candidate.text[:most]}"


def _shown_passages(evidence: Sequence[Evidence], language: Language) -> str:
    """What of the evidence the generator sees, the best last."""
    shown = reversed(evidence[:MAX_PASSAGES])
    return "\n\n".join(
        f"[{number}] {each.hit.chunk.context}\n{_shown(each, MAX_PASSAGE_CHARACTERS[language])}"
        for number, each in enumerate(shown, start=1)
    )


def _shown(evidence: Evidence, limit: int) -> str:
    """The best sentence with as many around it as fit, less those that would instruct a machine."""
    text = evidence.hit.chunk.text
    sentences = evidence.sentences
    if not sentences:
        return text[:limit]
    first = last = max(range(len(sentences)), key=lambda place: sentences[place][2])
    while True:
        wider = [
            (low, high)
            for low, high in ((first, last + 1), (first - 1, last))
            if low >= 0 and high < len(sentences)
            and sentences[high][1] - sentences[low][0] <= limit
        ]  # fmt: skip
        if not wider:
            break
        first, last = max(wider, key=lambda pair: _gain(sentences, pair, (first, last)))
    start, end = sentences[first][0], min(sentences[last][1], sentences[first][0] + limit)
    return _without(text[start:end], instruction_spans(text[start:end]))


def _gain(
    sentences: Sequence[tuple[int, int, float]], wider: tuple[int, int], now: tuple[int, int]
) -> float:
    """The logit of the sentence that a wider window adds."""
    return sentences[wider[0] if wider[0] < now[0] else wider[1]][2]


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, place = [], 0
    for start, end in spans:
        kept.append(text[place:start])
        place = end
    return "".join([*kept, text[place:]])


def _given(wording: _Wording, passages: str) -> str:
    return f"{wording.passages}\n{passages}\n\n"


def _asked(wording: _Wording, question: str, history: Sequence[Turn] = ()) -> str:
    said = "\n".join(
        f"{wording.roles[turn.role]} {_short(turn.text)}" for turn in history[-MAX_TURNS:]
    )
    before = f"{wording.conversation}\n{said}\n\n" if said else ""
    return f"{before}{wording.question} {question}"


def _short(text: str) -> str:
    most = MAX_TURN_CHARACTERS[detect_language(text)]
    return text if len(text) <= most else f"{text[:most]}…"
