from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.parts import MOST_PARTS, is_unclear, split_question
from rag_cs.types import Turn

SPLIT_EN = [
    ("How much is shipping and how long does it take?",
     ["How much is shipping?", "How long does shipping take?"]),
    ("How do I return a lamp? Where do I send it?",
     ["How do I return a lamp?", "Where do I send the lamp?"]),
    ("Do you ship to France, and can I pay by card?",
     ["Do you ship to France?", "Can I pay by card?"]),
    ("Is the AQ-300 waterproof and how heavy is it?",
     ["Is the AQ-300 waterproof?", "How heavy is the AQ-300?"]),
    ("Does the desk lamp come with a bulb and how long does it last?",
     ["Does the desk lamp come with a bulb?", "How long does the desk lamp last?"]),
    ("What's the warranty, and do you repair lamps?",
     ["What's the warranty?", "Do you repair lamps?"]),
    ("Hi, how much is delivery? Do you deliver on Sundays?",
     ["How much is delivery?", "Do you deliver on Sundays?"]),
    ("What is the price, how heavy is the lamp, and where is it made?",
     ["What is the price?", "How heavy is the lamp?", "Where is the lamp made?"]),
    ("I bought a lamp last week. Can I return it? How long does the refund take?",
     ["I bought a lamp last week. Can I return it?",
      "I bought a lamp last week. How long does the refund take?"]),
    ("When do you open and how do I get there?", None),
    ("Can I change my address? When will my order ship?",
     ["Can I change my address?", "When will my order ship?"]),
    ("How do I cancel an order, and who pays for the return?",
     ["How do I cancel an order?", "Who pays for the return?"]),
    ("What sizes do you have? Do you gift-wrap?", ["What sizes do you have?", "Do you gift-wrap?"]),
    ("Where are you based and do you have a shop in Leeds?",
     ["Where are you based?", "Do you have a shop in Leeds?"]),
    ("Do you price match? Are gift cards refundable?",
     ["Do you price match?", "Are gift cards refundable?"]),
    ("How big is the XL and how much does it weigh?",
     ["How big is the XL?", "How much does the XL weigh?"]),
    ("Do you repair chairs and what does a repair cost?",
     ["Do you repair chairs?", "What does a repair cost?"]),
    ("Which cards do you take? Can I pay on account?",
     ["Which cards do you take?", "Can I pay on account?"]),
    ("Is there a student discount, and how do I get a code?",
     ["Is there a student discount?", "How do I get a code?"]),
    ("Thanks! Do you sell bulbs? Are the bulbs dimmable?",
     ["Do you sell bulbs?", "Are the bulbs dimmable?"]),
    ("Who delivers the sofa and when will you call me?",
     ["Who delivers the sofa?", "When will you call me?"]),
]  # fmt: skip
WHOLE_EN = [
    "What are the terms and conditions?", "Can I buy and return?",
    "I bought a lamp last week. Can I return it?",
    "Who pays for the return, the buyer or the seller?",
    "What is your return policy? I bought it yesterday.",
    "Do you know when the shop opens and how I get there?",
    "What should I do when it breaks and who pays?", "Can I return it and get my money back?",
    "If I return a lamp, how long does it take?",
    "How do I know which size fits and when it ships?",
    "Do you sell lamps, chairs and tables?", "What are the black and white models?",
    "Is it free to return shoes, bags and hats?", "Can I pay by card or PayPal?",
    "My parcel is late. What can I do?", "It arrived broken and I want to know what to do.",
    "Can I return it? I lost the receipt.", "Is that right?", "How much is it?",
    "Where is my order? It should have been here on Monday.", "Can you help? My lamp broke.",
    "I have a question. How long is the warranty?",
    "Tell me how much it costs and how long it takes.",
    "What happens if it breaks and I have no receipt?", "Is it waterproof? Why?",
    "Does it work with both iOS and Android?",
    "What is the difference between the AQ-300 and the AQ-400?",
    "Why is it late and what now?", "I moved. How do I change my address and phone number?",
    "Do I need an account and a card to order?", "When and where can I pick up my order?",
    "How and when do I get my refund?", "Will it fit? It is for a small room.", "lamp", "", "???",
    "Could you explain what a deposit is and when I pay?", "What does P&P mean?",
    "Can I wash and iron the shirt?", "Is the coat warm, or is it thin?", "Returns and refunds?",
    "How do I turn it on and off?", "When a lamp breaks, who pays?",
    "Can I order a lamp and have the bulbs sent later?", "What if it is lost? What do I do then?",
    "How can I pay if it is urgent, and what do you need?",
]  # fmt: skip
SPLIT_ZH = [
    ("运费多少钱？几天能到？", ["运费多少钱？", "几天能到？"]),
    ("退货要几天，运费谁出？", ["退货要几天？", "退货，运费谁出？"]),
    ("满多少包邮，多久发货，能不能开发票？", ["满多少包邮？", "多久发货？", "能不能开发票？"]),
    ("AQ-300多重，保修多久？", ["AQ-300多重？", "AQ-300，保修多久？"]),
    ("会员怎么升级？积分什么时候过期？", ["会员怎么升级？", "积分什么时候过期？"]),
    ("你们支持货到付款吗？发票怎么开？", ["你们支持货到付款吗？", "发票怎么开？"]),
    ("退货需要什么条件？需要多久才能收到退款？",
     ["退货需要什么条件？", "退货，需要多久才能收到退款？"]),
    ("你好，有现货吗？什么时候发货？", ["有现货吗？", "什么时候发货？"]),
    ("可以货到付款吗，另外周末送货吗？", ["可以货到付款吗？", "周末送货吗？"]),
    ("净水器多少钱；滤芯多久换一次？", ["净水器多少钱？", "滤芯多久换一次？"]),
    ("保修期多长，过保后维修怎么收费？", ["保修期多长？", "保修，过保后维修怎么收费？"]),
    ("优惠券怎么领，能不能叠加使用？", ["优惠券怎么领？", "优惠券，能不能叠加使用？"]),
    ("我上周买了一盏灯。可以退货吗？运费谁出？",
     ["我上周买了一盏灯。可以退货吗？", "我上周买了一盏灯。运费谁出？"]),
    ("店在哪里？几点关门？", ["店在哪里？", "几点关门？"]),
    ("有没有学生优惠，怎么领优惠码？", ["有没有学生优惠？", "怎么领优惠码？"]),
    ("支持花呗吗，是否可以分期付款？", ["支持花呗吗？", "是否可以分期付款？"]),
    ("怎么修改地址？修改地址要收费吗？", ["怎么修改地址？", "修改地址要收费吗？"]),
    ("换货几天能寄出，换货运费多少？", ["换货几天能寄出？", "换货运费多少？"]),
    ("礼品卡能退吗？礼品卡多久过期？", ["礼品卡能退吗？", "礼品卡多久过期？"]),
    ("尺码怎么选？有没有加大码？", ["尺码怎么选？", "有没有加大码？"]),
]  # fmt: skip
WHOLE_ZH = [
    "如果商品有质量问题，可以退货吗？", "我上周买了一个净水器，滤芯多久换一次？",
    "忘记密码了，怎么找回？",
    "能退货吗，怎么退？", "可以用支付宝还是微信付款？", "你好，请问几天可以退货？",
    "条款和条件是什么？",
    "一年内出现故障，怎么保修？", "灯不亮了，怎么办？", "包裹三天没动了，是怎么回事？",
    "想问一下，运费多少钱？",
    "我不知道怎么退货，能教我吗？", "几天前买的灯，可以退吗？", "不管买多少，都包邮吗？",
    "买灯、椅子、桌子，包邮吗？",
    "运费是买家出，还是卖家出？", "不喜欢，可以退吗？", "没有发票，能保修吗？",
    "我在北京，几天能到？",
    "请问，你们几点关门？", "怎么退货？我忘了带小票。", "为什么还没发货？已经三天了。",
    "退货，可以吗？",
    "你们的地址是什么，能告诉我吗？", "买回来发现不合适，吊牌拆了，还能退吗？", "多少钱？", "灯",
    "？？",
    "若超过七天，还能退吗？", "订单号是12345，什么时候发货？", "充值了100元，怎么没到账？",
    "洗衣机漏水，谁来修？",
    "下单后，多久可以取消？", "送人的，能包装吗？", "有黑色、白色和灰色吗？", "积分没了，为什么？",
    "",
    "退货的运费由谁承担？", "这款和那款有什么区别？", "因为尺码不对，想换一件，怎么操作？",
    "换货流程是什么？",
    "支持七天无理由退换货吗？", "灯为什么不亮？是什么原因造成？", "我不是付款了吗？怎么还没发货？",
    "订单金额不对，怎么查询？", "滤芯是什么？它有什么用？",
    "在什么情况下，会扣积分？", "怎么升级会员？有什么例子吗？",
]  # fmt: skip
UNCLEAR_EN = """it doesn't work|how much?|help|help me|I have a question|it's broken|why?|when?|
how long?|what now?|
what should I do?|not working|I need help|there is a problem|something is wrong|can you help me?|
it won't turn on|
this is not working|how much is it?|how much does it cost?|???|Hi, it doesn't work|
hello, can you help?|more info|
is it available?|what do I do|how?|where?|which one?|I have an issue|is this possible?|
tell me more|It stopped working.|
how much is this|can I ask a question?|problem|what is it?|I don't understand|can I?|
it does not work anymore"""
UNCLEAR_ZH = """怎么办？|多少钱？|多少钱|坏了|它坏了|不能用|用不了|为什么？|什么时候？|有问题|
我有个问题|想问一下|请问|咨询一下|
帮帮我|你好，怎么办|在哪里|几天？|多久|怎么用？|怎么回事|怎么弄|东西坏了|这个怎么办|我该怎么办？|
没反应|不好用|出问题了|
遇到问题了|求助|然后呢？|可以吗？|行吗|什么意思？|不行|？？？|怎么了|请问多少钱？|能帮我吗|
这个坏了怎么办"""
CLEAR_EN = """my lamp doesn't work|how much is shipping?|how long is the warranty?|
help with a return|return policy|
why is my parcel late?|when do you open?|how much is the AQ-300?|the lamp is broken|
is the lamp available?|shipping|
refund|AQ-300|it doesn't fit|it arrived damaged|the app is not working|what is a deposit?|
where is my order?|
how do I do a return|can I pay by card?|gift cards|E04|size chart|how long does delivery take?|
opening hours|
do you have lamps|is returning possible?|I have a problem with my invoice|
it doesn't charge over USB-C|
what should I do with the old lamp?|warranty|how much is a repair|invoice|
I need help with the warranty|
which one is waterproof?|what does E04 mean?|where is the serial number|when is it back in stock?|
price match|
it is not working after the update"""
CLEAR_ZH = """灯坏了怎么办？|运费多少钱？|几天能到？|退货|怎么退货？|保修多久|什么时候发货？|发票|
净水器不能用|
有现货吗|可以退货吗？|包邮吗|AQ-300|E04|店在哪里？|多久换滤芯|怎么开发票|密码忘了怎么办|
为什么还没发货？|
能不能货到付款|尺码|客服电话|几点关门|会员积分|优惠券怎么用？|漏水怎么办|充不了电|屏幕不亮|
有问题的商品怎么退|
质量有问题可以退吗|多少钱包邮？|几天无理由退货|我有个订单没收到|想问一下运费|咨询一下保修|
帮我查订单|地址填错了怎么办|
这个净水器多少钱|怎么修改地址|退款没到账"""


