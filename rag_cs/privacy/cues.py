"""Words in front of a number that say it isn't anybody's personal data. Pure."""

from __future__ import annotations

import re

from rag_cs.privacy.findings import follows

_SOMETHING_ELSE = re.compile(
    r"(?:订单|单号|编号|货号|运单|快递单|快递号|物流单|物流号|流水|型号|编码|条码|条形码|商品(?:id)?|税号|批次|批号|"
    r"序列|保修卡|会员卡|会员号|礼品卡|购物卡|积分卡|储值卡|验证码|优惠券|券码|"
    r"\b(?:orders?|tracking|track|invoice|receipt|barcode|ean|upc|serial|sku|part|item|product|model|"
    r"batch|lot|ref|reference|parcel|package|shipment|gift ?card|member(?:ship)?|loyalty|voucher|coupon|"
    r"ticket|case|ip|firmware|version|imei|vat|tax))"
    r"(?:\s|[:：#(（“\"'.是为]|编?号码?|码|card|number|numbers|no|nr|num|code|id|address|is|was)*$",
    re.IGNORECASE | re.ASCII,
)


def is_something_else(text: str, start: int) -> bool:
    """Whether the words before `start` name an order, a parcel, a product, a gift card."""
    return follows(_SOMETHING_ELSE, text, start)
