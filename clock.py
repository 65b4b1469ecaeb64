"""A clock process: sweeps over what is due, hands out jobs, and, in one of them at a time, the relay."""

import gc
import logging
import os
import queue
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import wraps

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app import archive, create_app, exporting, outbox, throttle, uploads, watching
from app.auth import accounts
from app.auth import session as sessions
from app.cti import rounds as pushed_rounds
from app.database import check_at_start
from app.enqueue import (
    ACT_ON_DEADLINES,
    CHECK_ESCALATIONS,
    IDS_PER_JOB,
    SEND_DIGESTS,
    SEND_MAILS,
    enqueue,
    redis_client,
    waiting,
)
from app.hints import Alarm, channel_of, listen
from app.outbox import LostLead, Stamped, unit_of_work
from app.push import messages, writer
from app.voice import messengers, reconciler, rounds
from calls import arriving, message_receipts
from db import database_now, db, transaction
from tickets import daily, drafts, errors, escalating, mailing, presence, queries, service
from tickets.permissions import SYSTEM

log = logging.getLogger("clock")

RELAY_SECONDS = 0.05
LEASE_SECONDS = 1.0
SWEEP_SECONDS = 10.0
JOBS_SECONDS = 1.0
MAILS_SECONDS = 2.0
DAILY_SECONDS = 30.0
WATCH_SECONDS = 5.0
BACKLOG_SECONDS = 0.5
"""Between two sweeps while more is due than may be under way."""
TIDY_SECONDS = 300.0
CLAIM = timedelta(seconds=30)
DEADLINE_CLAIM = timedelta(seconds=20)
"""Some times what workers need for as many as may be under way; after it others get what a dead one had."""
SWEEP_LIMIT = 2000
DEADLINES_PER_JOB = 1000
"""Each job begins in a new child of the worker, which learns its statements anew: a third of a second."""
JOBS_LIMIT = 2000
ARCHIVED_AT_ONCE = 500
MAILS_LIMIT, MAILS_PER_JOB = 100, 5
MAIL_CLAIM = timedelta(seconds=120)
DAILY = {daily.CHECK: CHECK_ESCALATIONS, daily.DIGEST: SEND_DIGESTS}
BACKLOG = 200
HINT_SECONDS = 1.0
BETWEEN_LOOKS = 0.05
"""Hints that come faster than this are one: with hundreds of callers there is one every few milliseconds."""
LISTEN_SECONDS = 30.0
REPLAY_SECONDS = 2.0
RECONCILE_SECONDS = 10.0
RECORDINGS_SECONDS = 300.0
TOLD_SECONDS = 2.0
CARRIERS = 4
"""Threads that carry out what is owed to the telephone carrier: a slow answer holds up one of them."""

MESSENGERS = 4

NAME = f"{socket.gethostname()[:40]}:{secrets.token_hex(4)}:{os.getpid()}"
"""Of this process, as the holder of the lease and in the server's list of sessions (63 characters at most)."""
# A frozen clock must not keep the lease row locked: the server ends its idle transaction, the next leader
# whatever else it has open.
CONNECT_OPTIONS = (
    "-c statement_timeout=5s -c lock_timeout=2s -c timezone=UTC -c idle_in_transaction_session_timeout=2s "
    f"-c application_name={NAME}"
)


Loops = tuple[tuple[Callable[[], object], float], ...]
"""Steps, each with the seconds between two of its rounds."""


