from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.smalltalk import small_talk, wants_person
from rag_cs.text import detect_language
from rag_cs.types import Turn

TALK_EN = {
    "Hello": ["Hi", "hello there!", "Hey!!", "Good morning", "hi, how are you?", "Is anyone there?",
              "HELLO", "Hi team", "Hiya :)", "yo", "Good evening sir", "hello, anybody here?"],
    "You're welcome": ["Thanks a lot!", "thank you so much for your help", "thx", "ty!",
    "Cheers mate",
                       "Ok thank you", "Hi, thanks", "thanks, bye", "Great, thank you so much!",
                       "I really appreciate it", "Thank you again for your quick reply"],
    "Goodbye": ["bye", "Goodbye!", "see you later", "ok bye", "Have a nice day", "good night",
    "take care"],
    "I'm this store's": ["who are you?", "What are you?", "are you a robot?", "Are you human",
                         "am I talking to a real person?", "what's your name?", "What can you do?",
                         "Hi, are you a bot?", "is this a human?"],
    "I'm sorry": ["This is terrible!", "I am so angry", "worst service ever",
    "your service is awful",
                  "I'm really disappointed with you", "that's ridiculous", "What a joke",
                  "You people are useless", "shame on you", "I will never buy here again",
                  "scammers!",
                  "I want to make a complaint", "hello, this is unacceptable!"],
    "Thank you, that": ["You're awesome", "great job", "that was very helpful", "Perfect!",
                        "I love your store", "good", "well done"],
    "All right": ["ok", "Okay.", "got it", "I see", "never mind", "no", "alright then", "fine",
    "yes",
                  "no problem", "that's all for now", "sounds good"],
}  # fmt: skip
TALK_ZH = {
    "您好": ["你好", "您好！", "在吗", "在么？", "有人吗", "早上好", "亲，在吗", "哈喽",
    "晚上好啊", "嗨",
           "你好，请问", "客服在吗", "大家好", "喂"],
    "不客气": ["谢谢", "谢谢您的帮助！", "多谢", "好的谢谢", "非常感谢", "辛苦了", "谢谢啦～",
    "太感谢了",
            "好的，谢谢你", "谢谢，再见", "谢谢，你真棒", "麻烦您了"],
    "再见": ["再见", "拜拜", "晚安", "好的，再见", "下次见", "祝生意兴隆"],
    "我是本店": ["你是谁？", "你是机器人吗？", "你是真人吗", "您是人工客服吗？", "你叫什么名字",
    "你能做什么",
             "你好，你是机器人还是真人", "请问你是人吗", "你会什么"],
    "非常抱歉": ["太差劲了", "你们的服务太差了", "我很生气", "什么破店", "垃圾", "我要投诉你们",
    "太失望了！",
             "气死我了", "再也不来了", "真是无语", "骗子！", "客服态度太差了", "你们太敷衍了",
             "差评"],
    "谢谢您的夸奖": ["真棒", "你真聪明", "服务真不错", "太厉害了", "好评", "很贴心", "你们真专业"],
    "好的": ["好的", "好", "嗯嗯", "知道了", "明白了", "收到", "没事了", "行吧", "了解", "不用了",
    "哦哦", "是的"],
}  # fmt: skip
PERSON_EN = [
    "talk to a human", "Can I speak to a real person please?", "I want to talk to someone", "agent",
    "Please transfer me to an agent", "connect me with a representative", "human please",
    "Get me the manager", "Hello, I need to speak with customer service", "I want a human!",
    "can I speak to the manager about my refund?", "I'd like to chat with a person",
    "this is ridiculous, let me talk to a human",
]  # fmt: skip
PERSON_ZH = [
    "转人工", "找客服", "我要人工客服", "人工", "人工客服", "帮我转人工", "你好，转人工",
    "能转人工吗？",
    "请转接人工", "我要找真人客服", "叫你们店长来", "我想和真人说话", "太差了，我要找经理",
    "转人工处理退款",
]  # fmt: skip
QUESTIONS_EN = [
    "Hi, how long do I have to return a lamp?", "thanks, and what about shipping?", "Return policy",
    "This is terrible, my parcel is 5 days late, where is it?", "Do you have a good lamp?", "lamp",
    "Is this any good?", "Good?", "hello, do you ship to France", "ok, how much is it?",
    "thank you, one more thing: can I pay by card?", "I'm angry that my lamp broke", "ok?",
    "my parcel is 5 days late", "the lamp is terrible at night",
    "What can you do about my broken lamp?",
    "who are you shipping with?", "what are your opening hours?", "are you open today?",
    "bye bye baby lamp",
    "How do I cancel?", "no, the blue one", "yes, the AQ-300", "great lamp", "hi 5 lamps please",
    "Thanks for the lamp, it arrived broken", "are you a registered company?",
    "where is my refund?",
    "I want to complain about a late delivery, what is the process?", "cool box", "fine print",
    "Is it ok to wash the lamp?", "right side or left side?", "sure-grip handle",
    "nice price on the lamp?",
    "what's up with my order", "see you have lamps", "good morning, is the store open?", "bad lamp",
    "never mind the lamp, where is the bulb", "How can I contact customer service?", "help",
    "What is the phone number of customer service?", "when is customer service open?", "AQ-300/B",
    "Is there a manager's discount?", "human hair wig", "agent fees", "please", "What is a yo-yo?",
    "ok google speaker", "no returns?", "I understand returns are free?", "cheers glasses", "",
    "can I have a gift card", "thanks giving sale?", "hi-fi", "person or company account?",
    "k2 lamp",
    "sorry, where is the size chart", "I want the staff to be cordial",
]  # fmt: skip
QUESTIONS_ZH = [
    "你好，请问几天可以退货？", "好的，那运费呢", "退货", "包邮吗", "客服电话是多少",
    "怎么联系客服？", "质量差吗",
    "质量差怎么退", "谢谢，还有运费多少？", "好用吗", "你们几点下班", "人工客服几点上班？",
    "投诉电话", "怎么投诉",
    "太差了，包裹晚了五天还没到", "我很生气，我的包裹在哪里？", "你好，有灯吗", "在吗，能退货吗",
    "是真皮吗", "好看吗",
    "是正品吗？", "你们店在哪", "有没有优惠", "有货吗", "没有收到货", "不能退吗", "可以退吗",
    "可以开发票吗", "灯坏了",
    "不好用", "再见面礼有吗", "好的，帮我查一下订单", "行李箱多大", "早餐机怎么用",
    "谢谢，那怎么退款", "你真的能退款吗",
    "会员有什么功能", "人工费多少", "真人试穿图有吗", "店长推荐是什么", "经理电话多少",
    "服务很差怎么投诉",
    "发票怎么开", "好评返现怎么领", "好评有礼吗", "赞助商是谁", "客服在哪里", "AQ-300",
    "是不是包邮", "对比一下两款",
    "嗯，那尺码呢", "明白了，那什么时候发货", "没问题的话几天到", "优秀员工奖是什么",
    "垃圾桶多少钱", "垃圾袋",
    "坑位费多少", "破损怎么办", "差价怎么退", "无语言版本吗", "拜年礼盒", "嗨购节什么时候",
    "您是什么公司",
]  # fmt: skip


