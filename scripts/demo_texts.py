"""The words of the demo store's binary files. How they look is known to make_demo_files.py."""

# ruff: noqa: E501 - a sentence of a document stays on one line

from __future__ import annotations

from typing import Any

Table = list[list[str]]

WARRANTY: list[tuple[str, Any]] = [
    ("Title", "Warranty terms"),
    (
        "Normal",
        "These terms apply to appliances bought from Hedeng Home. They come on top of your statutory rights.",
    ),
    ("Heading 1", "Length of the warranty"),
    (
        "Table",
        [
            ["Product", "Warranty"],
            ["Kettles (HK series)", "12 months"],
            ["Humidifiers, heaters and night lights (HM, CF and NL series)", "12 months"],
            ["Lamps (DL series)", "24 months"],
            ["Air purifiers (AQ series)", "24 months; 36 months for the fan motor"],
        ],
    ),
    (
        "Normal",
        "The warranty begins on the day of delivery. Filters, batteries and light bulbs are wearing parts and are not covered.",
    ),
    ("Heading 1", "What is not covered"),
    ("List Bullet", "Damage from falls, from water inside the base, or from the wrong voltage."),
    (
        "List Bullet",
        "Limescale in kettles and humidifiers that were not descaled as the manual says.",
    ),
    ("List Bullet", "Appliances opened or repaired by anyone but our service centre."),
    ("Heading 1", "How to make a claim"),
    (
        "List Number",
        "Contact customer service with your order number and a short video of the fault.",
    ),
    ("List Number", "We send you a prepaid label; pack the appliance in a sturdy box."),
    (
        "List Number",
        "We repair it within 10 working days of its arrival. If it can't be repaired, you get a new one of the same or a newer model.",
    ),
    (
        "Normal",
        "You need no paper receipt: the order number is proof of purchase. After a repair, the repaired part is covered for another 6 months or until the end of the original warranty, whichever is later.",
    ),
]

MEMBERSHIP: list[tuple[str, Any]] = [
    ("Title", "会员制度"),
    ("Normal", "注册即成为禾灯家居会员，会员免年费。等级按最近12个月的实付金额计算，每月1日更新。"),
    ("Heading 1", "会员等级与权益"),
    (
        "Table",
        [
            ["等级", "最近12个月实付金额", "积分倍数", "生日礼券", "专享"],
            ["普通会员", "不限", "1倍", "无", "无"],
            ["银灯会员", "满1000元", "1.2倍", "20元", "每年2次免费上门取件"],
            ["金灯会员", "满5000元", "1.5倍", "50元", "专属客服，全年免运费"],
        ],
    ),
    ("Heading 1", "积分"),
    ("List Bullet", "每实付1元积1分，按等级倍数计算，订单签收后到账。"),
    ("List Bullet", "100积分抵1元，单笔订单最多抵扣订单金额的20%。"),
    ("List Bullet", "积分自获得之日起24个月内有效，到期自动清零。"),
    ("List Bullet", "退货时，该订单获得的积分一并扣回。"),
    ("Heading 1", "生日礼券"),
    ("Normal", "生日礼券在生日当月1日发放，有效期30天，满99元可用。生日信息每年只能修改一次。"),
]

FAQ_ZH: Table = [
    ["分类", "问题", "相似问法", "答案"],
    ["退换货", "签收后几天内可以退货？", "多久能退|退货期限是多长", "自签收之日起7天内，商品未使用、包装齐全的，可以申请无理由退货。"],
    ["退换货", "退货的运费谁出？", "退货邮费谁承担", "无理由退货由您承担寄回运费，上门取件每单12元；质量问题由本店承担。"],
    ["退换货", "退款多久到账？", "什么时候能收到退款", "仓库验收合格后3个工作日内原路退回。"],
    ["物流", "满多少包邮？", "多少钱免运费|包邮条件", "单笔订单满199元包邮，不满收取12元。"],
    ["物流", "下单后多久发货？", "什么时候发货", "16:00前付款的订单当天发货，之后付款的和周日付款的订单次日发货。"],
    ["物流", "可以送到香港吗？", "能寄国外吗|海外配送", "目前只配送中国大陆，暂不支持港澳台和海外。"],
    ["发票", "怎么开电子发票？", "如何申请发票", "签收后在“我的订单”点击“申请发票”，24小时内发送到您的邮箱。"],
    ["会员", "积分怎么用？", "积分能抵多少钱", "100积分抵1元，单笔订单最多抵扣订单金额的20%。"],
    ["产品", "AQ-300/B 的滤网多久换一次？", "净化器滤芯更换周期", "正常使用约6个月更换一次，滤网型号是 FL-300。"],
    ["产品", "水壶有水垢怎么办？", "如何除水垢", "加入20克柠檬酸和1升水，煮沸后静置30分钟，再用清水冲洗两遍。"],
    ["客服", "人工客服几点上班？", "客服工作时间|什么时候有人工", "人工客服每天9:00至21:00在线，法定节假日为10:00至18:00。"],
    ["客服", "客服电话是多少？", "怎么联系你们", "客服热线 400-000-1700，也可以在订单页面点“联系客服”。"],
]  # fmt: skip

