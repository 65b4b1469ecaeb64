"""A short title out of what somebody said, where nobody gave one: the first sentence about the matter. Pure."""

import re

LONGEST = 30
_CLAUSE = re.compile(r"[^，,。！!？?；;]+[，,。！!？?；;]*")
_ENDS = ("。", "！", "!", "？", "?", "；", ";")
_MARKS = "，,。！!；; "
# Greetings, and what people say of themselves; names and numbers are masked already.
_INTRODUCES = re.compile(
    r"(?:尊敬的.{0,12}|(?:各位|市)?领导们?(?:您好|你好|好)?|[您你]们?好|大家好|我(?:叫|姓).{1,8}|本人(?:叫|姓|是).{1,20}"
    r"|我是.{0,20}(?:业主|居民|村民|市民|住户|租户|学生|家长|员工|职工|\*)"
    r"|(?:我的?|本人的?)?(?:姓名|联系人|联系方式|联系电话|电话|手机号?码?|身份证号?码?|微信号?).{0,6}\*.{0,20}"
    r"|(?:我|本人)?(?:家?住在?|家在|住址).{1,30}(?:[号室栋幢楼户村巷]|单元|小区|[0-9*]))[：:]?"
)


def derived(said: str) -> str:
    """The first sentence that is not a greeting or an introduction of oneself, cut short; of a text that is
    nothing else its beginning. `said` is masked: half a telephone number would not be recognised as one."""
    clauses = _CLAUSE.findall(" ".join(said.split()))
    first = next((at for at, one in enumerate(clauses) if not _INTRODUCES.fullmatch(one.strip(_MARKS))), 0)
    sentence = ""
    for clause in clauses[first:]:
        sentence += clause
        if clause.endswith(_ENDS):
            break
    sentence = sentence.strip(_MARKS) or said.strip()
    return sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST].rstrip(_MARKS)}…"
