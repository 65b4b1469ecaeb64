import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import masking
from tickets.numbers import ticket_number

NUMBER = ticket_number(date(2026, 10, 1), 37)

MASKED = [
    # Mobile numbers, in the ways people write them.
    ("我的电话13800138000，谢谢", "我的电话138****8000，谢谢"),
    ("请打１３８００１３８０００", "请打１３８****８０００"),
    ("138 0013 8000", "138 **** 8000"),
    ("138-0013-8000", "138-****-8000"),
    ("138—0013—8000", "138—****—8000"),
    ("138.0013.8000", "138.****.8000"),
    ("138001 38000", "138*** *8000"),
    ("1380013 8000", "138**** 8000"),
    ("1380 013 8000", "138* *** 8000"),
    ("1380 0138 000", "138* ***8 000"),
    ("13800 138000", "138** **8000"),
    ("138 001 38000", "138 *** *8000"),
    ("138 00138 000", "138 ****8 000"),
    ("138 00 13 80 00", "138 ** ** 80 00"),
    ("138 00 138 000", "138 ** **8 000"),
    ("1 3 8 0 0 1 3 8 0 0 0", "1 3 8 * * * * 8 0 0 0"),
    ("138\u200b0013\u200b8000", "138\u200b****\u200b8000"),
    ("一三八零零一三八零零零", "一三八****八零零零"),
    ("幺三八〇〇幺三八〇〇〇", "幺三八****八〇〇〇"),
    ("壹叁捌零零壹叁捌零零零", "壹叁捌****捌零零零"),
    ("138零零1三8000", "138****8000"),
    ("就这一个13800138000", "就这一个138****8000"),
    ("第一13800138000第二13900139000", "第一138****8000第二139****9000"),
    ("+86 13800138000", "+86 138****8000"),
    ("8613800138000", "86138****8000"),
    ("13800138000 13900139000", "138****8000 139****9000"),
    (f"{NUMBER} 13800138000 {NUMBER}", f"{NUMBER} 138****8000 {NUMBER}"),
    ("138001380002026-3-2来电", "138****80002026-3-2来电"),
    # Landlines, with and without area code.
    ("0546-8331234", "0546-***1234"),
    ("（0546）8331234", "（0546）***1234"),
    ("010 6233 1234", "010 **** 1234"),
    ("+86-546-8331234", "+86-546-***1234"),
    ("家里是83312345", "家里是****2345"),
    ("家里是８３３１２３４５。", "家里是****２３４５。"),
    ("电话8331234", "电话***1234"),
    ("电话：8331-2345", "电话：****-2345"),
    ("座机八三三一二三四", "座机***一二三四"),
    ("电话8331234、8331235或8331236", "电话***1234、***1235或***1236"),
    ("电话8331234，8331235", "电话***1234，***1235"),
    ("Tel:8331234", "Tel:***1234"),
    # Identity cards and bank cards.
    ("370523199001011234", "37*************234"),
    ("37052319900101123X", "37*************23X"),
    ("370523 19900101 123Ｘ", "37**** ******** *23Ｘ"),
    ("370523900101123", "37**********123"),
    ("6222021234567890123", "***************0123"),
    ("6222 0212 3456 7890", "**** **** **** 7890"),
    # Plates.
    ("鲁E·12345占道", "鲁E·*****占道"),
    ("鲁E12345和鲁ED12345", "鲁E*****和鲁E******"),
    ("鲁e1234挂", "鲁e****挂"),
    ("鲁Ｅ１２３４５", "鲁Ｅ*****"),
    # Mail and accounts.
    ("zhangsan@163.com", "z*******@163.com"),
    ("a@b.cn", "*@b.cn"),
    ("zhang.san＠163．com", "z********＠163．com"),
    ("微信zhangsan123", "微信z**********"),
    ("微信号：zhangsan", "微信号：z*******"),
    ("QQ1234567", "QQ1******"),
    ("加我VX: wx_abc88", "加我VX: w*******"),
    ("微信13800138000", "微信138****8000"),
    # Names that people give themselves.
    ("我叫张三丰，住在东城", "我叫张**，住在东城"),
    ("我叫王明电话", "我叫王*电话"),
    ("我是张三，", "我是张*，"),
    ("本人叫欧阳修。", "本人叫欧**。"),
    ("姓名：李四", "姓名：李*"),
    ("联系人 赵六（邻居）", "联系人 赵*（邻居）"),
]

