"""The verbs: every change of a ticket goes through one of these, and through nothing else.

Each takes the actor and `now`, locks the ticket, asks the transition table and the permissions, changes,
and records one event a step. None commits, sends or reads a request.
"""

from tickets.amending import amend
from tickets.answering import answer, discard, refer
from tickets.calling import answer_at_once, give
from tickets.closing import accept, act_on_deadline, asked, close, rate, redo, reject, unsolved, would_be_redone
from tickets.dispatching import dispatch, redispatch, request_return, uphold
from tickets.drafts import save_form, saved_form
from tickets.finding import find
from tickets.handling import handle, reply, sign
from tickets.intake import open_draft, open_ticket, register
from tickets.reveal import reissue_code, reveal
from tickets.urging import urge

__all__ = [
    "accept", "act_on_deadline", "amend", "answer", "answer_at_once", "asked", "close", "discard", "dispatch",
    "find", "give", "handle", "open_draft", "open_ticket", "rate", "redispatch", "redo", "refer", "register",
    "reissue_code", "reject", "reply", "request_return", "reveal", "save_form", "saved_form", "sign", "unsolved",
    "uphold", "urge", "would_be_redone",
]
