"""How personal data is shown until somebody asks for it with a reason: single values, and free text with
the telling parts starred. Pure. Free text keeps its length, and masking it again changes nothing.

Free text is searched for forms of numbers and for words that announce an account or a name. A miss shows
a number that somebody wrote in an unusual way; a false hit hides a figure that the ticket needs. So
mobile, identity and card numbers are taken by form alone, and short numbers only where words speak for them.
"""

import re
import unicodedata

from tickets.numbers import is_ticket_number

_WIDE = "０１２３４５６７８９"
_SPELT = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_SPELT_AS = "001234567891123456789"
_BLANKS = " \t\u3000\xa0\u200b\u200c\u200d\u2060\ufeff()（）"
_DASHES = "-－‐‑‒–—―−﹣_"
_DIGITS = frozenset("0123456789XxＸｘ" + _WIDE + _SPELT)

# Views of a run of digits, place by place: dashes and blanks made one kind each, digits made plain.
_AS_DIGITS = str.maketrans(
    _WIDE + "Ｘｘ" + _BLANKS + _DASHES, "0123456789XX" + " " * len(_BLANKS) + "-" * len(_DASHES)
)
_AS_SPELT = _AS_DIGITS | str.maketrans(_SPELT, _SPELT_AS)

_RUN = re.compile(
    # The look-behind stands after the first digit, because a pattern that begins with a set is found faster.
    rf"[0-9{_WIDE}{_SPELT}](?<![*0-9{_WIDE}{_SPELT}].)"
    rf"(?:[.{re.escape(_BLANKS + _DASHES)}]{{0,3}}[0-9{_WIDE}{_SPELT}]){{6,}}[XxＸｘ]?",
    re.DOTALL,
)
_NUMBER = re.compile(
    r"""(?<![*\d])(?:
      (?P<identity> PROVINCE \d{4} S (?:18|19|20)\d\d S MONTHDAY S \d{3} [\dXx] (?!\d)
                  | PROVINCE \d{6} MONTHDAY \d{3} (?!\d) )
    | (?P<card> [3-9]\d{15,18} (?!\d) | [3-9]\d{3} (?: [ -]{1,3}\d{4} ){3} (?: [ -]{1,3}\d{1,3} )? (?!\d) )
    | (?P<mobile> (?: (?:00)?86 S )? 1 (?:
          [3-9]\d (?: S \d{4} S \d{4} | S \d{3} S \d{5} | S \d{5} S \d{3} | (?: S \d\d ){4}
                    | S \d\d S \d{3} S \d{3} | \d S \d{4} S \d{3} | \d S \d{3} S \d{4}
                    | \d\d S \d{6} | \d{3} S \d{5} | \.\d{4}\.\d{4} )
        | [ -]{1,3}[3-9] (?: [ -]{1,3}\d ){9} ) END )
    | (?P<landline> (?P<area> (?: 0 | (?:00)?86 S 0? ) (?: 10 | 2\d | [3-9]\d\d ) )
                    S [2-9]\d{2,3} S \d{4} END )
    | (?P<local> [2-8]\d{2,3} S \d{4} END )
    )""".replace("PROVINCE", "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])")
    .replace("MONTHDAY", "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
    # A date is often written right behind a number, without a blank.
    .replace("END", r"(?: (?!\d) | (?=(?:19|20)\d\d(?!\d)) )")
    .replace(" S ", " [ -]{0,3} "),
    re.VERBOSE,
)

_LANDLINES = frozenset({"landline", "local"})

_TICKET = re.compile(r"(?<!\d)20\d\d(?:[ -]?\d){11}(?!\d)")

# What speaks for a short number being a telephone number, and what against.
_CUE_REACH = 16
_CUE = re.compile(
    r"(?:电话|手机|座机|固话|联系|致电|来电|拨|热线|传真|[Tt][Ee][Ll]|☎)[^0-9０-９。；！？\n]{0,8}$"
    r"|\*[0-9０-９]{4}[、，,;；/ 或和及]{1,3}$"
)
_LABEL = re.compile(
    r"(?:[编单户工学案票证文卡账帐房批货序型]号|[费价款额共约第¥￥$#＃/]|(?<!\*[0-9]{3})[0-9][.．,，]|(?<![Tt][Ee])[A-Za-z])"
    r"[:：是为\s-]{0,2}$"
)
_COUNTED = re.compile(r"\s?(?:[元块万亿千吨米平㎡公年月日人户套件个份股度次条名辆斤亩％‰%])")
_GOES_ON = re.compile(r"[A-Za-z]|[.．,，][0-9]")
_DATED = re.compile(r"(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|[ -]{1,3}(?:19|20)\d\d)")

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])(?P<first>[A-Za-z0-9._%+-])(?P<rest>[A-Za-z0-9._%+-]{0,63})"
    r"(?=[@＠][A-Za-z0-9-]{1,63}[.．][A-Za-z0-9-]{2})"
)
_LATIN = "A-Za-z0-9Ａ-Ｚａ-ｚ０-９"
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-zＡ-Ｚａ-ｚ][·•・．.\- ]?"
    rf"(?=[A-Za-zＡ-Ｚａ-ｚ]{{0,5}}[0-9０-９])(?P<mark>[{_LATIN}]{{5,6}}(?![{_LATIN}])|[{_LATIN}]{{4}}(?=[挂学警港澳领使]))"
)
_ACCOUNT = re.compile(
    r"[微薇扣QqVvWw](?<![A-Za-z].)\s?(?:信|扣|[Qq]|[Xx]|[Ee][Cc][Hh][Aa][Tt])"
    r"(?P<said>群?(?:号码?|账号|帐号|[Ii][Dd])?\s?[:：是为]?\s?[（(]?)(?P<id>[A-Za-z0-9_-]{5,20})(?![A-Za-z0-9_-])"
)

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    "覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒"
    "阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤时穆农司卓古吉"
    "缪简沙麦苟卜席项郎褚娄边卞蔺盖鞠宫宗栾巩丛慕隋綦臧逄"
)
COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|南宫|淳于"
_NAME = re.compile(
    r"[我本姓名联](?:(?<=我)叫|(?P<claim>(?<=我)是|(?<=本)人是)|(?<=本)人叫|(?<=姓)名|(?<=名)叫|(?<=联)系人)"
    rf"[:：是为]?\s?(?P<name>(?:{COMPOUND}|[{SURNAMES}])[\u4e00-\u9fff]{{1,2}})"
    # "I am" is followed by an occupation or a place far more often than by a name.
    r"(?(claim)(?<![生区县市镇乡村路街民户员主工客者店厂院校部局队司站长人士后段边庄园城港口湾社天年了的])(?<!高[一二三]))"
    r"(?=[\s，。,.;；!！?？、:：()（）0-9]|$|电话|手机|联系|身份证|家?住|今年|[男女是我来在])"
)