FAQ_EN: Table = [
    ["Category", "Question", "Answer"],
    ["Returns", "How long do I have to return something?", "You can return unused goods in their full packaging within 7 days of delivery."],
    ["Returns", "Can I return a filter I have opened?", "No. Opened filters can't be returned for reasons of hygiene, unless they are faulty."],
    ["Shipping", "When is shipping free?", "Standard shipping is free for orders of ¥199 or more; below that it costs ¥12."],
    ["Shipping", "Can I collect my order in person?", "No, we have no shop where orders can be collected. All orders are delivered."],
    # shipping.html says 3 days: the store's one contradiction, on purpose.
    ["Shipping", "How long is a parcel kept in a parcel locker?", "A parcel waits in a parcel locker for 5 days; after that it goes back to our warehouse."],
    ["Orders", "Can I cancel my order?", "Yes, until it has left the warehouse: open \"My orders\" and choose \"Cancel\". After that, refuse the parcel or return it."],
    ["Orders", "Can I add something to an order that I have placed?", "No. Please place a second order; if both leave on the same day, we send them in one parcel and refund one shipping fee."],
    ["Products", "Does the travel kettle work abroad?", "Yes. The HK-120 works at 110 V and 220 V; set the switch under its base and use a plug adapter."],
    ["Products", "How loud is the AQ-300/B air purifier?", "Between 24 dB in sleep mode and 52 dB at full speed."],
    ["Products", "Can I put the kettle in the dishwasher?", "No. Wipe the kettle with a damp cloth; its base must never get wet."],
    ["Account", "I forgot my password. What can I do?", "Choose \"Log in by text message\": a code is sent to your mobile number, and you can set a new password afterwards."],
]  # fmt: skip

PARTS: Table = [
    ["货号", "备件名称", "适用型号", "价格（元）", "备注"],
    ["SP-1701", "壶盖", "HK-170", "29", "黑色、米色"],
    ["SP-1702", "电源底座", "HK-170、HK-170/S", "59", "额定1850瓦"],
    ["SP-1201", "可折叠手柄", "HK-120", "19", ""],
    ["SP-3001", "前面板", "AQ-300/B", "79", "白色"],
    ["SP-3002", "遥控器", "AQ-300/B、AQ-500/C", "45", "含一节CR2025电池"],
    ["SP-2001", "USB电源线", "AQ-200、HM-2", "15", "1.5米"],
    ["SP-0501", "5升水箱", "HM-5", "69", ""],
    ["SP-2010", "灯罩", "DL-20", "35", "不含灯泡"],
]

MANUAL_SPECIFICATION: Table = [
    ["Item", "Value"],
    ["Model", "AQ-300/B"],
    ["Clean air delivery rate (particles)", "310 m³/h"],
    ["Recommended room size", "21 to 37 m²"],
    ["Noise", "24 to 52 dB"],
    ["Rated power", "38 W"],
    ["Power supply", "220 V, 50 Hz"],
    ["Weight", "5.6 kg"],
    ["Filter", "FL-300"],
]
MANUAL_ERRORS: Table = [
    ["Code", "Meaning", "What to do"],
    ["E1", "The fan is blocked", "Unplug, remove objects from the air outlet, plug in again"],
    ["E2", "The front panel is open", "Close the panel until it clicks"],
    ["E3", "The dust sensor is dirty", "Clean the sensor with a dry cotton swab"],
    ["E4", "The filter is missing", "Insert an FL-300 filter with the arrow facing inwards"],
    ["E5", "Internal fault", "Contact customer service; do not open the appliance"],
]
MANUAL_CARE: Table = [
    ["Part", "How often", "How"],
    ["Pre-filter", "every 2 weeks", "vacuum or rinse, let dry completely"],
    ["FL-300 filter", "every 6 months or 4,300 hours", "replace; never wash it"],
    ["Dust sensor", "every 3 months", "dry cotton swab"],
    ["Housing", "when needed", "soft damp cloth, no solvents"],
]

