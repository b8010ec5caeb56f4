"""What is shown of tickets: the list, and a ticket's entries."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, bindparam, or_, select
from sqlmodel import col

from rules.model import Entry, EntryKind, Ticket
from store import scans, tables
from store.tickets import person_of, ticket_of
from store.work import Transaction, table_of

_HISTORY = (
    select(*table_of(tables.Entry).c)
    .where(
        or_(
            col(tables.Entry.ticket) == bindparam("number"),
            col(tables.Entry.addressed) == bindparam("number"),
        )
    )
    .order_by(col(tables.Entry.id))
)
_ONE = select(*table_of(tables.Entry).c).where(col(tables.Entry.id) == bindparam("entry"))
_NEWEST = (
    select(col(tables.Entry.id))
    .where(col(tables.Entry.ticket) == bindparam("number"))
    .order_by(col(tables.Entry.id).desc())
    .limit(1)
)
_OPENING = (
    select(*table_of(tables.Entry).c)
    .where(
        col(tables.Entry.ticket) == bindparam("number"),
        col(tables.Entry.kind) == EntryKind.OPENING,
    )
    .order_by(col(tables.Entry.id).desc())
    .limit(1)
)
_QUESTION = (
    select(*table_of(tables.Entry).c)
    .where(
        col(tables.Entry.ticket) == bindparam("number"),
        col(tables.Entry.kind).in_((EntryKind.NOTE, EntryKind.REPLY)),
        col(tables.Entry.author).in_(bindparam("agents", expanding=True)),
        col(tables.Entry.addressed).is_(None),
    )
    .order_by(col(tables.Entry.id).desc())
)


def listing(tx: Transaction) -> list[Ticket]:
    """Every ticket, by number."""
    rows = tx.all(select(*table_of(tables.Ticket).c).order_by(col(tables.Ticket.number)))
    return [ticket_of(row._mapping) for row in rows]


def entries(tx: Transaction, number: int) -> list[Entry]:
    """The ticket's entries, oldest first; those addressed to it since it was merged too."""
    return [_entry(row) for row in tx.all(_HISTORY, number=number)]


def opening(tx: Transaction, number: int) -> Entry | None:
    """The words that opened the ticket, the last ones where it was opened for somebody else."""
    row = tx.first(_OPENING, number=number)
    return _entry(row) if row else None


def newest(tx: Transaction, number: int) -> int:
    """The id of the ticket's last entry that is written."""
    row = tx.first(_NEWEST, number=number)
    return int(row[0]) if row else 0


def question(tx: Transaction, number: int, agents: Collection[str]) -> Entry | None:
    """The last public words that an agent wrote: what a reminder reminds of."""
    row = tx.first(_QUESTION, number=number, agents=list(agents))
    return _entry(row) if row else None


def entry(tx: Transaction, entry_id: int) -> Entry | None:
    """One line of some ticket's history; None when there is none."""
    tx.flush()  # it may be waiting itself
    row = tx.first(_ONE, entry=entry_id)
    return _entry(row) if row else None


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        kind=EntryKind(row.kind),
        author=person_of(row.author, row.author_name),
        via=person_of(row.via, row.via_name),
        at=row.at,
        text=row.text,
        quoted=row.quoted,
        internal=row.internal,
        verified=row.verified,
        automatic=row.automatic,
        attachments=scans.read(row.attachments),
        raw_id=row.raw_id,
        portal=row.portal,
        addressed=row.addressed,
    )
