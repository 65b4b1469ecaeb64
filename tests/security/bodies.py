"""An acceptable value for every field of a form, so that a refusal is one of rights and not of an empty field."""

import uuid
from collections.abc import Mapping

from tickets import lifecycle

FIELDS: Mapping[str, object] = {
    # of the actions in the table of transitions
    "reason": "电话断了", "answer": "已经当场答复", "disposition": "statutory", "referral": "请向法院起诉",
    "refer_reason": "litigation", "question": "请补充具体位置", "supplement": "路口", "green_reason": "重点",
    "into": "20260101000017", "others": "20260101000017", "demands": "路灯也不亮", "withdraw_reason": "好了",
    "contact_method": "no_contact", "contact_at": "", "contact_from": "", "facts": "true", "result": "solved",
    "waive_reason": "不用", "recall_reason": "派错", "below": "1", "days": "1",
    "meeting_kind": "visit", "meeting_at": "2099-01-01T09:00", "meeting_place": "明德路口",
    "minutes": "三方一致", "legal_basis": "三定方案", "extension_reason": "等材料",
    "suspend_reason": "planned", "review_on": "", "suspend_plan": "列入计划", "public_reason": "列入计划",
    "order_form": "written", "order_level": "1", "order_due": "2099-01-01T09:00", "order_text": "请限期处理",
    "order_answer": "已处理", "order_remark": "销号", "tried": "no_answer", "try_again_at": "",
    "was_contacted": "yes", "is_true": "yes", "is_solved": "yes", "satisfaction": "3", "appeal_reason": "又坏了",
    "exclusion_of": "overdue", "exclusion_reason": "有录音",
    "handle_note": "到场查看", "contacted": "phone", "return_reason": "not_our_duty", "return_note": "不归我局",
    "suggested": "1", "decision_note": "改派", "public_reply": "路面已经修好。", "internal_note": "已核实",
    "review_note": "没有写明时间", "redo_reason": "没有解决", "outcome": "confirmed", "urge_note": "请尽快处理",
    "dispatch_note": "", "solved": "yes", "satisfied": "3", "rating_note": "",
    # of what is taken down of a matter
    "type": "complaint", "channel": "phone", "urgency": "normal", "title": "说不清归谁",
    "content": "这件事情实在说不清归谁", "place": "望河区明德路12号", "region_code": "", "category_code": "",
    "name": "张三丰", "phone": "13800138000", "address": "明德路12号",
    # of files: of which kind they are put in
    "purpose": "matter", "attachment": "1", "photos": "",
    # of what is shown for a reason that is kept
    "field": "phone", "reveal_reason": "回访", "reissue_reason": "本人来电",
}  # fmt: skip
ELSEWHERE = {"intake", "lead", "assists"}
"""What the table names and the test puts in itself: the fields of the matter, and units by their ids."""


def body(lead: int, version: int, part: int | None) -> dict[str, object]:
    """All of it at once, for one ticket as it stands; what an action does not ask for it does not read."""
    needed = {name for row in lifecycle.TABLE for name in row.needs}
    missing = needed - FIELDS.keys() - ELSEWHERE
    assert not missing, f"tests/security/bodies.py: no example for {missing}, which the table of transitions needs"
    return {
        **FIELDS, "lead": str(lead), "assists": "", "version": str(version), "part": str(part or ""),
        "form_key": str(uuid.uuid4()),
    }  # fmt: skip
