"""What the desk's figures are made of. Tickets that another one took over are in none of them:
their matter is counted with that one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlmodel import col

from rules.model import EntryKind, Move, Request
from store.tables import Entry, Ticket
from store.work import Transaction


@dataclass(frozen=True, slots=True)
class Standing:
    """The tickets that are in a state now."""

    state: str
    count: int
    oldest: datetime  # opening of the one that was opened first


_OWNERS = select(col(Ticket.owner)).where(col(Ticket.owner) != "").distinct()
# The words of an agent that the requester could read, or his word that the matter is settled.
_ANSWER = and_(
    col(Entry.author).in_(bindparam("agents", expanding=True)),
    col(Entry.author) != col(Ticket.requester),
    col(Entry.verified),
    col(Entry.internal).is_(False),
    col(Entry.automatic) == "",
    col(Entry.addressed).is_(None),
    or_(
        col(Entry.kind).in_((EntryKind.NOTE, EntryKind.REPLY)),
        and_(
            col(Entry.kind) == EntryKind.STATE,
            col(Entry.text).in_(bindparam("settled", expanding=True)),
        ),
    ),
)
_ASKED = and_(
    col(Entry.kind) == EntryKind.OPENING, col(Entry.automatic) == "", col(Ticket.requester) != ""
)
_REQUESTS = (
    select(
        col(Ticket.opened_at),
        func.min(case((_ANSWER, col(Entry.at)))),
        func.max(case((_ASKED, 1), else_=0)),
    )
    .join(Entry, col(Entry.ticket) == col(Ticket.number))
    .where(col(Ticket.merged_into).is_(None), col(Ticket.opened_at) >= bindparam("since"))
    .group_by(col(Ticket.number))
)
_MOVES = (
    select(col(Ticket.number), col(Ticket.opened_at), col(Entry.at), col(Entry.text))
    .join(Entry, col(Entry.ticket) == col(Ticket.number))
    .where(
        col(Ticket.merged_into).is_(None),
        col(Ticket.state).in_(bindparam("final", expanding=True)),
        col(Ticket.changed_at) >= bindparam("since"),
        col(Entry.kind) == EntryKind.STATE,
    )
    .order_by(col(Ticket.number), col(Entry.id))
)
_OPEN = (
    select(col(Ticket.state), func.count(), func.min(col(Ticket.opened_at)))
    .where(
        col(Ticket.merged_into).is_(None),
        col(Ticket.state).not_in(bindparam("final", expanding=True)),
    )
    .group_by(col(Ticket.state))
)


def requests(
    tx: Transaction, since: datetime, agents: Collection[str], settled: Collection[str]
) -> list[Request]:
    """The tickets opened since then.

    `agents` are the addresses of today's; whoever owned a ticket was one too. `settled` are the
    states that need nobody's work any more.
    """
    once = {str(owner) for (owner,) in tx.all(_OWNERS)}
    rows = tx.all(_REQUESTS, since=since, agents=[*once.union(agents)], settled=[*settled])
    return [Request(opened, answered, bool(asked)) for opened, answered, asked in rows]


def moves(tx: Transaction, since: datetime, final: Collection[str]) -> list[Move]:
    """Every move of the tickets that are closed and changed since then: by ticket, in order."""
    return [Move(*row) for row in tx.all(_MOVES, since=since, final=[*final])]


def standing(tx: Transaction, final: Collection[str]) -> dict[str, Standing]:
    """The open tickets, by their state."""
    return {row[0]: Standing(*row) for row in tx.all(_OPEN, final=[*final])}