class Clock:
    """The loops of one clock process; each runs in a thread of its own until `stop` is set."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.config = app.extensions["hotline"]
        self.stop = threading.Event()
        self.redis = redis_client(self.config.redis_url)
        self.hints = redis_client(self.config.redis_url)
        self.writer = writer(self.config.redis_url, self.config.env)
        self.unsent: queue.Queue[list[Stamped]] = queue.Queue(BACKLOG)
        self.lead: outbox.Leadership | None = None
        self.alarm = Alarm()

    def run(self) -> None:
        """Start the loops and wait for a signal."""
        loops = (
            (self.keep_lead, LEASE_SECONDS),
            (self.relay, RELAY_SECONDS),
            (self.send, 0.0),
            (self.sweep, SWEEP_SECONDS),
            (self.hand_out_jobs, JOBS_SECONDS),
            (self.hand_out_mails, MAILS_SECONDS),
            (self.begin_daily, DAILY_SECONDS),
            (self.watch, WATCH_SECONDS),
            (self.tidy, TIDY_SECONDS),
            (self.archive_tickets, TIDY_SECONDS),
            *self._telephone(),
        )
        threads = [threading.Thread(target=self._loop, args=loop, daemon=True) for loop in loops]
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self.stop.set())
        for thread in threads:
            thread.start()
        while not self.stop.wait(1):
            pass
        for thread in threads:
            thread.join(3)

    def _telephone(self) -> Loops:
        """The loops of telephone and texts, where there are any: woken by a hint, and each second without one."""
        told, texts = ((pushed_rounds.tidy, TOLD_SECONDS),), self._texts()
        if not self.config.has_twilio:
            return (*told, (self.hear_hints, 0.0), *texts) if texts else told
        return (
            *told, (self.hear_hints, 0.0), *self._in_turn(self.assign, 1), (rounds.tend, HINT_SECONDS),
            *self._in_turn(rounds.carry, CARRIERS), *texts,
            (rounds.replay, REPLAY_SECONDS), (reconciler.reconcile, RECONCILE_SECONDS),
            (reconciler.find_recordings, RECORDINGS_SECONDS),
        )  # fmt: skip

    def _texts(self) -> Loops:
        """Threads of their own: no caller waits for a provider of texts."""
        return self._in_turn(messengers.carry_messages, MESSENGERS) if self.app.extensions["texts"] else ()

    def _in_turn(self, step: Callable[[Callable[[], None]], int], threads: int) -> Loops:
        """The step again and again: at once while it finds something to do, else at the next hint or second.

        Of its threads one at a time looks for what is owed, or waits for a hint. The step is given what lets the
        next one look while it does what it found: to let all look at every hint costs more than what they find.
        """
        turn, seen = threading.Lock(), 0

        def round_() -> bool:
            nonlocal seen
            with ExitStack() as mine:
                mine.enter_context(turn)
                begun = time.monotonic()
                found = step(mine.close)
                if not found:
                    seen = self._wait(seen, begun)
            if found:
                self.alarm.ring()  # what was done may owe something in its turn
            return True

        round_.__name__ = step.__name__
        return ((round_, 0.0),) * threads

    def assign(self, found: Callable[[], None]) -> int:
        """Offer what waits. One thread does: each would offer the same."""
        return rounds.assign()

    def _wait(self, seen: int, begun: float) -> int:
        """For the next hint after a look in vain that began then; returns what has been heard."""
        heard = self.alarm.wait(seen, HINT_SECONDS)
        self.stop.wait(max(0.0, begun + BETWEEN_LOOKS - time.monotonic()))
        return heard

    def hear_hints(self) -> bool:
        """Listen for hints. Without Redis each loop goes by its own second."""
        try:
            listen(self.hints, channel_of(self.config.redis_url, self.config.env), self.alarm, LISTEN_SECONDS)
        except RedisError:
            self.stop.wait(1)
        return True

    def _loop(self, step: Callable[[], object], seconds: float) -> None:
        with self.app.app_context():
            while not self.stop.is_set():
                if not self._attempt(step):
                    self.stop.wait(seconds)

    def _attempt(self, step: Callable[..., object], *given: object) -> object:
        """What a round of a step returns; False for one that failed, after a moment."""
        try:
            return step(*given)
        except SQLAlchemyError as fault:
            # A lost connection is not an attempt: the rows are as they were, and the next round comes.
            log.warning("%s: database: %s", _name(step), type(fault).__name__)
            db.session.remove()
            self.stop.wait(0.5)
        except Exception:
            # One bad round must not end the loop that everything overdue depends on.
            log.exception("%s failed", _name(step))
            db.session.remove()
            self.stop.wait(1)
        return False

    def keep_lead(self) -> None:
        """Take or renew the relay's lease."""
        self.lead = outbox.take_lead(NAME)

    def relay(self) -> bool:
        """Publish what waits, if this process leads. Returns whether there may be more at once."""
        lead = self.lead
        if lead is None or not outbox.is_waiting():
            return False
        try:
            stamped = outbox.stamp(lead)
        except LostLead:
            self.lead = None
            return False
        if stamped:
            self._queue_sending(stamped)
        return len(stamped) == outbox.BATCH

    def _queue_sending(self, stamped: list[Stamped]) -> None:
        try:
            self.unsent.put_nowait(stamped)
        except queue.Full:
            # Boards notice the gap in `prev` and fetch; what is told late is told by HTTP.
            log.warning("%d events not pushed: Redis is slow or away", len(stamped))

    def send(self) -> bool:
        """Tell the rooms. Nothing here is owed: a board that misses a message asks for what changed."""
        try:
            stamped = self.unsent.get(timeout=0.5)
        except queue.Empty:
            return True
        ids = {event.subject_id for event in stamped if event.subject == "ticket"}
        with transaction():
            rows = {key: row.to_data() for key, row in queries.rows_by_id(ids).items()}
            rooms = queries.rooms_now(ids)
        for room, message in messages(stamped, rows, rooms):
            self.writer.emit("news", message, namespace="/", room=room)
        return True

    def sweep(self) -> bool:
        """Claim what is due and hand it to the workers. Returns whether there is more than may be under way."""
        with unit_of_work() as now:
            claimed = escalating.due_deadlines(now, SWEEP_LIMIT, now + DEADLINE_CLAIM)
        ids = claimed.ids
        try:
            for batch, most in ((claimed.fresh, DEADLINES_PER_JOB), (claimed.again, 1)):
                enqueue(self.redis, ACT_ON_DEADLINES, batch, most)
        except RedisError as fault:
            log.warning("%d deadlines wait: Redis: %s", len(ids), type(fault).__name__)
            with unit_of_work():
                escalating.release(ids)
            return False
        if claimed.has_more:
            self.stop.wait(BACKLOG_SECONDS)
        return claimed.has_more

    def hand_out_jobs(self) -> None:
        """Hand out jobs owed by events. A job strikes its own rows; what is lost comes back with its claim.

        While workers have other things to do first, what they were given is not given to them again and again.
        """
        held: list[str] = []
        with suppress(RedisError):
            held = waiting(self.redis)
        fresh, again = outbox.claim_jobs(JOBS_LIMIT, CLAIM, held)
        batches = [(job, ids, IDS_PER_JOB) for job, ids in fresh.items()]
        for job, ids, most in batches + [(job, ids, 1) for job, ids in again.items()]:
            try:
                enqueue(self.redis, job, ids, most)
            except RedisError as fault:
                log.warning("%d jobs wait: Redis: %s", len(ids), type(fault).__name__)
                outbox.release_jobs(ids)

    def archive_tickets(self) -> None:
        """Archive what ended long enough ago, some each time; what is in use now waits for the next time."""
        with unit_of_work() as now:
            ids = service.to_archive(now, ARCHIVED_AT_ONCE)
        for ticket_id in ids:
            try:
                with unit_of_work() as now:
                    service.archive(SYSTEM, now, ticket_id)
            except errors.TicketError as refusal:
                log.warning("ticket %s is not archived: %s", ticket_id, refusal.code)

    def hand_out_mails(self) -> None:
        """Hand out e-mails to staff that are due."""
        if not self.config.smtp_host:
            return
        with unit_of_work() as now:
            ids = mailing.claim(now, MAILS_LIMIT, now + MAIL_CLAIM)
        try:
            enqueue(self.redis, SEND_MAILS, ids, MAILS_PER_JOB)
        except RedisError as fault:
            log.warning("%d e-mails wait: Redis: %s", len(ids), type(fault).__name__)
            with unit_of_work():
                mailing.release(ids)

    def begin_daily(self) -> None:
        """Begin what is done once a day, when its hour has come."""
        with unit_of_work() as now:
            daily.begin_due(now, DAILY)

    def watch(self) -> None:
        """Note that it goes on, and what does not."""
        with unit_of_work() as now:
            watching.watch(now)

    def tidy(self) -> None:
        """Delete what has expired: form drafts, sessions, tokens, counted attempts, files.

        Each by itself, files last: one that fails, or has much to do, keeps none of the others waiting.
        """
        with transaction():
            now = database_now()
        for sweep in (
            arriving.drop_drafts, drafts.sweep_forms, presence.sweep, sessions.sweep, accounts.sweep_tokens,
            throttle.sweep, message_receipts.sweep,
        ):  # fmt: skip
            self._attempt(_in_one_unit(sweep), now)
        for sweep_files in (archive.purge, exporting.sweep, uploads.sweep):
            self._attempt(sweep_files, self.config.data_dir, now)


def _name(step: Callable[..., object]) -> str:
    """Of a step, for the log: several are called the same in different rooms."""
    return f"{step.__module__}.{step.__name__}"


def _in_one_unit(sweep: Callable[[datetime], object]) -> Callable[[datetime], None]:
    @wraps(sweep)
    def swept(now: datetime) -> None:
        with unit_of_work():
            sweep(now)

    return swept


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    app = create_app(CONNECT_OPTIONS=CONNECT_OPTIONS)
    check_at_start(app)
    gc.collect()
    gc.freeze()  # all this stays until the process ends: the collector need not look through it again
    Clock(app).run()


if __name__ == "__main__":
    main()
