"""Verbs of a unit on its part: sign, handle, reply."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from db import db
from routing import replies
from routing import service as routing
from tickets import attaching, clocks, errors, outward
from tickets.applying import lapse
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import AssignmentState
from tickets.models import Assignment
from tickets.permissions import SYSTEM, Actor
from tickets.terms import URGE

METHODS = ("phone", "visit", "message", "unreachable", "no_contact")
"""How the citizen was told: who called, and nobody in their place; the last two: nobody could be reached, and
there is nobody to reach."""
TOLD = METHODS[:3]
FACTS = ("true", "partly", "untrue")
RESULTS = (
    "solved", "explained", "planned", "procedure", "no_basis", "beyond_means", "untrue", "refused_by_citizen",
)
"""Solved, or the lawful reason why not."""


_TELEPHONE = re.compile(r"\+?\(?[0-9](?:[ ()-]{0,2}[0-9]){4,14}(?: ?(?:转|[Ee]xt\.?) ?[0-9]{1,6})?")


@dataclass(frozen=True)
class Account:
    """What a unit says on ending a matter: how and when it told the citizen, and from which number of its own;
    whether the facts are true; what came of it; and the texts. `personal_ok`: what the public text shows of people
    was seen."""

    public_reply: str
    internal_note: str
    contact_method: str = "phone"
    contact_at: datetime | None = None
    contact_from: str = ""
    facts: str = "true"
    result: str = "solved"
    personal_ok: bool = False
    checked: Collection[int] = ()
    """Ids of what was ticked off the list of the ticket's category."""


def sign(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, version: int | None = None
) -> None:
    """签收. The unit takes the matter on."""
    _sign(lock(actor, ticket_id), actor, now, assignment_id, version)


def sign_for(locked: Locked, now: datetime, assignment_id: int) -> bool:
    """The time for signing is over: the part counts as signed, late. Returns whether it was not signed before."""
    is_unsigned = locked.part(assignment_id).state == AssignmentState.PENDING_SIGN
    if is_unsigned:
        _sign(locked, SYSTEM, now, assignment_id, None)
    return is_unsigned


def _sign(locked: Locked, actor: Actor, now: datetime, assignment_id: int, version: int | None) -> None:
    part = locked.part(assignment_id)
    move(part, check(actor, locked, "sign", version, part))
    part.signed_at, part.auto_signed = now, actor.kind == "system"
    clocks.stop(locked.ticket.id, now, clocks=("sign",), parts=(part.id,))
    finish(locked, actor, now, "assignment.signed", unit=part.department_id, assignment=part.id)


def handle(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    assignment_id: int,
    note: str,
    contacted: str = "",
    version: int | None = None,
) -> None:
    """办理. Keep a record of a step taken: a visit, an order given, a talk with the citizen (先行联系)."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "handle", version, part)
    require(handle_note=note)
    if contacted and contacted not in METHODS:
        raise errors.Invalid(fields={"contacted": "unknown"})
    if contacted in TOLD:
        _note_contact(locked, now, part, now)
    clocks.stop(ticket_id, now, clocks=(URGE,))
    texts = write_texts(locked.ticket, {"handle_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.handled", unit=part.department_id, assignment=part.id,
        contact=contacted or None, texts=texts,
    )


def _note_contact(locked: Locked, now: datetime, part: Assignment, at: datetime) -> None:
    part.first_contact_at = part.first_contact_at or at
    clocks.stop(locked.ticket.id, now, clocks=("contact",), parts=(part.id,))


def reply(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, account: Account,
    version: int | None = None,
) -> None:  # fmt: skip
    """反馈. The lead submits the outcome: what the citizen will read, and the account for the file.

    The whole goes to review. Raises NotNow while a unit that helps is missing, Invalid for what is lacking.
    """
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "reply", version, part)
    _check_account(account, part, now)
    _check_ticks(locked, account.checked)
    _check_proof(locked, part)
    move(part, row)
    part.submitted_at = now
    if account.contact_method in TOLD:
        _note_contact(locked, now, part, account.contact_at or now)
    told = asdict(account)
    for name in ("contact_method", "contact_at", "contact_from", "facts", "result"):
        setattr(part, name, told[name] or None)
    clocks.stop(ticket_id, now, clocks=clocks.OF_WORK, parts=(part.id,))
    lapse(locked, now, (part,))
    bodies = {"public_reply": account.public_reply, "internal_note": account.internal_note}
    texts = write_texts(locked.ticket, bodies, actor, now, part)
    finish(
        locked, actor, now, "assignment.replied", unit=part.department_id, assignment=part.id, texts=texts,
        contact=account.contact_method, facts=account.facts, result=account.result,
        checked=sorted(account.checked) or None,
    )
    move(locked.ticket, check(actor, locked, "submit"))
    clocks.start(locked.ticket, "review", now, epoch=locked.ticket.version)
    finish(locked, actor, now, "ticket.submitted")


def _check_proof(locked: Locked, part: Assignment) -> None:
    """Where the category asks for a photo, none goes without. Raises Invalid."""
    if routing.current().wants_photo(locked.ticket.category_code) and not attaching.has_proof(part.id):
        raise errors.Invalid(fields={"files": "photo_wanted"})


def _check_ticks(locked: Locked, checked: Collection[int]) -> None:
    """Only what stands on the list of the ticket's category can be ticked. Raises Invalid."""
    if checked:
        items = replies.checks_for(db.session(), locked.ticket.category_code)
        if not {item.id for item in items}.issuperset(checked):
            raise errors.Invalid(fields={"checked": "unknown"})


def _check_account(account: Account, part: Assignment, now: datetime) -> None:
    """The gate before the end. Raises Invalid, naming all that is missing, unknown or of a person."""
    require(
        contact_method=account.contact_method, facts=account.facts, result=account.result,
        public_reply=account.public_reply, internal_note=account.internal_note,
    )
    faults = {
        "contact_method": "" if account.contact_method in METHODS else "unknown",
        "facts": "" if account.facts in FACTS else "unknown",
        "result": "" if account.result in RESULTS else "unknown",
    }
    if account.contact_method in TOLD:
        faults |= _contact_faults(account, part, now)
    if outward.mask(account.public_reply) != account.public_reply and not account.personal_ok:
        faults["public_reply"] = "personal_data"
    found = {name: fault for name, fault in faults.items() if fault}
    if found:
        raise errors.Invalid(fields=found)


def _contact_faults(account: Account, part: Assignment, now: datetime) -> dict[str, str]:
    """Whom one told, one told after getting the matter and before now; on the telephone, from some number."""
    at = account.contact_at
    # People say when to the minute, so the minute in which they got it is one after getting it.
    is_between = at is not None and part.dispatched_at.replace(second=0, microsecond=0) <= at <= now
    return {
        "contact_at": "missing" if at is None else "" if is_between else "not_between",
        "contact_from": _number_fault(account.contact_from) if account.contact_method == "phone" else "",
    }


def _number_fault(text: str) -> str:
    """The number it was told from can be checked: it is one that is dialled, perhaps with an extension."""
    given = unicodedata.normalize("NFKC", text).strip()
    if not given:
        return "missing"
    return "" if _TELEPHONE.fullmatch(given) else "not_a_number"