KEPT = [
    "",
    "路灯坏了，晚上看不见路",
    "2026年3月2日上午8:30-12:00停水",
    "2026-03-02 08:30:00",
    "2015-2017年和2018—2020年",
    "致电2015-2017",
    "20260930的事",
    "二〇二六年三月二日",
    "每平米2500-3400元，总价1250000元",
    "占地25000000平方米",
    "门诊500-1000以上",
    "投资83312345元",
    "付款￥83312345",
    "欠费83312345",
    "订单号83312345",
    "编号：83312345",
    "文件GB50500-2013",
    "型号A83312345",
    "单号83312345AB",
    "位于118.67491234，37.43",
    "数值83312345.60",
    "请打12345或96116、4008123123",
    "房号8331234",
    "电话费8331234",
    "一二三四五六七八九十",
    "第三小学五年级二班",
    f"工单{NUMBER}还没有回复",
    f"工单{NUMBER[:8]} {NUMBER[8:14]} {NUMBER[14]}",
    f"工单{NUMBER[:14]}{(int(NUMBER[14]) + 1) % 10}打错一位",
    f"{NUMBER} {NUMBER}",
    "微信支付和QQ音乐",
    "微信android版",
    "我是高新区，我是业主，我是高中生，我是高三，我是常客了，",
    "我是路过的，我叫了外卖",
    "联系人不详",
    "姓名不详",
    "云A区和新A1区",
    "京东12345",
    "皖TVshow",
    "邮箱写@就行，a@b也行",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_masks(text, masked):
    assert masking.mask_text(text) == masked
    assert len(masked) == len(text)


@pytest.mark.parametrize("text", KEPT)
def test_keeps(text):
    assert masking.mask_text(text) == text


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_masks_inside_a_long_text(text, masked):
    before, after = "尊敬的领导您好。", "。盼复，此致敬礼"
    assert masking.mask_text(before + text + after) == before + masked + after


LANDLINES = [
    "0546-8331234", "（0546）8331234", "010 6233 1234", "+86-546-8331234", "家里是83312345", "电话8331234",
    "电话：8331-2345", "座机八三三一二三四", "电话8331234、8331235或8331236", "Tel:8331234",
]  # fmt: skip


@pytest.mark.parametrize("text", LANDLINES)
def test_landlines_stay_where_they_are_to_be_called(text):
    assert masking.mask_text(text) != text
    assert masking.mask_text(text, shows_landlines=True) == text
    beside = masking.mask_text(f"{text}，13800138000，我叫张三丰，370523199001011234", shows_landlines=True)
    assert beside == f"{text}，138****8000，我叫张**，37*************234"
    assert masking.mask_text(f"{text} 13800138000", shows_landlines=True) == f"{text} 138****8000"


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_whatever_is_no_landline_stays_starred_beside_landlines(text, masked):
    is_landline = re.search(r"0546|546-|010 |8331|８３３１|八三三一", text)
    assert masking.mask_text(text, shows_landlines=True) == (text if is_landline else masked)


# Pieces that meet in texts, glued together at random: enough to bring every pattern next to every other.
pieces = st.sampled_from(
    [text for text, _ in MASKED]
    + KEPT
    + list("0123456789 -—，。、*@.一三八ＸX")
    + ["电话", "微信", "我是", "鲁E"]
)
texts = st.lists(pieces | st.text(max_size=3), max_size=12).map("".join)
digits = st.text("0123456789 -—.（）一三八零*Xx", max_size=60)


@given(texts | digits)
def test_masking_again_changes_nothing_and_keeps_the_length(text):
    masked = masking.mask_text(text)
    assert masking.mask_text(masked) == masked
    assert len(masked) == len(text)
    assert all(new in (old, "*") for old, new in zip(text, masked, strict=True))


han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=20)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), han, han, st.booleans())
def test_no_mobile_number_survives(number, before, after, shows_landlines):
    masked = masking.mask_text(f"{before}{number}{after}", shows_landlines=shows_landlines)
    assert number[3:7] not in masked.replace(number[-4:], "")
    assert number not in masked


