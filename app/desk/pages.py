"""What the desk's templates show, put together from queries: a ticket's page, a board for its script."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from flask_babel import gettext as _

from app import action_wording, list_wording, wording
from app.auth.queries import people
from app.desk import forms
from app.kept import draft_key
from app.templating import category_name, city, moment, region_name, unit_name
from tickets import masking, service
from tickets.boards import BOARDS
from tickets.lifecycle import GONE, AssignmentState, Transition
from tickets.permissions import Actor
from tickets.queries import Entry, Page, PartView, TicketPage
from tickets.vault import Vault

STATES_OF_BOARD: Mapping[str, list[str]] = {
    "triage": ["REGISTERED", "TO_DISPATCH"],
    "review": ["TO_REVIEW"],
    "callback": ["TO_CALLBACK"],
    "all": [],
}
"""Boards where a ticket's state alone decides (none: all are on it). Of the others only a query knows."""


def board_match(name: str, page: Page, after: str | None, is_whole: bool) -> dict[str, Any]:
    """How the page's script tells whether a ticket comes onto this page of the board, which may be narrowed."""
    last_due = page.rows[-1].due_at if page.rows and page.next else None
    return {
        "states": STATES_OF_BOARD.get(name) if is_whole else None,
        "first_page": after is None,
        "newest_first": BOARDS[name].by == "new",
        "newest": max((row.id for row in page.rows), default=0),
        "last_due": last_due.isoformat() if last_due else None,
    }


def board_words() -> dict[str, Any]:
    """The words that the page's script writes into changed rows."""
    return {
        "states": {code: str(name) for code, name in wording.TICKET_STATES.items()},
        "parts": {code: str(name) for code, name in wording.PART_STATES.items()},
        "clocks": {code: str(name) for code, name in wording.CLOCKS.items()},
        "levels": {code: str(name) for code, name in list_wording.LEVELS.items()},
        "lights": {code: str(name) for code, name in wording.LIGHTS.items()},
        **live_words(),
    }


def suggestion_words() -> dict[str, str]:
    """The words around routing's suggestion while a matter is typed; `{...}` are filled by the script."""
    return {
        "dispatches": _("Will be dispatched to"),
        "suggests": _("Will wait for a dispatcher; suggestion:"),
        "none": _("No unit found yet"),
        "assists": _("Assisting units"),
        "confidence": _("confidence {share}"),
        "reasons": _("Reasons"),
        "basis": _("Legal basis"),
        "alternatives": _("Alternatives"),
        "take_category": _("Take the category: {name}"),
        "take_region": _("Take the place: {name}"),
    }


def live_words() -> dict[str, Any]:
    """The words of the lamp, by its state; `age` says how old the data is, in seconds."""
    return {
        "lamp": {
            "live": _("Live"),
            "connecting": _("Connecting…"),
            "polling": _("Not live: asks every 10 seconds"),
            "offline": _("No connection: what you see may be old"),
            "ended": _("Ended: please reload the page"),
        },
        "age": _("checked {seconds} s ago"),
        "here": _("Also open at: {names}"),
    }


@dataclass(frozen=True)
class Form:
    """One action's form: `key` makes its ids unique, `part` is the unit's part, `typed` what to show."""

    action: str
    key: str
    part: int | None
    fields: tuple[tuple[str, forms.Field], ...]
    typed: forms.Typed
    faults: Mapping[str, str]
    is_open: bool
    is_restored: bool = False
    below: tuple[Any, ...] = ()
    """Units to which the part may be passed down, where the form asks for one."""

    @property
    def is_main(self) -> bool:
        """Whether it is shown at once; the rest stands behind one click."""
        return self.is_open or self.action in MAIN

    @property
    def takes_files(self) -> bool:
        return any(field.widget == "files" for _name, field in self.fields)

    @property
    def group(self) -> str:
        """The heading under which it stands when it is not shown at once."""
        return action_wording.GROUP_OF[self.action]

    @property
    def draft(self) -> str:
        """The name under which typed text is kept; empty where nothing is typed."""
        return self.key if any(field.widget == "text" for _name, field in self.fields) else ""


MAIN = frozenset(
    {
        "dispatch", "answer", "refer", "designate", "go_on", "supplement", "sign", "handle", "reply", "contribute",
        "carry_on", "uphold", "redispatch", "excuse", "concede", "grant_extension", "refuse_extension",
        "grant_again", "refuse_again", "grant_suspension", "refuse_suspension", "grant_exclusion",
        "refuse_exclusion", "resume", "answer_order", "settle_order", "renew_order", "minute", "accept", "reject",
        "hear", "note_try", "grant_appeal", "refuse_appeal", "reopen", "dismiss", "unmerge",
    }
)
"""What is likely to be next, or waits for a decision."""