def lines(text: str) -> list[str]:
    return [each for each in text.replace("\n", "").split("|") if each]


@pytest.mark.parametrize(("question", "parts"), [*SPLIT_EN, *SPLIT_ZH])
def test_a_question_of_two_parts_becomes_both(question: str, parts: list[str] | None) -> None:
    assert split_question(question) == (parts or [question])


@pytest.mark.parametrize("question", [*WHOLE_EN, *WHOLE_ZH])
def test_whatever_is_one_question_stays_whole(question: str) -> None:
    assert split_question(question) == [question]


@pytest.mark.parametrize("message", lines(UNCLEAR_EN))
def test_a_vague_message_gets_a_question_back(message: str) -> None:
    assert (is_unclear(message) or "").startswith("Could you")
    assert is_unclear(message, [Turn("user", "The AQ-300 lamp")]) is None


@pytest.mark.parametrize("message", lines(UNCLEAR_ZH))
def test_a_vague_chinese_message_gets_a_chinese_question_back(message: str) -> None:
    assert (is_unclear(message) or "").startswith("能再说")


@pytest.mark.parametrize("message", [*lines(CLEAR_EN), *lines(CLEAR_ZH), *WHOLE_ZH[:20]])
def test_what_can_be_searched_is_searched(message: str) -> None:
    assert is_unclear(message) is None


def test_there_are_enough_examples() -> None:
    assert min(len(SPLIT_EN) + len(WHOLE_EN), len(SPLIT_ZH) + len(WHOLE_ZH)) >= 60
    assert min(len(lines(each)) for each in (UNCLEAR_EN, UNCLEAR_ZH, CLEAR_EN, CLEAR_ZH)) >= 40


@given(st.text(max_size=500))
def test_nothing_raises_and_one_question_is_kept_as_it_is(text: str) -> None:
    parts = split_question(text)
    assert parts == [text] or 2 <= len(parts) <= MOST_PARTS
    is_unclear(text)


@given(
    st.lists(
        st.sampled_from(["how much is it", "and", "?", ",", "the lamp", "运费", "多少", "，", "？"])
    )
)
def test_pieces_of_questions_never_raise(pieces: list[str]) -> None:
    assert all(part.strip() for part in split_question(" ".join(["x", *pieces])))
