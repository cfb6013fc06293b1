"""A question's vector -> where it would lie if it were asked in the other language.

A multilingual embedder puts passages nearer to a question of their own language than to the same
question in another one; in a store of two languages that hides all of one from the other. The two
lie apart in nearly the same direction whatever is asked, so the mean over a few questions that
stand here in both is enough to cross over, and to tell which passages are on the other side. See
the log, "Across languages". (Libovický, Rosa and Fraser, 2020, arXiv:2004.05160, centre the
languages of such models alike.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_cs.index.base import Vector
from rag_cs.text import detect_language
from rag_cs.types import Language

# What shoppers ask anywhere, in English and in Chinese.
QUESTIONS = (
    ("How long does delivery take?", "送货需要多久？"),
    ("How much does shipping cost?", "运费是多少？"),
    ("Can I return it?", "可以退货吗？"),
    ("When will I get my refund?", "退款什么时候到账？"),
    ("How long is the warranty?", "保修期多长？"),
    ("Who pays for sending it back?", "寄回的费用由谁承担？"),
    ("How do I get an invoice?", "怎么开发票？"),
    ("What are your opening hours?", "你们的营业时间是几点到几点？"),
    ("How do I use a voucher?", "优惠券怎么使用？"),
    ("How many points do I get?", "可以得到多少积分？"),
    ("Can I change my address?", "可以修改地址吗？"),
    ("How do I cancel my order?", "怎么取消订单？"),
    ("Which ways of paying are there?", "有哪些付款方式？"),
    ("The parcel hasn't arrived.", "包裹还没有到。"),
    ("It arrived broken.", "收到的时候已经坏了。"),
    ("How do I clean it?", "怎么清洗？"),
    ("How big is it?", "尺寸是多大？"),
    ("What is it made of?", "是什么材质的？"),
    ("How do I switch it on?", "怎么开机？"),
    ("What does this error mean?", "这个故障代码是什么意思？"),
    ("Is this part sold separately?", "这个配件可以单独购买吗？"),
    ("How do I reach your staff?", "怎么联系客服？"),
    ("What do you do with my data?", "你们怎样使用我的个人信息？"),
    ("Can children use it?", "儿童可以使用吗？"),
)


# Between the languages lie codes and numbers, which are in neither: a passage is across from so
# much of the way on.
ACROSS = 0.6


@dataclass(frozen=True, slots=True)
class Step:
    """From a query's language to the other: `vector`, shape (dimensions,), is to be added to the
    query's, and its product with a passage's is at least `least` where that is across."""

    vector: Vector
    least: float


class Crossing:
    """What leads from one language to the other in an embedder's space. Safe to share between
    threads; embeds its questions when it is first needed."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings

    def step(self, query: str) -> Step:
        """The step that leads away from the query's language."""
        return self._steps["en" if detect_language(query) == "zh" else "zh"]

    @cached_property
    def _steps(self) -> dict[Language, Step]:
        english, chinese = ([pair[place] for pair in QUESTIONS] for place in (0, 1))
        to_chinese = self._asked(chinese) - self._asked(english)
        ends = self._embeddings.embed_documents(english), self._embeddings.embed_documents(chinese)
        start, end = (float(np.mean(np.asarray(each, np.float32) @ to_chinese)) for each in ends)
        return {
            "zh": Step(to_chinese, start + ACROSS * (end - start)),
            "en": Step(-to_chinese, -end + ACROSS * (end - start)),
        }

    def _asked(self, questions: Sequence[str]) -> Vector:
        vectors = [self._embeddings.embed_query(question) for question in questions]
        mean: Vector = np.mean(np.asarray(vectors, np.float32), axis=0)
        return mean
