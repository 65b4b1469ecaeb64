"""Carry out the texts that are owed, each call between two transactions: a slow provider holds nothing up."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.extensions import vault
from app.outbox import unit_of_work
from app.text_ports import ports
from calls import message_routes, message_sending, messaging, owing
from calls.owing import Owed
from calls.ports import CarrierError, Gone, OptedOut, Outgoing, Refused, Sent, SmsPort, Unclear, Unreachable
from tickets.vault import Vault

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=25)
"""Longer than one call may take. Who comes after it finds the row under way, and asks instead of sending."""
LONGEST_PAUSE = 300.0


def carry_messages(found_one: Callable[[], None] = lambda: None) -> int:
    """Take up one text that is due; returns how many there were. `found_one` is called before it is sent."""
    if not ports():
        return 0
    with unit_of_work() as now:
        found = owing.claim(now, 1, messages=True, span=CLAIM)
    for owed in found:
        found_one()
        _carry(owed, ports(), vault())
    return len(found)


def _carry(owed: Owed, routes: Sequence[SmsPort], keys: Vault) -> None:
    """Ask one provider after the other, until one has it or nobody can say."""
    message_id = owed.payload["message"]
    tried: set[str] = set()
    refusing: set[str] = set()
    goes_on = True
    while goes_on:
        with unit_of_work() as now:
            if len(tried) == len(routes):
                owing.defer(owed, now + _pause(owed), "nobody took it")
                return
            step = message_sending.next_step(message_id, routes, tried, now, keys)
            if step.due_at is not None:
                owing.defer(owed, step.due_at, None)
            elif step.port is None:
                owing.settle([owed.id], now, step.outcome)
        port = step.port
        if port is not None and step.look is not None:
            goes_on = _look(owed, message_id, port, step.look)
        elif port is not None and step.send is not None:
            is_last = refusing == {one.name for one in routes} - {port.name}
            fault = _send(owed, message_id, port, step.send, is_last=is_last)
            tried.add(port.name)
            refusing |= {port.name} if isinstance(fault, Refused) else set()
            goes_on = fault is not None
        else:
            return


def _pause(owed: Owed) -> timedelta:
    return timedelta(seconds=min(2.0 ** min(owed.attempts, 10), LONGEST_PAUSE))


def _send(
    owed: Owed, message_id: int, port: SmsPort, text: Outgoing, *, is_last: bool
) -> CarrierError | None:
    """Hand it over. Returns why it was not taken, where that is certain and the next provider may try."""
    try:
        sid = port.send(text)
    except Unclear as fault:
        with unit_of_work() as now:
            _come_back(owed, now, message_sending.unclear(message_id, now, str(fault)), str(fault))
        return None
    except Refused as fault:
        # Whoever has told one provider to be left alone is not to be reached by another.
        is_end = is_last or isinstance(fault, OptedOut)
        with unit_of_work() as now:
            message_sending.refused(message_id, _code(fault), now, is_last=is_end)
            if is_end:
                owing.settle([owed.id], now, "failed", str(fault))
                log.error("message %s refused by %s: %s", message_id, port.name, fault)
        return None if is_end else fault
    except CarrierError as fault:
        with unit_of_work() as now:
            wait = fault.wait if isinstance(fault, Unreachable) else None
            message_sending.not_taken(message_id, now, str(fault), wait)
        return fault
    with unit_of_work() as now:
        message_sending.taken(message_id, sid, now)
        owing.settle([owed.id], now, "done")
    return None


def _code(fault: Refused) -> str:
    return messaging.OPTED_OUT if isinstance(fault, OptedOut) else str(fault)


def _look(owed: Owed, message_id: int, port: SmsPort, sent: Sent) -> bool:
    """Ask what became of it. Whether it is certain now that it was not sent: then it may be."""
    try:
        there = port.look(sent)
    except Gone:
        with unit_of_work() as now:
            due_at = message_sending.unseen(message_id, now)
            if due_at != now:
                _come_back(owed, now, due_at, "not there yet")
            return due_at == now
    except CarrierError as fault:
        with unit_of_work() as now:
            if isinstance(fault, Unreachable):
                message_routes.failed(port.name, now, str(fault), fault.wait)
            _come_back(owed, now, message_sending.still_unclear(message_id, now), str(fault))
        return False
    with unit_of_work() as now:
        message_sending.found(message_id, there, now)
        owing.settle([owed.id], now, "done")
    return False


def _come_back(owed: Owed, now: datetime, due_at: datetime | None, fault: str) -> None:
    """At that moment, or never: a receipt has told meanwhile, or it stays unknown until one does."""
    if due_at is None:
        owing.settle([owed.id], now, "unknown", fault)
        log.warning("message %s: not asked about any more: %s", owed.payload["message"], fault)
    else:
        owing.defer(owed, due_at, fault)