_DOOR = re.compile(
    r"[0-9０-９]|[一二三四五六七八九十百甲乙丙丁东西南北]{1,8}(?:号|栋|幢|座|单元|室|楼|层|组|户)"
    r"|小区|社区|花园|公寓|家园|大厦|广场|宿舍|家属院|公司|学校|医院|商场|市场"
)
_STREET = re.compile(
    r".*?(?:街道|大道|大街|胡同|苏木|[镇乡](?!市)|[路街巷](?![东西南北]?区)|村)(?:街道|大街|[路街镇村](?![东西南北]?区))*"
)
_REGION = re.compile(
    r".*(?:[省县州盟旗]|(?<!市)市(?![政民立场])|自治区|开发区|新区|(?<![小社校园厂院景片库])区)"
)


def mask_text(text: str, *, shows_landlines: bool = False) -> str:
    """Free text with telephone, identity and card numbers, plates, accounts, mail and own names starred.

    Numbers of tickets stay readable, and so do dates, prices and years. `shows_landlines` leaves those too: in a
    reply they are the office to be called.
    """
    shown = _LANDLINES if shows_landlines else frozenset[str]()
    while (masked := _mask_once(text, shown)) != text:
        text = masked
    return text


def mask_phone(text: str) -> str:
    """138****1234; of any other number no more than the area code and the last four digits."""
    view = text.translate(_AS_SPELT)
    found = _NUMBER.fullmatch(view.strip(" +"))
    if found is None or found.lastgroup not in ("mobile", "landline"):
        digits = sum(char.isdecimal() for char in view)
        return _hide(text, 0, 4 if digits >= 7 else 0)
    offset = view.index(found.group())
    end = offset + len(found.group())
    return text[:offset] + _star(text[offset:end], found) + text[end:]


def mask_name(text: str) -> str:
    """张**; of a name in Latin letters the first letter of each word."""
    text = text.strip()
    if text[:1].isascii():
        return re.sub(r"(?<=\w)\w", "*", text)
    return text[:1] + re.sub(r"\w", "*", text[1:])


