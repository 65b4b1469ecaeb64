"""What goes out of the house, to the citizen or to somebody who works for a unit: free text masked more strictly
than within it, where names in full and doors are needed. Pure; it keeps the length, and again changes nothing."""

import re
from collections.abc import Iterator
from itertools import groupby

from tickets import masking

_TITLES = "先生|女士|小姐|师傅|大爷|大妈|阿姨|老人家"
# Behind these a surname begins, or they are the one of "Mr Wang": a given name seldom ends so.
_SURNAME_ALONE = (
    "王李张刘陈黄赵吴周徐孙朱胡郭何罗郑梁谢唐许邓冯曹彭曾肖萧蒋蔡余杜魏吕丁姚卢崔钟谭廖贾韦邹熊秦尹薛闫阎侯黎贺顾"
    "龚邵钱严"
)
_NAMED = re.compile(
    rf"(?:{masking.COMPOUND}|(?!关于|[向于时和任单从由应查])[{masking.SURNAMES}])"
    rf"(?P<name>[\u4e00-\u9fff]{{1,2}}(?<![的{_SURNAME_ALONE}]))(?={_TITLES})"
)
_COUNT = "0-9０-９一二三四五六七八九十零〇"
_DOOR = re.compile(
    rf"(?<![{_COUNT}])[{_COUNT}]{{1,3}}(?:号楼|[号栋幢座])[\s-]?"
    rf"(?:(?P<stair>[{_COUNT}]{{1,3}})(?:单元|[门梯])(?:[,，、\s-])?)?(?P<room>[{_COUNT}]{{3,4}})(?:室|号房?|房)?"
    rf"(?![{_COUNT}年月日.米元平户套])"
    rf"|(?<![{_COUNT}])(?P<stair_alone>[{_COUNT}]{{1,3}})单元(?P<room_there>[{_COUNT}]{{3,4}})(?:室|号房?|房)?"
    rf"(?![{_COUNT}年月日.米元平户套])"
)
_OFFICE = re.compile(r"(?:中心|大厅|大厦|大楼|写字楼|广场|机关|政府|[局委办所院校站])[^，。；\s]{0,4}$")
"""Behind these it is where an office is, to be gone to."""


def mask(text: str) -> str:
    """The text with personal data starred; a landline stays, being the office to be called."""
    text = masking.mask_text(text, shows_landlines=True)
    text = _NAMED.sub(lambda found: _starred(found, "name"), text)
    return _DOOR.sub(_mask_door, text)


def marked(text: str) -> Iterator[tuple[bool, str]]:
    """The masked text in pieces: (whether it is starred, piece)."""
    masked = mask(text)
    pairs = groupby(zip(text, masked, strict=True), lambda pair: pair[0] != pair[1])
    return ((is_hit, "".join(shown for _before, shown in run)) for is_hit, run in pairs)


def _mask_door(found: re.Match[str]) -> str:
    if _OFFICE.search(found.string[max(found.start() - 12, 0) : found.start()]):
        return found.group()
    return _starred(found, "stair", "room", "stair_alone", "room_there")


def _starred(found: re.Match[str], *groups: str) -> str:
    hidden = {place for group in groups for place in range(*found.span(group))}
    return "".join("*" if at in hidden else char for at, char in enumerate(found.group(), found.start()))
