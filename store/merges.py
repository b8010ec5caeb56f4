"""Tickets that were merged into others, and the people of a ticket.

A merged ticket keeps its entries, its people and their links. What is addressed to it
afterwards is an entry of the ticket that took it over (`entry.ticket`), marked with the one
that it was for (`entry.addressed`); so each link shows `store.history.entries` of its own
ticket and nothing of the other.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import col

from rules.model import Address, Ticket
from store import tickets, timers
from store.tables import Participant
from store.tickets import Belongs
from store.work import Transaction

_LEFT = (
    update(Participant)
    .where(
        col(Participant.ticket) == bindparam("b_ticket"),
        col(Participant.address) == bindparam("b_address"),
    )
    .values(belongs=Belongs.STRANGER, token=bindparam("token"))
)


def current(tx: Transaction, ticket: Ticket | None) -> Ticket | None:
    """The ticket that this one ended in, itself when it was not merged; locked."""
    while ticket and ticket.merged_into:
        ticket = tickets.load(tx, ticket.merged_into)
    return ticket


def merge(tx: Transaction, number: int, into: int, now: datetime) -> None:
    """The ticket ends in another one: its clocks stop, its reminders are not sent."""
    tickets.change(tx, number, now, merged_into=into)
    timers.set_all(tx, number, [])


def people(tx: Transaction, number: int) -> tuple[Address, ...]:
    """Who belongs to a ticket in hand because somebody wrote to them, the requester too."""
    known = tx.files[number].people
    return tuple(Address(email) for email, one in known.items() if one.belongs == Belongs.FULL)


def leave(tx: Transaction, number: int, email: str, new_token: str) -> None:
    """This person belongs to the ticket no more; the link that was given out opens nothing."""
    if known := tx.files[number].people.get(email):
        known.belongs, known.token = Belongs.STRANGER, new_token
        tx.later(_LEFT, b_ticket=number, b_address=email, token=new_token)