def mask_id_card(text: str) -> str:
    """The first two and the last three of an identity number; nothing of anything shorter."""
    text = text.strip()
    return _hide(text, 2, 3) if len(text) >= 15 else _hide(text, 0, 0)


def mask_address_to_street(address: str) -> str:
    """The address down to its street, town or village, else to its district; empty if it names neither.

    What stands behind a house number or the name of an estate is never shown.
    """
    plain = unicodedata.normalize("NFKC", address).strip()
    door = _DOOR.search(plain)
    public = plain[: door.start()] if door else plain
    found = _STREET.match(public) or _REGION.match(public)
    return found.group() if found else ""


def _mask_once(text: str, shown: frozenset[str]) -> str:
    text = _mask_numbers(text, shown)
    if "@" in text or "＠" in text:
        text = _EMAIL.sub(_mask_email, text)
    text = _PLATE.sub(lambda found: _star_group(found, "mark", 0), text)
    text = _ACCOUNT.sub(_mask_account, text)
    return _NAME.sub(lambda found: _star_group(found, "name", 1), text)


def _mask_numbers(text: str, shown: frozenset[str]) -> str:
    done, at = "", 0
    for run in _RUN.finditer(text):
        done += text[at : run.start()]
        at = run.end()
        done += _mask_run(run.group(), done[-_CUE_REACH:], text[at : at + 2], shown)
    return done + text[at:]


def _mask_run(run: str, before: str, after: str, shown: frozenset[str]) -> str:
    """A run of digits and separators; the numbers of tickets in it stay."""
    done, at = "", 0
    for found in _TICKET.finditer(run.translate(_AS_DIGITS)):
        if is_ticket_number(found.group().replace(" ", "").replace("-", "")):
            number = run[found.start() : found.end()]
            piece = run[at : found.start()]
            done += _mask_piece(piece, before + done[-_CUE_REACH:], number, shown) + number
            at = found.end()
    return done + _mask_piece(run[at:], before + done[-_CUE_REACH:], after, shown)


def _mask_piece(piece: str, before: str, after: str, shown: frozenset[str]) -> str:
    """First by its figures alone, then with spelt digits read as well: they may just stand beside it."""
    piece = _mask_view(piece, piece.translate(_AS_DIGITS), before, after, shown)
    return _mask_view(piece, piece.translate(_AS_SPELT), before, after, shown)


def _mask_view(run: str, view: str, before: str, after: str, shown: frozenset[str]) -> str:
    done, at = "", 0
    for found in _NUMBER.finditer(view):
        start, end = found.span()
        done += run[at:start]
        around = before + done[-_CUE_REACH:], run[end : end + 2] + after
        if found.lastgroup in shown or (
            found.lastgroup == "local" and not _is_phone(run[start:end], found.group(), *around)
        ):
            done += run[start:end]
        else:
            done += _star(run[start:end], found)
        at = end
    return done + run[at:]


def _is_phone(part: str, view: str, before: str, after: str) -> bool:
    """Whether a number without area code is one to call, judged by the words around it."""
    if _DATED.fullmatch(view) or _COUNTED.match(after) or _LABEL.search(before):
        return False
    if _CUE.search(before):
        return True
    spelt = part.translate(_AS_DIGITS) != view
    return len(part) == 8 and view.isdecimal() and not spelt and not _GOES_ON.match(after)


def _star(part: str, found: re.Match[str]) -> str:
    places = [place for place, char in enumerate(part) if char in _DIGITS]
    head, tail = 0, 4
    if found.lastgroup == "identity":
        head, tail = 2, 3
    elif found.lastgroup == "mobile":
        head = len(places) - 8
    elif found.lastgroup == "landline":
        head = sum(char.isdecimal() for char in found["area"])
    hidden = set(places[head : len(places) - tail])
    return "".join("*" if place in hidden else char for place, char in enumerate(part))


def _star_group(found: re.Match[str], group: str, head: int) -> str:
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    whole = found.group()
    return whole[: start + head] + "*" * (end - start - head) + whole[end:]


def _mask_email(found: re.Match[str]) -> str:
    rest = found["rest"]
    return found["first"] + "*" * len(rest) if rest else "*"


def _mask_account(found: re.Match[str]) -> str:
    """A word of letters right behind the name of a messenger is rather a product than an account."""
    if not found["said"].strip() and not any(char.isdecimal() for char in found["id"]):
        return found.group()
    return _star_group(found, "id", 1)


def _hide(text: str, head: int, tail: int) -> str:
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
