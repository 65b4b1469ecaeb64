"""The verbs: every change of a ticket goes through one of these, and through nothing else.

Each takes the actor and `now`, locks the ticket, asks the transition table and the permissions, changes,
and records one event a step. None commits, sends or reads a request.
"""

from tickets.amending import amend, green
from tickets.answering import answer, discard, refer
from tickets.applying import (
    ask_exclusion,
    ask_extension,
    ask_suspension,
    grant_again,
    grant_exclusion,
    grant_extension,
    grant_suspension,
    prolong,
    refuse_again,
    refuse_exclusion,
    refuse_extension,
    refuse_suspension,
    resume,
)
from tickets.asking import ask_citizen, ask_info, carry_on, go_on, supplement
from tickets.attaching import attach, bring_back, detach
from tickets.calling import answer_at_once, give
from tickets.closing import (
    accept,
    act_on_deadline,
    appeal,
    archive,
    asked,
    close,
    dismiss,
    grant_appeal,
    hear,
    note_try,
    rate,
    redo,
    refuse_appeal,
    reject,
    reopen,
    to_archive,
    unsolved,
    would_be_redone,
)
from tickets.dispatching import add_assist, delegate, dispatch
from tickets.drafts import save_form, saved_form
from tickets.finding import find
from tickets.handling import handle, reply, sign
from tickets.helping import contribute, minute, schedule, send_back, waive
from tickets.intake import open_draft, open_ticket, register
from tickets.merging import merge, split, take_in, unmerge, withdraw
from tickets.ordering import answer_order, order, renew_order, settle_order
from tickets.returning import concede, decline, designate, excuse, recall, redispatch, request_return, uphold
from tickets.reveal import reissue_code, reveal
from tickets.urging import urge

__all__ = [
    "accept", "act_on_deadline", "add_assist", "amend", "answer", "answer_at_once", "answer_order", "appeal",
    "archive", "ask_citizen", "ask_exclusion", "ask_extension", "ask_info", "ask_suspension", "asked", "attach",
    "bring_back", "carry_on", "close", "concede", "contribute", "decline", "delegate", "designate", "detach",
    "discard", "dismiss", "dispatch", "excuse", "find", "give", "go_on", "grant_again", "grant_appeal",
    "grant_exclusion", "grant_extension", "grant_suspension", "green", "handle", "hear", "merge", "minute",
    "note_try", "open_draft", "open_ticket", "order", "prolong", "rate", "recall", "redispatch", "redo", "refer",
    "refuse_again", "refuse_appeal", "refuse_exclusion", "refuse_extension", "refuse_suspension", "register",
    "reissue_code", "reject", "renew_order", "reopen", "reply", "request_return", "resume", "reveal",
    "save_form", "saved_form", "schedule", "send_back", "settle_order", "sign", "split", "supplement", "take_in",
    "to_archive", "unmerge", "unsolved", "uphold", "urge", "waive", "withdraw", "would_be_redone",
]
