"""Mails out: claim, send, record.

An attempt is registered before it is made and its result is committed before
the next mail is sent, so a crash can repeat at most the mail in flight, and
that under the same Message-ID. Per ticket and recipient the order holds: the
outbox hands out the oldest unsettled mail only.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from threading import Event

from sqlmodel import Session

from mailgate import effects
from mailgate.desk import Desk
from mailgate.smtp import Link, Permanent, Result, Sent, Temporary, UnreachableError
from rules.engine import decide
from rules.model import OutboxMail, Undelivered
from store import outbox, tickets

log = logging.getLogger(__name__)

BATCH = 50
PATIENCE = timedelta(days=5)  # RFC 5321 section 4.5.4.1: give up after 4 to 5 days
# Minutes before the second attempt, the third …; the last one repeats.
_DELAYS = (1, 2, 5, 15, 30, 60, 120, 240)


def backoff(attempts: int) -> timedelta:
    """How long to wait after this many attempts (1 or more)."""
    return timedelta(minutes=_DELAYS[min(attempts, len(_DELAYS)) - 1])


def step(desk: Desk, link: Link, stop: Event) -> int:
    """Sends one batch of what is due; returns how many mails it dealt with.

    Raises UnreachableError when no mail can be tried; the mail in hand is then
    deferred, the others are as they were. Returns early once `stop` is set.
    """
    with desk.db.transaction() as tx:
        mails = outbox.claim(tx, desk.now(), BATCH)
    for rank, mail in enumerate(mails):
        if stop.is_set():
            _release(desk, mails[rank:])
            return rank
        try:
            result = link.send(desk.policy.address, mail.recipient.email, mail.data)
        except UnreachableError as error:
            record(desk, mail, Temporary(str(error)))
            _release(desk, mails[rank + 1 :])
            raise
        except BaseException:
            _release(desk, mails[rank + 1 :])
            raise
        record(desk, mail, result)
        _keep_rate(desk, stop)
    return len(mails)


def record(desk: Desk, mail: OutboxMail, result: Result) -> None:
    """Writes down what became of one mail; a failure for good goes on its ticket."""
    now = desk.now()
    with desk.db.transaction() as tx:
        match result:
            case Sent():
                outbox.sent(tx, mail.id, now)
            case Temporary(error) if now - mail.queued < PATIENCE:
                outbox.later(tx, mail.id, now + backoff(mail.attempts), error)
            case Temporary(error):
                _fail(tx, desk, mail, f"given up after {PATIENCE.days} days: {error}")
            case Permanent(error):
                _fail(tx, desk, mail, error)
    if not isinstance(result, Sent):
        log.warning("outbox %d for #%d: %s", mail.id, mail.ticket, result)


def _fail(tx: Session, desk: Desk, mail: OutboxMail, error: str) -> None:
    outbox.failed(tx, mail.id, error)
    ticket = tickets.load(tx, mail.ticket)
    event = Undelivered(mail.recipient, mail.subject, error, mail.event == "trouble")
    effects.apply(tx, desk, ticket, decide(desk.policy, ticket, event, desk.now()), desk.now())


def _release(desk: Desk, mails: Sequence[OutboxMail]) -> None:
    with desk.db.transaction() as tx:
        outbox.release(tx, [mail.id for mail in mails])


def _keep_rate(desk: Desk, stop: Event) -> None:
    """Waits so that no more than [smtp] rate mails go out per minute."""
    if desk.config.smtp.rate:
        stop.wait(60 / desk.config.smtp.rate)
