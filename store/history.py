"""What is shown of tickets: the list, and a ticket's entries."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select
from sqlmodel import col

from rules.model import Alike, Entry, EntryKind, Lookalike, Ticket
from store import scans, tables
from store.tickets import person_of, ticket_of
from store.work import Transaction, table_of

_OF_TICKET = or_(
    col(tables.Entry.ticket) == bindparam("number"),
    col(tables.Entry.addressed) == bindparam("number"),
)
# What holders of the ticket's links may read (DESIGN, promise 8): what is addressed to a merged
# ticket is for that one's links alone.
_PUBLIC = and_(
    ~col(tables.Entry.internal),
    or_(col(tables.Entry.addressed).is_(None), col(tables.Entry.addressed) == bindparam("number")),
)
_SEEN = {False: _OF_TICKET, True: and_(_OF_TICKET, _PUBLIC)}  # by whether it is public
_HISTORY = {
    public: select(*table_of(tables.Entry).c).where(seen).order_by(col(tables.Entry.id))
    for public, seen in _SEEN.items()
}
_EXTENT = {
    public: select(func.count(), func.max(col(tables.Entry.id))).where(seen)
    for public, seen in _SEEN.items()
}
_PAGE = {
    public: query.limit(bindparam("most")).offset(bindparam("first"))
    for public, query in _HISTORY.items()
}
_LINE = {
    public: query.where(col(tables.Entry.id) == bindparam("entry"))
    for public, query in _HISTORY.items()
}
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
_LOOKALIKES = select(col(tables.Entry.lookalikes)).where(col(tables.Entry.id) == bindparam("entry"))
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
    return [_entry(row) for row in tx.all(_HISTORY[False], number=number)]


def extent(tx: Transaction, number: int, *, public: bool) -> tuple[int, int]:
    """(how many entries the ticket has, the id of the last one, 0 without any).

    `public`: of those alone that holders of its links may read; so below.
    """
    row = tx.first(_EXTENT[public], number=number)
    return (row[0], row[1] or 0) if row else (0, 0)


def page(tx: Transaction, number: int, first: int, most: int, *, public: bool) -> list[Entry]:
    """At most so many of the ticket's entries, oldest first, without the `first` oldest ones."""
    return [_entry(row) for row in tx.all(_PAGE[public], number=number, first=first, most=most)]


def line(tx: Transaction, number: int, entry_id: int, *, public: bool) -> Entry | None:
    """One of the ticket's entries; None where it has none of this id."""
    row = tx.first(_LINE[public], number=number, entry=entry_id)
    return _entry(row) if row else None


def opening(tx: Transaction, number: int) -> Entry | None:
    """The words that opened the ticket, the last ones where it was opened for somebody else."""
    row = tx.first(_OPENING, number=number)
    return _entry(row) if row else None


def lookalikes(tx: Transaction, entry_id: int) -> tuple[Lookalike, ...]:
    """Whom the sender of an entry's mail may be taken for."""
    row = tx.first(_LOOKALIKES, entry=entry_id)
    return _lookalikes(row[0]) if row else ()


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
        lookalikes=_lookalikes(row.lookalikes),
    )


def _lookalikes(written: str) -> tuple[Lookalike, ...]:
    return tuple(Lookalike(Alike(kind), *words) for kind, *words in json.loads(written))