@dataclass(frozen=True)
class Refused:
    """A form that was sent and not done: what was typed, and what was wrong with it."""

    action: str
    part: int | None
    typed: forms.Typed
    faults: Mapping[str, str]


def homeless(refused: Refused | None, shown: Iterable[Form]) -> list[tuple[str, str]]:
    """(name of the field, text) of what was typed into a form that the page no longer has: the ticket moved on."""
    if refused is None or any((form.action, form.part) == (refused.action, refused.part) for form in shown):
        return []
    named = forms.fields_of(refused.action) if refused.action in forms.VERBS else ()
    texts = ((name, refused.typed.get(name, "").strip()) for name in named if forms.FIELDS[name].widget == "text")
    return [(_name_of(name), text) for name, text in texts if text]


class FormMaker:
    """Makes the forms of one ticket's page for one person."""

    def __init__(self, actor: Actor, now: datetime, page: TicketPage, vault: Vault, refused: Refused | None):
        self.actor = actor
        self.now = now
        self.page = page
        self.vault = vault
        self.refused = refused

    def make(self, actions: Iterable[Transition], part: PartView | None = None) -> list[Form]:
        """One form for each action the desk has a form for, in the table's order."""
        return [self._form(row.action, part) for row in actions if forms.has_form(row)]

    def _form(self, action: str, part: PartView | None) -> Form:
        part_id = part.part.id if part else None
        key = draft_key(self.page.ticket.id, action, part_id)
        fields = tuple((name, forms.field_of(action, name)) for name in forms.fields_of(action))
        refused = self.refused
        below = self._below(part) if action == "delegate" else ()
        if refused and (refused.action, refused.part) == (action, part_id):
            return Form(action, key, part_id, fields, refused.typed, refused.faults, True, below=below)
        kept = self._kept(key) if any(field.widget == "text" for _name, field in fields) else None
        typed, is_kept = kept or self._suggested(action, part), bool(kept)
        return Form(action, key, part_id, fields, typed, {}, is_kept, is_restored=is_kept, below=below)

    def _below(self, part: PartView | None) -> tuple[Any, ...]:
        """The active units below the part's, the nearest first."""
        if part is None:
            return ()
        units, own = city().units_by_id, part.part.department_id
        found = [units[unit] for unit in city().descendants(own) - {own} if units[unit].is_active]
        return tuple(sorted(found, key=lambda unit: (unit.level, unit.code)))

    def _kept(self, key: str) -> forms.Typed | None:
        fields = service.saved_form(self.actor, self.now, key, self.vault)
        if not fields:
            return None
        pairs = [(name, line) for name, value in fields.items() for line in _values_of(name, value)]
        return forms.Typed(pairs)

    def _suggested(self, action: str, part: PartView | None) -> forms.Typed:
        decision = self.page.decision
        if action == "dispatch" and decision and decision.lead_department_id:
            units = city().units
            assists = [units[code].id for code in decision.detail.get("assists", ()) if code in units]
            lead = ("lead", str(decision.lead_department_id))
            return forms.Typed([lead, *(("assists", str(unit)) for unit in assists)])
        if action == "redispatch" and part and part.part.suggested_department_id:
            return forms.Typed([("lead", str(part.part.suggested_department_id))])
        if action == "grant_suspension" and part:
            return forms.Typed([("review_on", self._review_on(part))])
        return _sent_before(self.page, action, part)

    def _review_on(self, part: PartView) -> str:
        asked = [
            one.review_on
            for one in self.page.applications
            if (one.kind, one.state, one.assignment_id) == ("suspension", "asked", part.part.id)
        ]
        return asked[0].isoformat() if asked else ""


_ENDED = {AssignmentState.DONE, *GONE}
_LIKE_TEXT = ("public_reply", "internal_note")
_AS_CODES = ("contact_method", "facts", "result")


def parts_by_time(page: TicketPage) -> dict[str, list[PartView]]:
    """The parts that are being worked on, those first that this person may do something with; and those that have
    ended. Where all have, those of the last round stand for the current ones."""
    current = [view for view in page.parts if view.actions or view.part.state not in _ENDED]
    if not current:
        kept = [view for view in page.parts if view.part.state not in GONE]
        current = [view for view in kept if view.part.round == max(one.part.round for one in kept)]
    ended = [view for view in page.parts if view not in current]
    return {"current": sorted(current, key=lambda view: not view.actions), "ended": ended}