TALK = [
    (start, message)
    for kinds in (TALK_EN, TALK_ZH)
    for start, messages in kinds.items()
    for message in messages
]


@pytest.mark.parametrize(("start", "message"), TALK)
def test_politeness_is_answered_in_kind(start: str, message: str) -> None:
    reply = small_talk(message)
    assert reply
    assert reply.startswith(start)
    assert detect_language(reply) == detect_language(message)
    assert not wants_person(message)


@pytest.mark.parametrize("message", [*QUESTIONS_EN, *QUESTIONS_ZH])
def test_whatever_holds_a_question_goes_on(message: str) -> None:
    assert small_talk(message) is None
    assert not wants_person(message)


@pytest.mark.parametrize("message", [*PERSON_EN, *PERSON_ZH])
def test_a_person_is_asked_for(message: str) -> None:
    assert wants_person(message)
    assert small_talk(message) is None


def test_there_are_enough_examples() -> None:
    assert min(len(QUESTIONS_EN), len(QUESTIONS_ZH)) >= 60
    assert min(sum(map(len, kinds.values())) for kinds in (TALK_EN, TALK_ZH)) >= 60


def test_no_reply_states_a_number() -> None:
    for message in ["hi", "thanks", "awful", "who are you", "你好", "谢谢", "太差了", "你是谁"]:
        assert not any(each.isdigit() for each in small_talk(message) or "")


def test_faces_are_read() -> None:
    assert "sorry" in (small_talk("😡") or "")
    assert "kind" in (small_talk("👍") or "")
    assert small_talk("🧦") is None


def test_a_bare_yes_or_no_answers_what_was_asked() -> None:
    more = [Turn("user", "thanks"), Turn("assistant", small_talk("thanks") or "")]
    assert "go ahead" in (small_talk("yes", more) or "")
    assert "I'm here" in (small_talk("no", more) or "")
    other = [Turn("assistant", "Is it the desk lamp?")]
    assert small_talk("yes", other) is None
    assert small_talk("thanks", other)


def test_ok_is_answered_in_the_language_of_the_conversation() -> None:
    history = [Turn("user", "几天可以退货？"), Turn("assistant", "七天内可以退货。")]
    assert (small_talk("ok", history) or "").startswith("好的")
    assert (small_talk("👍", history) or "").startswith("谢谢")


@given(st.text(max_size=300))
def test_nothing_raises(message: str) -> None:
    reply = small_talk(message)
    assert reply is None or not wants_person(message)


@given(
    st.sampled_from(["Hi, ", "Thanks! ", "ok, ", "This is terrible. ", "你好，", "谢谢，",
    "太差了，", ""]),
    st.lists(st.sampled_from(["lamp", "refund", "warranty", "invoice", "运费", "发票", "尺码",
    "保修"]),
             min_size=3, max_size=6),
)  # fmt: skip
def test_politeness_before_a_question_hides_nothing(politeness: str, words: list[str]) -> None:
    assert small_talk(f"{politeness}{' '.join(words)}?") is None
    assert not wants_person(f"{politeness}{' '.join(words)}?")
