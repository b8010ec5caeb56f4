"""Whom mails do not reach: addresses that fail, people who are away; of tickets in hand."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import bindparam, update
from sqlmodel import col

from store import tables
from store.tickets import update_person
from store.work import Transaction

_BOUNCE_TOLD = (
    update(tables.Ticket)
    .where(col(tables.Ticket.number) == bindparam("b_number"))
    .values(bounce_told=True)
)


def failing(tx: Transaction, number: int, email: str, error: str, now: datetime) -> None:
    """Notes that mails to this address come back; without effect on one who is unknown here."""
    if known := tx.files[number].people.get(email):
        known.failure = error
        known.failing_at = known.failing_at or now
        update_person(tx, number, email, known)


def reached(tx: Transaction, number: int, email: str, *, wrote: bool) -> datetime | None:
    """Notes that this address may be waited for again; one that wrote has a clean sheet.

    Returns since when mails to it came back, None if they did not.
    """
    known = tx.files[number].people.get(email)
    if known is None:
        return None
    since, known.failing_at = known.failing_at, None
    if wrote:
        known.failure, known.absent_at, known.back_on = "", None, None
    update_person(tx, number, email, known)
    return since


def away(tx: Transaction, number: int, email: str, back_on: date | None, now: datetime) -> None:
    """Notes that the reader of this address is away; without effect on one unknown here."""
    if known := tx.files[number].people.get(email):
        known.absent_at, known.back_on = now, back_on
        update_person(tx, number, email, known)


def bounce_told(tx: Transaction, number: int) -> None:
    """Notes that the owner knows of a bounce that names no mail of ours."""
    file = tx.files[number]
    file.row["bounce_told"] = True
    if not file.new:
        tx.later(_BOUNCE_TOLD, b_number=number)
