"""Timers: what is due, found by an index; set when a state is entered, gone when it is left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlmodel import col

from rules.model import Clock
from store.tables import Ledger, Mailbox, Outbox, Timer
from store.work import Transaction, table_of

_GONE = delete(Timer).where(col(Timer.ticket) == bindparam("b_ticket"))
_FIRED = delete(Timer).where(col(Timer.id) == bindparam("b_id"))
_MOVED = update(Timer).where(col(Timer.id) == bindparam("b_id")).values(due_at=bindparam("due"))
_UNSENT = (
    update(Outbox)
    .where(
        col(Outbox.ticket) == bindparam("b_ticket"),
        col(Outbox.event) == "reminder",
        col(Outbox.state) == "queued",
    )
    .values(state="dropped", error="the ticket left the state that it reminds of")
)
_DUE = (
    select(col(Timer.id), col(Timer.ticket))
    .where(col(Timer.due_at) <= bindparam("now"))
    .order_by(col(Timer.due_at), col(Timer.id))
)
_RUNNING = (
    select(*table_of(Timer).c)
    .where(col(Timer.ticket).in_(bindparam("numbers", expanding=True)))
    .order_by(col(Timer.due_at))
)
_REMINDER = (
    select(col(Outbox.state), col(Outbox.sent_at))
    .where(col(Outbox.ticket) == bindparam("number"), col(Outbox.event) == "reminder")
    .order_by(col(Outbox.id).desc())
)
_HELD = select(col(Ledger.id)).where(
    col(Ledger.ticket) == bindparam("number"), col(Ledger.outcome) == "held"
)
_READ = update(Mailbox).where(col(Mailbox.id) == bindparam("b_id")).values(read_at=bindparam("now"))
_LAST_READ = select(func.max(Mailbox.read_at))


@dataclass(frozen=True, slots=True)
class Reminder:
    """What became of the last reminder of a ticket."""

    state: str  # of its mail: queued, sent, failed, …
    sent_at: datetime | None


def set_all(tx: Transaction, ticket: int, clocks: Sequence[Clock]) -> None:
    """Replaces the ticket's timers, and drops reminders that wait to be sent for the old ones."""
    if running(tx, ticket) or not tx.files[ticket].new:
        tx.flush()
        tx.run(_GONE, {"b_ticket": ticket})
        tx.run(_UNSENT, {"b_ticket": ticket})
    tx.files[ticket].clocks = list(clocks)
    for clock in clocks:
        tx.add(
            Timer,
            ticket=ticket,
            state=clock.state,
            due_at=clock.due,
            after=int(clock.after.total_seconds()),
            notify=clock.notify,
            to_state=clock.to_state,
            policy_row=clock.source,
        )


def due(tx: Transaction, now: datetime) -> list[tuple[int, int]]:
    """(timer, ticket) of everything due, the oldest first."""
    return [(timer, ticket) for timer, ticket in tx.all(_DUE, now=now)]


def running(tx: Transaction, ticket: int) -> list[Clock]:
    """The ticket's timers that have not fired, soonest first; of a ticket in hand.

    Those that this transaction has set have no id yet.
    """
    file = tx.files[ticket]
    if file.clocks is not None:
        return sorted(file.clocks, key=lambda clock: clock.due)
    if file.new:
        return []
    look_up(tx, [ticket])
    return list(file.clocks_before or ())


def look_up(tx: Transaction, numbers: Collection[int]) -> None:
    """One query for what `running` is going to be asked about these tickets in hand."""
    asked = [number for number in numbers if tx.files[number].clocks_before is None]
    for number in asked:
        tx.files[number].clocks_before = []
    for row in tx.all(_RUNNING, numbers=asked) if asked else ():
        known = tx.files[row.ticket].clocks_before
        assert known is not None
        known.append(_clock(row))


def _forget(tx: Transaction) -> None:
    for file in tx.files.values():
        file.clocks_before = None


def _clock(row: Any) -> Clock:
    return Clock(
        row.id,
        row.state,
        row.due_at,
        timedelta(seconds=row.after),
        row.notify,
        row.to_state,
        row.policy_row,
    )


def move(tx: Transaction, timer: int, due_at: datetime) -> None:
    """Sets another due time."""
    tx.run(_MOVED, {"b_id": timer, "due": due_at})
    _forget(tx)


def fired(tx: Transaction, timer: int) -> None:
    """It has happened, and will not again."""
    tx.run(_FIRED, {"b_id": timer})
    _forget(tx)


def last_reminder(tx: Transaction, ticket: int) -> Reminder | None:
    """What became of the ticket's last reminder, None when there was none."""
    row = tx.first(_REMINDER, number=ticket)
    return Reminder(row[0], row[1]) if row else None


def holds(tx: Transaction, ticket: int) -> bool:
    """Whether a held mail belongs to this ticket: it may be the answer that is waited for."""
    return tx.first(_HELD, number=ticket) is not None


def read_to_end(tx: Transaction, mailbox: int, now: datetime) -> None:
    """Notes that the mailbox was empty at `now`: everything that came before has been taken."""
    tx.run(_READ, {"b_id": mailbox, "now": now})


def last_read(tx: Transaction) -> datetime | None:
    """When the mailbox was last read to its end."""
    row = tx.first(_LAST_READ)
    return row[0] if row else None
