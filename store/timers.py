"""Timers: what is due, found by an index; set when a state is entered, gone when it is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, update
from sqlmodel import Session, col, select

from rules.model import Clock
from store.tables import Ledger, Mailbox, Outbox, Timer


@dataclass(frozen=True, slots=True)
class Reminder:
    """What became of the last reminder of a ticket."""

    state: str  # of its mail: queued, sent, failed, …
    sent_at: datetime | None


def set_all(tx: Session, ticket: int, clocks: Iterable[Clock]) -> None:
    """Replaces the ticket's timers, and drops reminders that wait to be sent for the old ones."""
    tx.exec(delete(Timer).where(col(Timer.ticket) == ticket))
    tx.exec(
        update(Outbox)
        .where(
            col(Outbox.ticket) == ticket,
            col(Outbox.event) == "reminder",
            col(Outbox.state) == "queued",
        )
        .values(state="dropped", error="the ticket left the state that it reminds of")
    )
    rows = [
        {
            "ticket": ticket,
            "state": clock.state,
            "due_at": clock.due,
            "after": int(clock.after.total_seconds()),
            "notify": clock.notify,
            "to_state": clock.to_state,
            "policy_row": clock.source,
        }
        for clock in clocks
    ]
    if rows:
        tx.exec(insert(Timer), params=rows)


def due(tx: Session, now: datetime) -> list[tuple[int, int]]:
    """(timer, ticket) of everything due, the oldest first."""
    query = (
        select(Timer.id, Timer.ticket)
        .where(col(Timer.due_at) <= now)
        .order_by(col(Timer.due_at), col(Timer.id))
    )
    return [(timer or 0, ticket) for timer, ticket in tx.exec(query)]


def running(tx: Session, ticket: int) -> list[Clock]:
    """The ticket's timers that have not fired, soonest first."""
    query = select(Timer).where(col(Timer.ticket) == ticket).order_by(col(Timer.due_at))
    return [
        Clock(
            row.id or 0,
            row.state,
            row.due_at,
            timedelta(seconds=row.after),
            row.notify,
            row.to_state,
            row.policy_row,
        )
        for row in tx.exec(query)
    ]


def move(tx: Session, timer: int, due_at: datetime) -> None:
    tx.exec(update(Timer).where(col(Timer.id) == timer).values(due_at=due_at))


def fired(tx: Session, timer: int) -> None:
    """It has happened, and will not again."""
    tx.exec(delete(Timer).where(col(Timer.id) == timer))


def last_reminder(tx: Session, ticket: int) -> Reminder | None:
    query = (
        select(Outbox.state, Outbox.sent_at)
        .where(col(Outbox.ticket) == ticket, col(Outbox.event) == "reminder")
        .order_by(col(Outbox.id).desc())
    )
    row = tx.exec(query).first()
    return Reminder(*row) if row else None


def holds(tx: Session, ticket: int) -> bool:
    """Whether a held mail belongs to this ticket: it may be the answer that is waited for."""
    query = select(Ledger.id).where(col(Ledger.ticket) == ticket, col(Ledger.outcome) == "held")
    return tx.exec(query).first() is not None


def read_to_end(tx: Session, mailbox: int, now: datetime) -> None:
    """Notes that the mailbox was empty at `now`: everything that came before has been taken."""
    tx.exec(update(Mailbox).where(col(Mailbox.id) == mailbox).values(read_at=now))


def last_read(tx: Session) -> datetime | None:
    """When the mailbox was last read to its end."""
    return tx.exec(select(func.max(Mailbox.read_at))).one()
