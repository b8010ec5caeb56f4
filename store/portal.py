"""What the portal's pages ask of the store: links and their holders, and the desk's secrets."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import col

from rules.model import Address
from store.tables import Outbox, Participant, Secret, Ticket
from store.tickets import Belongs
from store.work import Transaction

_HOLDER = select(
    col(Participant.token), col(Participant.ticket), col(Participant.address), col(Participant.name)
).where(col(Participant.token) == bindparam("token"), col(Participant.belongs) != Belongs.STRANGER)
_OWN = (
    select(
        col(Ticket.number),
        col(Ticket.subject),
        col(Ticket.state),
        col(Participant.token),
    )
    .join(
        Participant,
        (col(Participant.ticket) == col(Ticket.number))
        & (col(Participant.address) == col(Ticket.requester)),
    )
    .where(
        col(Ticket.requester) == bindparam("email"),
        col(Ticket.state).not_in(bindparam("final", expanding=True)),
    )
    .order_by(col(Ticket.number).desc())
    .limit(bindparam("most"))
)
_REVOKE = (
    update(Participant)
    .where(
        col(Participant.ticket) == bindparam("b_ticket"),
        col(Participant.address) == bindparam("b_address"),
    )
    .values(token=bindparam("new"))
)
_AS_AGENTS = (
    select(col(Outbox.recipient))
    .where(
        col(Outbox.ticket).in_(bindparam("tickets", expanding=True)),
        col(Outbox.recipient).in_(bindparam("addresses", expanding=True)),
        col(Outbox.to_agent),
    )
    .distinct()
)
_SECRET = select(col(Secret.value)).where(col(Secret.name) == bindparam("one"))


@dataclass(frozen=True, slots=True)
class Own:
    """A ticket and the link of its requester."""

    number: int
    subject: str
    state: str
    token: str


def holder(tx: Transaction, token: str) -> tuple[int, Address] | None:
    """The ticket that this link opens, and whose it is; None for a link that opens none."""
    row = tx.first(_HOLDER, token=token)
    # The index compares byte by byte, which takes longer the more of them are right.
    if row is None or not hmac.compare_digest(row.token.encode(), token.encode()):
        return None
    return row.ticket, Address(row.address, row.name)


def own(tx: Transaction, email: str, final: Collection[str], most: int) -> list[Own]:
    """The tickets that this address opened and whose state is not `final`, newest first."""
    return [Own(*row) for row in tx.all(_OWN, email=email, final=list(final), most=most)]


def revoke(tx: Transaction, number: int, email: str, new_token: str) -> bool:
    """Ends the link of this address: mails to it carry `new_token` from now on.

    False when the address does not belong to the ticket.
    """
    return tx.run(_REVOKE, {"b_ticket": number, "b_address": email, "new": new_token}) > 0


def as_agents(tx: Transaction, tickets: Collection[int], addresses: Collection[str]) -> set[str]:
    """Those of the addresses that were written to as agents about one of these tickets."""
    found = tx.all(_AS_AGENTS, tickets=list(tickets), addresses=list(addresses))
    return {str(address) for (address,) in found}


def secret(tx: Transaction, name: str, new: str) -> str:
    """The desk's secret of this name; `new`, if it is not empty, becomes it where there is none."""
    row = tx.first(_SECRET, one=name)
    if row is None and new:
        tx.run(insert(Secret), {"name": name, "value": new})
    return str(row[0]) if row else new
