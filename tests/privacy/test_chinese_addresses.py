from __future__ import annotations

import pytest

from rag_cs.privacy.chinese_addresses import find_chinese_addresses
from tests.privacy.checks import words


@pytest.mark.parametrize(
    ("before", "address", "after"),
    [
        ("我住在", "浙江省杭州市西湖区文三路100号3栋502室", "，要几天？"),
        ("麻烦尽快给我寄到", "西湖区文三路100号", "吧"),
        ("改成", "成都市武侯区人民南路四段27号", "可以吗"),
        ("", "浙江省 杭州市 西湖区 文三路 100号", ""),
        ("送到", "阳光花园小区5栋2单元301", "，放门口"),
        ("地址是", "光山县槐店乡晏岗村三组12号", ""),
        ("，地址", "浙江省杭州市西湖区文三路100号", "。"),
        ("我想改一下收货地址", "西湖区朝阳路10号", ""),
        ("我家在", "朝阳路10号", ""),
        ("就在", "3栋2单元502室", ""),
        ("放", "天津市和平区南京路189号津汇广场1座2205", "可以开发票吗"),
    ],
)
def test_from_the_province_down_to_the_room(before: str, address: str, after: str) -> None:
    assert words(find_chinese_addresses, before + address + after) == {address}


@pytest.mark.parametrize(
    "text",
    ["可以寄到浙江省杭州市吗？", "新疆和西藏包邮吗？", "二楼的店几点开门", "5号电池和7号电池", "10号线附近",
     "我知道3号发货", "这个味道2号和3号哪个好", "电路3号接口", "走路3号能到吗", "我要3号套餐",
     "解放路那家店有现货吗？", "小区快递柜能放几天？", "保修卡编号在哪里", "号" * 300],
)  # fmt: skip
def test_regions_days_and_products_are_no_addresses(text: str) -> None:
    assert words(find_chinese_addresses, text) == set()
