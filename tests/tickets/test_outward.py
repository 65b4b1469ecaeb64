"""What goes out to citizens and contractors names nobody in full and shows no door."""

import pytest

from tickets import masking, outward

MASKED = [
    ("已联系张三先生", "已联系张*先生"),
    ("李小红女士表示满意", "李**女士表示满意"),
    ("欧阳修师傅到场", "欧阳*师傅到场"),
    ("家住3号楼2单元501", "家住3号楼*单元***"),
    ("明德路12号3单元401室", "明德路12号*单元***室"),
    ("5栋1202室漏水", "5栋****室漏水"),
    ("５幢１２０２", "５幢****"),
    ("三号楼二单元五零一室", "三号楼*单元***室"),
    ("2单元301房", "*单元***房"),
    ("电话13800138000，5栋 301", "电话138****8000，5栋 ***"),
]
KEPT = [
    "市民王先生、李女士来电", "请向王先生说明", "关于任女士的事", "单位王先生在场", "一位姓王的女士",
    "请到政务服务中心1号楼302室办理", "市住建局2号楼201室", "详询0546-8331234",
    "小区共有10栋460户", "安置房12栋，1400套", "3号楼2单元楼道灯已修好", "明德路12号门前",
    "《物业管理条例》第54条", "2019年4月10日", "补偿1200元", "12号楼2019年建成",
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_stars_names_with_a_title_and_doors(text: str, masked: str):
    assert outward.mask(text) == masked == outward.mask(masked)
    assert len(masked) == len(text)


@pytest.mark.parametrize("text", KEPT)
def test_leaves_surnames_offices_counts_and_places(text: str):
    assert outward.mask(text) == text


def test_within_the_house_doors_and_names_stay():
    assert masking.mask_text("张三先生住3号楼2单元501") == "张三先生住3号楼2单元501"


def test_marks_what_is_starred():
    assert list(outward.marked("请回张三先生：5栋301")) == [
        (False, "请回张"), (True, "*"), (False, "先生：5栋"), (True, "***"),
    ]  # fmt: skip
