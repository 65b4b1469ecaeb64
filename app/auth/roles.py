"""The nine roles the product ships with, as data. A city may split or merge them in the table."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth.models import Role

CITY, UNIT, SUBTREE = "city", "unit", "subtree"
"""For whom a role works: the whole city, one unit, or a unit with all units below it."""


@dataclass(frozen=True)
class ShippedRole:
    code: str
    reach: str
    permissions: frozenset[str]


OF_HANDLER = frozenset(
    {
        "assignment.sign",
        "assignment.handle",
        "assignment.return",
        "assignment.reply",
        "see.department",
        "contact.reveal",
    }
)

SHIPPED = (
    ShippedRole(
        "operator",
        CITY,
        frozenset(
            {
                "ticket.open",
                "ticket.register",
                "ticket.answer",
                "ticket.refer",
                "ticket.amend",
                "ticket.urge",
                "ticket.supplement",
                "ticket.withdraw",
                "see.own",
                "contact.reveal",
                "call.answer",
            }
        ),
    ),
    ShippedRole(
        "dispatcher",
        CITY,
        frozenset(
            {
                "ticket.dispatch",
                "ticket.answer",
                "ticket.refer",
                "ticket.refuse",
                "ticket.ask",
                "ticket.merge",
                "ticket.split",
                "return.decide",
                "see.triage",
            }
        ),
    ),
    ShippedRole("handler", UNIT, OF_HANDLER),
    ShippedRole(
        "department_lead",
        SUBTREE,
        OF_HANDLER
        | {
            "see.confidential",
            "assignment.delegate",
            "assignment.extend",
            "assignment.suspend",
            "assignment.appeal",
            "canned.edit",
        },
    ),
    # Reviews, follows up and adjudicates until a city splits it.
    ShippedRole(
        "supervisor",
        CITY,
        frozenset(
            {
                "see.city",
                "see.triage",
                "see.confidential",
                "ticket.review",
                "ticket.follow_up",
                "ticket.dispatch",
                "ticket.amend",
                "ticket.urge",
                "ticket.supplement",
                "ticket.withdraw",
                "ticket.answer",
                "ticket.refer",
                "ticket.refuse",
                "ticket.ask",
                "ticket.merge",
                "ticket.split",
                "ticket.green",
                "return.decide",
                "dispute.adjudicate",
                "extension.decide",
                "suspension.decide",
                "exclusion.decide",
                "appeal.decide",
                "order.issue",
                "contact.reveal",
                "reports.read",
                "audit.read",
                "export.approve",
                "call.watch",
                "call.coach",
            }
        ),
    ),
    # 市政府办公室: orders, and decides what the hotline may not decide alone.
    ShippedRole(
        "city_office",
        CITY,
        frozenset(
            {
                "see.city", "see.confidential", "reports.read", "order.issue", "extension.decide_again",
                "dispute.adjudicate",
            }
        ),
    ),
    # No content of tickets.
    ShippedRole("administrator", CITY, frozenset({"admin.staff", "admin.directory"})),
    # Reads, and instructs: an order of a leader (批示) is one of the highest level.
    ShippedRole("leader", CITY, frozenset({"see.city", "reports.read", "call.watch", "order.issue"})),
    # Reads everything that is not a contact.
    ShippedRole("auditor", CITY, frozenset({"audit.read", "see.city"})),
)


def seed_roles(session: Session) -> None:
    """Add the shipped roles that are not there. A role that a city has changed stays as it is."""
    rows = [
        {"code": role.code, "reach": role.reach, "permissions": sorted(role.permissions)} for role in SHIPPED
    ]
    session.execute(insert(Role).values(rows).on_conflict_do_nothing())