def _sent_before(page: TicketPage, action: str, part: PartView | None) -> forms.Typed:
    """What was sent for a part that came back, to be mended. Masked like all that is shown again; a number that
    masking would spoil is left to be typed."""
    kinds = {"reply": "assignment.replied", "contribute": "assignment.contributed"}
    if part is None or part.part.state != AssignmentState.REJECTED or action not in kinds:
        return forms.Typed()
    mine = (one for one in reversed(page.timeline) if one.payload.get("assignment") == part.part.id)
    last = next((one for one in mine if one.kind == kinds[action]), None)
    if last is None:
        return forms.Typed()
    said = [
        (name, masking.mask_text(body, shows_landlines=name == "public_reply"))
        for name, _before, body in last.texts if name in _LIKE_TEXT
    ]  # fmt: skip
    ticked = [("checked", str(item)) for item in last.payload.get("checked") or ()]
    return forms.Typed([*said, *ticked, *(_gate_of(part.part) if action == "reply" else ())])


def _gate_of(part: Any) -> list[tuple[str, str]]:
    """How the citizen was told and what came of it, as the fields of a form have them."""
    given = [(name, getattr(part, name)) for name in _AS_CODES if getattr(part, name)]
    if part.contact_at:
        given.append(("contact_at", part.contact_at.astimezone(city().zone).strftime("%Y-%m-%dT%H:%M")))
    number = part.contact_from or ""
    is_plain = number == masking.mask_text(number, shows_landlines=True)
    return [*given, ("contact_from", number)] if is_plain else given


def _values_of(name: str, value: str) -> list[str]:
    field = forms.FIELDS.get(name)
    return value.split("\n") if field and field.widget in ("units", "checks") else [value]


def duty_of(code: str | None) -> Any:
    """The duty of the directory behind a decision, or None."""
    return next((duty for duty in city().directory.duties if duty.code == code), None)


def names_of(timeline: Iterable[Entry]) -> dict[int, str]:
    """Names of the staff in a timeline, by id."""
    return {key: name for key, (name, _login) in people(entry.actor_id for entry in timeline).items()}


def may_reply_to(page: TicketPage) -> set[int]:
    """The parts that this person may reply for now."""
    return {view.part.id for view in page.parts if any(row.action == "reply" for row in view.actions)}


def changed_since(page: TicketPage, version: int) -> list[Entry]:
    """What happened after the version that somebody's form was opened at; each version has one event."""
    return list(page.timeline[version:])


_CODES: Mapping[str, wording.Words] = {"type": wording.TYPES, "urgency": wording.URGENCIES}


def amendments(entry: Entry) -> list[tuple[str, str]]:
    """(what, in words) for each value that an event changed, masked; of a contact no more than that it did."""
    data = entry.payload
    told = [
        (_name_of(name), f"{_in_words(name, before)} → {_in_words(name, after)}")
        for name, (before, after) in (data.get("changed") or {}).items()
    ]
    if entry.kind == "ticket.amended":
        told += [(_name_of(name), _contact_words(*hashes)) for name, hashes in (data.get("contact") or {}).items()]
    return told + [_clock_words(clock) for clock in data.get("clocks") or ()]


def _name_of(field: str) -> str:
    return str(wording.FIELDS.get(field) or field)


def _in_words(field: str, value: Any) -> str:
    """A ticket's column as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if field == "happened_at":
        return moment(datetime.fromisoformat(value))
    named = {"category_code": category_name, "region_code": region_name}.get(field)
    words = named(value) if named else _CODES.get(field, {}).get(value)
    return str(words or masking.mask_text(str(value)))


def _contact_words(before: str | None, after: str | None) -> str:
    if before is None:
        return _("added")
    return _("removed") if after is None else _("changed")


def _clock_words(clock: Mapping[str, Any]) -> tuple[str, str]:
    """A clock that started anew: which and whose, its limits and when it is due now."""
    before, after = map(wording.limit_words, clock["limit"])
    was_due, due = (moment(datetime.fromisoformat(at)) for at in clock["due_at"])
    what = [str(wording.CLOCKS[clock["clock"]]), unit_name(clock.get("unit"))]
    words = _("%(before)s → %(after)s, now due %(moment)s", before=before, after=after, moment=due)
    if before == after:
        words = _("was due %(before)s, now due %(moment)s", before=was_due, moment=due)
    return " · ".join(filter(None, what)), words


_CLAUSE = re.compile(r"[^，。；！？,.;!?\n]*[，。；！？,.;!?\n]*")


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """What changed between two versions, clause by clause and masked: (same, del or ins; text)."""
    old, new = (_CLAUSE.findall(masking.mask_text(text)) for text in (before, after))
    parts: list[tuple[str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(("same", "".join(old[a:b])))
            continue
        parts += [("del", "".join(old[a:b]))] if b > a else []
        parts += [("ins", "".join(new[c:d]))] if d > c else []
    return [(tag, text) for tag, text in parts if text]
