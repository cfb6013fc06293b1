from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_tests.unit_tests import ChatModelUnitTests

from rag_cs.generators.masked import MaskedChatModel, shopper_message
from rag_cs.prompt import build_prompt
from rag_cs.types import Evidence
from tests.fakes import ScriptedChatModel, make_hit
from tests.generators.fakes import FakeChatModel, FakeEngine

PHONE, MAIL = "13812345678", "zhang@example.com"
ASKED = f"我叫张伟，电话{PHONE}，邮箱{MAIL}，运费多少？"
STORE = "运费12元。客服座机0512-62881234，经理手机13900001111。\n\n问题： "


def model(reply: str = "", piece: int = 3) -> tuple[MaskedChatModel, ScriptedChatModel]:
    inner = ScriptedChatModel(reply=reply, piece_characters=piece)
    return MaskedChatModel(inner=inner), inner


def sent(inner: ScriptedChatModel) -> str:
    return "\n".join(message.text for message in inner.prompts[-1])


def test_what_a_shopper_says_of_themselves_stays_here_and_what_the_store_says_goes() -> None:
    masked, inner = model()
    masked.invoke([SystemMessage("Be brief."), shopper_message(STORE, ASKED)])
    assert (
        sent(inner) == f"Be brief.\n{STORE}我叫[NAME_1]，电话[PHONE_1]，邮箱[EMAIL_1]，运费多少？"
    )
    assert inner.prompts[-1][-1].additional_kwargs == {}


def test_whatever_is_not_marked_is_masked() -> None:
    masked, inner = model()
    masked.invoke([SystemMessage(f"system {MAIL}"), HumanMessage(STORE + ASKED)])
    assert "0512" not in sent(inner)
    assert MAIL not in sent(inner)
    blocks = [
        {"type": "image_url", "image_url": {"url": "data:,x"}},
        {"type": "text", "text": PHONE},
    ]
    masked.invoke([HumanMessage(blocks)])
    assert [message.content for message in inner.prompts[-1]] == ["[PHONE_1]"]


def test_a_number_that_the_store_itself_names_is_no_secret() -> None:
    masked, inner = model()
    masked.invoke([shopper_message(STORE, "13900001111是你们的吗？我是13812345678")])
    assert sent(inner).endswith("13900001111是你们的吗？我是[PHONE_1]")


def test_what_was_told_before_is_known_again() -> None:
    masked, inner = model()
    masked.invoke([shopper_message("", "张伟的订单呢？", ["我叫张伟", "谢谢"])])
    assert sent(inner) == "[NAME_1]的订单呢？"


REPLY = "[NAME_1]您好，[PHONE_1]和[PHONE_9]，[1] [PH"
RESTORED = f"张伟您好，{PHONE}和[PHONE_9]，[1] [PH"


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
async def test_replies_are_restored_however_they_are_cut(piece: int) -> None:
    masked, _ = model(REPLY, piece)
    messages = [shopper_message(STORE, ASKED)]
    assert masked.invoke(messages).text == RESTORED
    assert (await masked.ainvoke(messages)).text == RESTORED
    assert "".join(part.text for part in masked.stream(messages)) == RESTORED
    assert "".join([part.text async for part in masked.astream(messages)]) == RESTORED


def test_nothing_of_one_call_is_left_for_the_next() -> None:
    masked, _ = model("[PHONE_1]")
    masked.invoke([shopper_message("", PHONE)])
    assert masked.invoke([shopper_message("", "[PHONE_1]是谁的？")]).text == "[PHONE_1]"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_prompt_without_personal_data_is_sent_as_it_is(language: Any) -> None:
    masked, inner = model()
    evidence = [Evidence(make_hit("客服 400-000-1700，service@shop.example"), 1.0, ())]
    prompt = build_prompt("AQ-300/B多少钱？", evidence, language, told=["订单20260301-7788"])
    masked.invoke(prompt)
    assert [m.text for m in inner.prompts[-1]] == [m.text for m in prompt]


async def test_leaving_a_stream_ends_the_one_within() -> None:
    masked, inner = model("a" * 100)
    stream = masked.astream("x")
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0.05)
    assert inner.closed == [True]


def test_closing_it_closes_the_model_within() -> None:
    engine = FakeEngine()
    MaskedChatModel(inner=FakeChatModel(engine=engine)).close()
    assert engine._closed
    model()[0].close()


class TestMaskedChatModel(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return MaskedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"inner": FakeChatModel(engine=FakeEngine())}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False