KETTLE_PAGES: list[list[tuple[int, str]]] = [
    [
        (52, "HK-170 恒温电热水壶 使用说明书"),
        (36, "一、产品参数"),
        (28, "容量1.7升，额定功率1850瓦，额定电压220伏，净重1.3千克。"),
        (36, "二、首次使用"),
        (28, "首次使用前，请加满清水煮沸两次，并将水倒掉。"),
        (28, "水位不得低于0.5升，也不得超过最高水位线。"),
        (36, "三、恒温功能"),
        (28, "按“温度”键可选择40度、60度、80度、90度四档保温。"),
        (28, "保温最长持续12小时，之后自动关机。"),
        (28, "长按“温度”键3秒可关闭按键提示音。"),
    ],
    [
        (36, "四、清洁与除垢"),
        (28, "每月除垢一次：加入20克柠檬酸和1升水，煮沸后静置30分钟，"),
        (28, "再用清水冲洗两遍。切勿将壶身或底座浸入水中。"),
        (36, "五、安全提示"),
        (28, "本产品具有防干烧保护，干烧时自动断电，冷却15分钟后方可再用。"),
        (28, "请放在儿童接触不到的平稳台面上，不要用本产品加热牛奶。"),
        (36, "六、常见故障"),
        (28, "指示灯不亮：检查底座是否放平、插头是否插紧。"),
        (28, "水未沸腾就断电：水垢过多，请先除垢。"),
        (28, "屏幕显示“E3”：温度传感器故障，请联系客服，不要自行拆机。"),
    ],
]

NOTICE: list[tuple[int, str]] = [
    (64, "放假通知  Holiday notice"),
    (38, "国庆节期间（10月1日至10月3日）仓库放假，暂停发货。"),
    (38, "10月4日起按付款顺序恢复发货。"),
    (38, "Our warehouse is closed from 1 to 3 October."),
    (38, "Shipping resumes on 4 October, in the order of payment."),
    (38, "放假期间客服在线时间：10:00至18:00。"),
]

# Style and content; a table's content is its rows and the widths of its columns in points.
MANUAL: list[tuple[str, Any]] = [
    ("Title", "AQ-300/B Air Purifier: User Manual"),
    ("Heading2", "1 Specification"),
    ("Table", (MANUAL_SPECIFICATION, (170, 150))),
    ("Heading2", "2 First use"),
    (
        "BodyText",
        "Take the filter out of its plastic bag before you switch the appliance on: it is packed separately behind the front panel. Keep 20 cm of free space on every side.",
    ),
    (
        "BodyText",
        "The automatic mode sets the fan speed by the dust in the air. Sleep mode runs at the lowest speed and dims all lights.",
    ),
    ("PageBreak", None),
    ("Heading2", "3 Controls"),
    ("Bullet", "• Child lock: hold the LOCK key for 3 seconds to switch it on or off."),
    ("Bullet", "• Timer: press TIMER to switch off after 2, 4 or 8 hours."),
    (
        "Bullet",
        "• Filter light: it turns red when the filter must be replaced. After replacing it, hold the FILTER key for 5 seconds to reset the counter.",
    ),
    (
        "Bullet",
        "• Wi-Fi: hold the MODE key for 5 seconds until the light blinks, then follow the app. Only 2.4 GHz networks are supported.",
    ),
    ("Heading2", "4 Error codes"),
    ("Table", (MANUAL_ERRORS, (40, 130, 150))),
    ("PageBreak", None),
    ("Heading2", "5 Care and maintenance"),
    ("Table", (MANUAL_CARE, (80, 120, 120))),
    ("Heading2", "6 Safety"),
    (
        "BodyText",
        "Do not use the appliance in bathrooms or with wet hands. Do not cover the air outlet. Children under 8 years must not use it without supervision.",
    ),
    (
        "BodyText",
        "A smell in the first days comes from the new activated carbon and is harmless. It disappears after about 3 days of use.",
    ),
]
