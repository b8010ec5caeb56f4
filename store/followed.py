"""What followed from one line of the ledger: the states it led to, and the mails that went out.

Entries, mails and the line itself carry the moment at which all of them were written.
"""

from __future__ import annotations

from sqlalchemy import and_, bindparam, or_, select
from sqlmodel import col

from rules.model import EntryKind, OutboxMail, Outcome
from store.outbox import FACTS, outgoing
from store.tables import Entry, Ledger, Outbox, Ticket
from store.work import Transaction

_STATES = (
    select(col(Entry.text))
    .join(Ledger, col(Ledger.ticket) == col(Entry.ticket))
    .where(
        col(Ledger.id) == bindparam("line"),
        col(Entry.kind) == EntryKind.STATE,
        col(Entry.at) == col(Ledger.settled_at),
    )
    .order_by(col(Entry.id))
)
# Mails of that moment are about the line's ticket or the one that this joined then; later ones,
# such as reminders, are about the line's entry. A duplicate has that of the first copy.
_MAILS = (
    select(*FACTS)
    .join(Ledger, col(Ledger.id) == bindparam("line"))
    .outerjoin(Ticket, col(Ticket.number) == col(Ledger.ticket))
    .where(
        or_(
            and_(
                col(Outbox.ticket).in_((col(Ledger.ticket), col(Ticket.merged_into))),
                col(Outbox.queued_at) == col(Ledger.settled_at),
            ),
            and_(
                col(Outbox.entry_id) == col(Ledger.entry_id),
                col(Ledger.outcome) != Outcome.DUPLICATE,
            ),
        )
    )
    .order_by(col(Outbox.id))
)


def states(tx: Transaction, line: int) -> list[str]:
    """The states into which it brought its ticket, in their order."""
    return [row[0] for row in tx.all(_STATES, line=line)]


def mails(tx: Transaction, line: int) -> list[OutboxMail]:
    """In the order in which they were queued."""
    return [outgoing(row) for row in tx.all(_MAILS, line=line)]
