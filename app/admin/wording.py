"""What the administrator's pages call things: kinds of edit, columns, faults."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import wording
from app.admin.phone_wording import PHONE_CODES, PHONE_COLUMNS, PHONE_FAULTS
from app.auth.wording import FAULTS as ACCOUNT_FAULTS

WHATS: wording.Words = {
    "role": _l("Role"),
    "department": _l("Unit"),
    "category": _l("Category"),
    "duty": _l("Duty"),
    "rule": _l("Rule"),
    "policy": _l("Time limit"),
    "calendar_day": _l("Day of the calendar"),
    "calendar_year": _l("Arrangement of the year"),
    "department_hours": _l("Working hours of unit"),
    "rescheduling": _l("Running deadlines computed anew"),
    "setting": _l("Setting"),
    "cti_platform": _l("Call centre's platform"),
    "blocked_number": _l("Blocked number"),
    "extension": _l("Telephone on the desk of account"),
    "skills": _l("Skills of account"),
    "phone_line": _l("Line"),
    "phone_text": _l("Spoken text"),
    "canned_reply": _l("Text for replies"),
    "check_item": _l("Checklist of category"),
}

COLUMNS: wording.Words = {
    "name": _l("Official name"),
    "name_en": _l("Name in English"),
    "wants_photo": _l("Replies need a photo"),
    "short_name": _l("Short name"),
    "kind": _l("Kind of unit"),
    "line": _l("Field of work"),
    "level": _l("Level of unit"),
    "parent": _l("Unit above"),
    "region_code": _l("Area"),
    "phone": _l("Duty telephone"),
    "email": _l("E-mail address"),
    "is_active": _l("In use"),
    "matter": _l("Matter of the duty"),
    "category_code": _l("Category"),
    "lead_department_code": _l("Lead unit"),
    "lead_line": _l("Lead: field of work"),
    "lead_level": _l("Lead: level"),
    "assists": _l("Assisting units"),
    "legal_basis": _l("Legal basis"),
    "keywords": _l("Keywords"),
    "anti_keywords": _l("Words that speak against it"),
    "valid_from": _l("In force from"),
    "valid_until": _l("Last day"),
    "position": _l("Place in the order"),
    "when_": _l("Conditions"),
    "disposition": _l("Outcome without dispatch"),
    "limit_value": _l("Limit"),
    "limit_unit": _l("Counted in"),
    "ladder": _l("Ladder of escalation"),
    "statutory": _l("Set by law"),
    "source": _l("Source"),
    "is_working": _l("Working day"),
    "note": _l("Note"),
    "is_announced": _l("Announced"),
    "weekdays": _l("Monday to Friday"),
    "saturday": _l("Saturday"),
    "sunday": _l("Sunday"),
    "keeps_holidays": _l("Holidays and make-up days as the city"),
    "may_shorten": _l("Promises may become sooner"),
    "reason": _l("Reason"),
    "value": _l("Value"),
    "reach": _l("Held"),
    "permissions": _l("Rights"),
    "networks": _l("May come from"),
    "dial_url": _l("How its telephones dial"),
    "tells_queue": _l("It tells when a caller begins to wait"),
    "tokens": _l("Tokens"),
    "signed": _l("Signature"),
    "until": _l("Until"),
    "extension": _l("Telephone"),
    "answers": _l("Skills"),
    "code": _l("Code"),
    "title": _l("Title"),
    "body": _l("Text"),
    "unit": _l("Unit"),
    "wording": _l("Wording"),
    **PHONE_COLUMNS,
}

LEVELS: Mapping[int, Any] = {
    1: _l("City"),
    2: _l("District or county"),
    3: _l("Street or township"),
    4: _l("Village or community"),
}

CONDITIONS: wording.Words = {
    "words_any": _l("Any of these words"),
    "words_all": _l("All of these words"),
    "words_none": _l("None of these words"),
    "types": _l("Kind of matter"),
    "channels": _l("Channel"),
    "line_nos": _l("Number dialled"),
    "categories": _l("Category"),
    "regions": _l("Area"),
    "urgencies": _l("Urgency"),
    "confidential": _l("Confidential"),
    "enterprise": _l("Concerns a business"),
}

OUTCOMES: wording.Words = {
    "emergency": wording.DISPOSITIONS["emergency"],
    "statutory": wording.DISPOSITIONS["statutory"],
    "explain": wording.DISPOSITIONS["explain"],
    "malicious": wording.DISPOSITIONS["malicious"],
    "triage": _l("Held for a person to look at"),
}

TIERS: wording.Words = {
    "L0": _l("L0 handler"),
    "L1": _l("L1 contact of the unit: due soon"),
    "L2": _l("L2 head of the unit, supervisor: overdue"),
    "L3": _l("L3 written order"),
    "L4": _l("L4 city office"),
    "L5": _l("L5 discipline: by hand only"),
}

RUNGS: wording.Words = {
    "share": _l("of the time is gone"),
    "remaining": _l("is left"),
    "overdue": _l("past the due time"),
    "by_hand": _l("only by hand"),
}

SETTINGS: wording.Words = {
    "city_name": _l("Name of the city"),
    "hotline_name": _l("Name of the hotline"),
    "zone": _l("Time zone"),
    "working_periods": _l("Working hours of a working day"),
    "routing_threshold": _l("Confidence from which routing dispatches by itself"),
    "confidential_types": _l("Kinds of matter that are always confidential"),
    "green_factor": _l("Green channel: share of the ordinary limit"),
    "redo_rounds": _l("How often a matter that the citizen calls unsolved is handled again by itself"),
    "lifecycle": _l("Returns, extensions, appeals, archive"),
    "tiers": _l("Whom each level of escalation concerns"),
    "notices": _l("What is done daily"),
    "uploads": _l("Photos and other files"),
    "exports": _l("Exports"),
    "phone": _l("Telephone"),
}

NUMBERS: Mapping[str, wording.Words] = {
    "notices": {
        "digest_hour": _l("Hour of the daily summary to units"),
        "check_hour": _l("Hour of the nightly check of escalations"),
    },
    "uploads": {
        "files": _l("Most files of one form"),
        "file_mb": _l("Largest file, in MB"),
        "request_mb": _l("All files of one form together, in MB"),
        "megapixels": _l("Largest picture, in millions of points"),
        "of_ticket": _l("Most files of one ticket, each: of its citizen, of staff, of every part"),
        "per_hour": _l("Most forms with files from one address within an hour"),
    },
    "exports": {
        "rows": _l("So many lines a file has at most"),
        "hours": _l("Hours for which a file is kept"),
        "at_once": _l("So many exports a person may have under way"),
    },
}

LIFECYCLE: wording.Words = {
    "returns": _l("After so many granted returns it is disputed"),
    "returns_per_part": _l("So often a unit may ask to return the same part, if refused"),
    "appeal_days": _l("Days in which a citizen may appeal"),
    "archive_days": _l("Days after the end until it is archived"),
    "asked_percent": _l("Of a hundred tickets so many are called back"),
    "questions": _l("So often a unit may ask the citizen about one part"),
    "merged_at_once": _l("So many tickets may be merged in one go"),
}

FAULTS: wording.Words = {
    "number": _l("Please write a whole number."),
    "day": _l("Please write a day, such as 2026-10-01."),
    "code_shape": _l(
        "At most 20 letters, digits, dots, hyphens or underscores, beginning with a letter or digit."
    ),
    "role_code_shape": _l("2 to 40 small letters, digits or underscores, beginning with a letter."),
    "category_code_shape": _l("Two digits for each level, joined by hyphens: 02, 02-04 or 02-04-01."),
    "code_taken": _l("This code is taken."),
    "email_shape": _l("An e-mail address, such as duty@example.gov.cn."),
    "target_shape": _l(
        "One line each: unit:role, above:role, city:role with roles that there are, or mailbox."
    ),
    "hour": _l("An hour from 0 to 23."),
    "phone_shape": _l("With country code and digits alone, such as +8654612345678."),
    "line_shape": _l("At most 40 small letters, digits, hyphens or underscores, beginning with a letter."),
    "kind_of_level": _l("Units of this kind do not stand on this level."),
    "region_level": _l("The area is not on the same level as the unit."),
    "below_itself": _l("A unit cannot come under itself or a unit below it."),
    "parent_closed": _l("The unit above is closed."),
    "parent_level": _l(
        "The unit above must be on the same level or the next higher one, for an area around this one."
    ),
    "children_level": _l("These units below would not fit any more: %(units)s. Move them first."),
    "has_units": _l("Not closed: these units below it are in use: %(units)s."),
    "has_duties": _l("Not closed: these duties name it: %(duties)s. Give them to another unit first."),
    "has_rules": _l("Not closed: these rules name it: %(rules)s. Change them first."),
    "has_tickets": _l(
        "Not closed: it has open tickets (%(count)s): %(tickets)s. They must be finished or given to others first."
    ),
    "word_short": _l("Words need at least two characters."),
    "word_twice": _l("A word stands here twice."),
    "weight": _l("Weights are above 0 and at most 10."),
    "past": _l("The day must not be before today, %(today)s: what was decided before stays as it was."),
    "ends_early": _l("The last day is before the first."),
    "no_condition": _l("Give at least one condition: a rule without any would take every ticket."),
    "no_outcome": _l("Choose a lead unit or an outcome without dispatch."),
    "assists_alone": _l("Assisting units need a lead unit."),
    "no_place": _l("It cannot be moved further."),
    "unknown_codes": _l("These do not exist: %(codes)s."),
    "policy_there": _l("There is a limit for exactly these tickets already: change that one."),
    "default_policy": _l("This is the limit for all tickets that no other is for: it can be changed, not ended."),
    "limit": _l("1 to 10,000."),
    "ladder": _l(
        "Line %(rung)s of the ladder is not right. Levels rise; a share is written 50%%, a span 2h or 1wd; what "
        "is reached by hand alone has the amount 0 and nothing to be confirmed."
    ),
    "zone": _l("This is no time zone. An example: Asia/Shanghai."),
    "periods": _l("One period a line, such as 08:30-12:00, in order and apart."),
    "share": _l("A number above 0, at most 1."),
    "no_hours": _l("The unit has no hours of its own."),
    "arrangement": _l(
        "This line is not right: %(line)s. One line is a day or some days of this year, 休 or 班, and a note."
    ),
    "day_twice": _l("This line names a day that another line names: %(line)s."),
    "counted_before": _l("Rules were changed since this was counted. Have it counted again first."),
    "under_way": _l("Deadlines are being computed at this moment. Wait until that has ended."),
    "no_permission": _l("Choose at least one right."),
    "platform_shape": _l("2 to 30 small letters, digits or hyphens, beginning with a letter."),
    "networks": _l("One address or network a line, such as 10.1.2.0/24, at most 50."),
    "dial_url": _l("A web, tel: or sip: address, or one of the platform's own kind, with {number} in it."),
    "many_tokens": _l("There are as many tokens as may be good at once. Strike one first."),
    "last_token": _l("The last token stays: end the platform instead."),
    "last_administration": _l("No role would be left that may manage accounts."),
    **PHONE_FAULTS,
}  # fmt: skip


def fault_text(code: str, values: Mapping[str, str] | None = None) -> str:
    """A fault as a sentence."""
    words = FAULTS.get(code) or wording.FAULTS.get(code) or ACCOUNT_FAULTS.get(code)
    return str(words) % (values or {}) if code in FAULTS else str(words or code)


def value_text(value: Any, name: str = "") -> str:
    """A value of an edit, for the record: short, whatever its shape. `name` is that of its column."""
    if isinstance(value, str) and value in PHONE_CODES.get(name, ()):
        return str(PHONE_CODES[name][value])
    if name == "hours":
        return "、".join("–".join(period) for period in value or ()) or str(_("round the clock"))
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return "; ".join(f"{CONDITIONS.get(name, name)}: {value_text(one)}" for name, one in value.items())
    if isinstance(value, list) and all(isinstance(one, list) and len(one) == 2 for one in value):
        return "、".join("–".join(map(str, period)) for period in value)
    if isinstance(value, list):
        return "、".join(value_text(one) for one in value)
    return str(value)
