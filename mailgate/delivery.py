"""Mails out: claim, send, record.

An attempt is registered before it is made and its result is on the disk before
the next mail is sent, so a crash can repeat at most the mail in flight, and
that under the same Message-ID: that a mail was taken stands in the sent log
until the database is told, anything else is committed at once. Per ticket and
recipient the order holds: the outbox hands out the oldest unsettled mail only.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

from mailgate import effects, storms
from mailgate.desk import Desk
from mailgate.mime_headers import ascii_address
from mailgate.smtp import Link, Permanent, Result, Sent, Temporary, UnreachableError
from rules.engine import decide
from rules.model import OutboxMail, Undelivered
from rules.notify import SIGN_IN
from store import merges, outbox, tickets
from store.db import OutageError
from store.sent import SentLog
from store.work import Transaction

log = logging.getLogger(__name__)

# Claimed together: what intake queues for a batch or two, so that claims seldom wait for its lock.
BATCH = 200  # mails
_LAG = timedelta(seconds=1)  # for which the sent log may know more than the database
PATIENCE = timedelta(days=5)  # RFC 5321 section 4.5.4.1: give up after 4 to 5 days
# Minutes before the second attempt, the third …; the last one repeats.
_DELAYS = (1, 2, 5, 15, 30, 60, 120, 240)


def backoff(attempts: int) -> timedelta:
    """How long to wait after this many attempts (1 or more)."""
    return timedelta(minutes=_DELAYS[min(attempts, len(_DELAYS)) - 1])


@dataclass(slots=True)
class Courier:
    """The one sender of a desk: its connection, and results that no database took yet."""

    desk: Desk
    link: Link
    unrecorded: list[tuple[OutboxMail, Result]] = field(default_factory=list)
    oldest: datetime | None = None  # when the first of those was noted that no database knows of
    noted: SentLog = field(init=False)

    def __post_init__(self) -> None:
        self.noted = SentLog(self.desk.db.path)

    def step(self, stop: Event) -> int:
        """Sends one batch of what is due; returns how many mails it dealt with.

        Raises UnreachableError when no mail can be tried; the mail in hand is then
        deferred. Raises OutageError when a result cannot be kept on the disk: it is
        committed before anything else is sent. Returns early once `stop` is set.
        """
        while self.unrecorded:
            record(self.desk, *self.unrecorded[0])
            self.unrecorded.pop(0)
        with self.desk.db.transaction() as tx:
            outbox.all_sent(tx, self.noted.read())
            # Nothing is in hand here: what is marked as being sent was left by an outage.
            outbox.take_over(tx)
            mails = outbox.claim(tx, self.desk.now(), BATCH)
        self.noted.told()
        self.oldest, done = None, 0
        with closing(self.noted):
            try:
                done = self._deliver(mails, stop)
            finally:
                if done < len(mails) or stop.is_set():  # else the next step tells the database
                    self._catch_up()
        return done

    def _deliver(self, mails: Sequence[OutboxMail], stop: Event) -> int:
        for rank, mail in enumerate(mails):
            if stop.is_set():
                self._release(mails[rank:])
                return rank
            try:
                result = self._send(mail)
            except UnreachableError as error:
                self._record(mail, Temporary(str(error)))
                self._release(mails[rank + 1 :])
                raise
            self._record(mail, result)
            _keep_rate(self.desk, stop)
        return len(mails)

    def _send(self, mail: OutboxMail) -> Result:
        sender = ascii_address(self.desk.policy.address)
        try:
            recipient = ascii_address(mail.recipient.email)
        except ValueError as error:
            return Permanent(f"the address has no valid domain: {error}")
        return self.link.send(sender, recipient, mail.data)

    def _record(self, mail: OutboxMail, result: Result) -> None:
        self.unrecorded.append((mail, result))
        # The mail with a sign-in link is forgotten in the transaction that records it.
        if isinstance(result, Sent) and mail.event != SIGN_IN:
            self._note(mail)
        else:
            record(self.desk, mail, result)
        self.unrecorded.pop()

    def _note(self, mail: OutboxMail) -> None:
        now = self.desk.now()
        self.noted.add(mail.reference, now)
        _tell(mail, Sent())
        self.oldest = self.oldest or now
        if self.noted.full or now - self.oldest >= _LAG:
            self._catch_up()

    def _catch_up(self) -> None:
        catch_up(self.desk)
        self.noted.told()
        self.oldest = None

    def _release(self, mails: Sequence[OutboxMail]) -> None:
        with self.desk.db.transaction() as tx:
            outbox.release(tx, [mail.id for mail in mails])


def catch_up(desk: Desk) -> None:
    """Tells the database of the mails in the sent log. Raises OutageError."""
    mails = SentLog(desk.db.path).read()
    if mails:
        with desk.db.transaction() as tx:
            outbox.all_sent(tx, mails)


def record(desk: Desk, mail: OutboxMail, result: Result) -> None:
    """Writes down what became of one mail; a failure for good goes on its ticket."""
    try:
        with desk.db.transaction() as tx:
            _write(tx, desk, mail, result)
    except OutageError:
        raise
    except Exception as error:  # one that cannot be told of must not stop the others
        log.exception("mail %d about #%s: its result cannot be told", mail.id, mail.ticket)
        with desk.db.transaction() as tx:
            outbox.failed(tx, mail.id, f"{getattr(result, 'error', '')}; telling of it: {error!r}")
        return
    _tell(mail, result)


def _tell(mail: OutboxMail, result: Result) -> None:
    if isinstance(result, Sent):
        log.info("mail %d about #%s: sent", mail.id, mail.ticket)
    else:
        fate = "refused for good" if isinstance(result, Permanent) else "has to wait"
        log.warning("mail %d about #%s: %s: %s", mail.id, mail.ticket, fate, result.error)


def _write(tx: Transaction, desk: Desk, mail: OutboxMail, result: Result) -> None:
    now = desk.now()
    match result:
        case Sent():
            outbox.sent(tx, mail.id, now)
        case Temporary(error) if now - mail.queued < PATIENCE:
            outbox.later(tx, mail.id, now + backoff(mail.attempts), error)
        case Temporary(error):
            _fail(tx, desk, mail, f"given up after {PATIENCE.days} days: {error}")
        case Permanent(error):
            _fail(tx, desk, mail, error)
    if mail.event == SIGN_IN and not isinstance(result, Temporary):
        outbox.forget(tx, mail.id)  # its link is still good: for its reader alone


def _fail(tx: Transaction, desk: Desk, mail: OutboxMail, error: str) -> None:
    outbox.failed(tx, mail.id, error)
    if mail.ticket is None:  # the log is all that can tell of it
        return
    ticket = merges.current(tx, tickets.load(tx, mail.ticket))
    event = Undelivered(mail.recipient, mail.reference, error, mail.event == "trouble")
    decided = decide(desk.policy, ticket, event, desk.now())
    effects.apply(tx, desk, ticket, storms.failed(tx, desk, ticket, decided), desk.now())


def _keep_rate(desk: Desk, stop: Event) -> None:
    """Waits so that no more than [smtp] rate mails go out per minute."""
    if desk.config.smtp.rate:
        stop.wait(60 / desk.config.smtp.rate)
