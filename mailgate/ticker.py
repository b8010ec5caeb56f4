"""Timers: what is due happens once, and a closing only when it is fair.

A timer that changes a state waits until the mailbox has been read to its end
after its due time, until the reminder before it has been accepted by the SMTP
server, and while a held mail of the ticket may be the answer.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from mailgate import causes, effects
from mailgate.desk import Desk
from rules.engine import decide, paused
from rules.model import Clock
from store import tickets, timers
from store.db import OutageError
from store.work import Transaction

log = logging.getLogger(__name__)


def step(desk: Desk) -> int:
    """Fires what is due, each timer in a transaction of its own; returns how many fired."""
    with desk.db.reading() as tx:
        due = timers.due(tx, desk.now())
    fired = 0
    for timer, number in due:
        try:
            with desk.db.transaction() as tx:
                fired += _fire(tx, desk, timer, number)
        except OutageError:
            raise
        except Exception:  # one ticket must not keep the others from their hour
            log.exception("timer %d of #%d failed; it comes again", timer, number)
    return fired


def _fire(tx: Transaction, desk: Desk, timer: int, number: int) -> bool:
    """Fires one timer unless it is gone, or has to wait."""
    now = desk.now()
    ticket = tickets.load(tx, number)
    clocks = timers.running(tx, number)
    clock = next((clock for clock in clocks if clock.id == timer), None)
    if ticket is None or clock is None or clock.due > now:
        return False
    if paused(desk.policy, ticket):
        return False
    if clock.to_state and _waits(tx, desk, clock, clocks, number):
        return False
    timers.fired(tx, timer)
    if clock.notify:
        _keep_distance(tx, clock, clocks, now)
    cause = causes.of_clock(tx, desk, ticket)
    effects.apply(tx, desk, ticket, decide(desk.policy, ticket, clock, now), now, cause)
    return True


def _waits(tx: Transaction, desk: Desk, closing: Clock, clocks: list[Clock], number: int) -> bool:
    """Whether this closing would not be fair yet."""
    read = timers.last_read(tx)
    if read is None or read < closing.due or timers.holds(tx, number):
        return True
    if any(clock.notify and clock.due <= closing.due for clock in clocks):
        return True  # its reminder has not even been written
    reminder = timers.last_reminder(tx, number)
    if reminder is None or reminder.state in ("dropped", "withheld"):
        return False
    if reminder.sent_at is None:
        return True
    if reminder.sent_at > closing.due:  # accepted late: the requester keeps the time promised
        timers.move(tx, closing.id, reminder.sent_at + _notice(desk, closing))
        return True
    return False


def _notice(desk: Desk, closing: Clock) -> timedelta:
    """How long before the closing its reminder is due, as the policy has it."""
    state = desk.policy.state(closing.state)
    earlier = [t.after for t in state.timers if t.notify and t.after < closing.after]
    return closing.after - max(earlier, default=closing.after)


def _keep_distance(tx: Transaction, reminder: Clock, clocks: list[Clock], now: datetime) -> None:
    """Moves closings that a sleep brought too near to their reminder by the original distance."""
    for clock in clocks:
        distance = clock.due - reminder.due
        if clock.to_state and clock.due - now < distance / 2:
            timers.move(tx, clock.id, now + distance)