@given(texts | digits)
def test_beside_landlines_masking_again_changes_nothing_and_stars_no_more(text):
    masked = masking.mask_text(text, shows_landlines=True)
    assert masking.mask_text(masked, shows_landlines=True) == masked
    assert len(masked) == len(text)
    assert all(new in (old, "*") for old, new in zip(text, masked, strict=True))


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 999_999), han)
def test_ticket_numbers_always_survive(day, serial, around):
    number = ticket_number(day, serial)
    assert number in masking.mask_text(f"{around}{number}{around}")


@given(
    st.dates(date(1950, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d"]),
)
def test_dates_always_survive(day, form):
    text = f"自{day.strftime(form)}起"
    assert masking.mask_text(text) == text


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13800138000", "138****8000"),
        ("138 0013 8000", "138 **** 8000"),
        ("+8613800138000", "+86138****8000"),
        ("１３８００１３８０００", "１３８****８０００"),
        ("0546-8331234", "0546-***1234"),
        ("+865468331234", "+86546***1234"),
        ("8331234", "***1234"),
        ("83312345", "****2345"),
        ("+442079460958", "*********0958"),
        ("370523199001011234", "**************1234"),
        ("12345", "*****"),
        ("没有", "**"),
        ("", ""),
    ],
)
def test_mask_phone(phone, masked):
    assert masking.mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三丰", "张**"),
        ("张三", "张*"),
        (" 张 三 ", "张 *"),
        ("买买提·艾力", "买**·**"),
        ("John Smith", "J*** S****"),
        ("O'Neil", "O'N***"),
        ("", ""),
    ],
)
def test_mask_name(name, masked):
    assert masking.mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("370523199001011234", "37*************234"),
        (" 370523900101123 ", "37**********123"),
        ("3705231990", "**********"),
        ("", ""),
    ],
)
def test_mask_id_card(number, masked):
    assert masking.mask_id_card(number) == masked


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("山东省东营市东营区黄河路街道胜利小区3号楼2单元501", "山东省东营市东营区黄河路街道"),
        ("东营区东三路 128号", "东营区东三路"),
        ("东营区东三路１２８号", "东营区东三路"),
        ("东营区牛庄镇解放村12号", "东营区牛庄镇"),
        ("李家村三组", "李家村"),
        ("北京市海淀区中关村大街27号", "北京市海淀区中关村大街"),
        ("西城区西单北大街甲5号", "西城区西单北大街"),
        ("景德镇市珠山区", "景德镇市珠山区"),
        ("新乡市红旗区和平路5号", "新乡市红旗区和平路"),
        ("唐山市路北区朝阳小区8号楼", "唐山市路北区"),
        ("东营市胜利小区3号楼", "东营市"),
        ("胜利小区3号楼2单元501对面黄河路", ""),
        ("三号楼二单元", ""),
        ("", ""),
    ],
)
def test_address_ends_at_the_street(address, public):
    assert masking.mask_address_to_street(address) == public


@given(st.sampled_from(["东营区东三路", "牛庄镇", "黄河路街道", "东营市", ""]), st.integers(1, 9999), han)
def test_nothing_behind_a_house_number_is_shown(place, number, rest):
    public = masking.mask_address_to_street(f"{place}{number}号{rest}")
    assert public == place
