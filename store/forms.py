"""Forms of the portal in the ledger: their numbers, and what they showed, kept for a second try."""

from __future__ import annotations

import json

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import col

from rules.model import Address, Credential, Outcome, Proof
from store.tables import Counter, Ledger
from store.work import Transaction

PORTAL = "portal"  # the "folder" that the ledger has them in
_COUNTER = "form"

_LAST = select(col(Counter.last)).where(col(Counter.name) == bindparam("name")).with_for_update()
_NEXT = (
    update(Counter)
    .where(col(Counter.name) == bindparam("b_name"))
    .values(last=col(Counter.last) + 1)
)
_LEFT = select(col(Ledger.id)).where(
    col(Ledger.outcome) == Outcome.TAKEN, col(Ledger.credential) != ""
)
_AGAIN = (
    update(Ledger)
    .where(col(Ledger.id) == bindparam("b_id"))
    .values(attempts=col(Ledger.attempts) + 1)
)


def next_number(tx: Transaction) -> int:
    """The number of the next form, its UID in the ledger; no two forms get the same one."""
    row = tx.first(_LAST, name=_COUNTER)
    if row is None:
        tx.run(insert(Counter), {"name": _COUNTER, "last": 1})
        return 1
    tx.run(_NEXT, {"b_name": _COUNTER})
    return int(row[0]) + 1


def left(tx: Transaction) -> list[int]:
    """Ledger lines of forms that were in hand when a process died; this is another attempt."""
    rows = [int(row) for (row,) in tx.all(_LEFT)]
    if rows:
        tx.run(_AGAIN, *({"b_id": row} for row in rows))
    return rows


def written(credential: Credential | None) -> str:
    """A credential as the ledger keeps it, "" for a mail."""
    if credential is None:
        return ""
    holder = credential.holder
    person = [holder.email, holder.name] if holder else None
    return json.dumps([credential.proof, person, credential.ticket, credential.related])


def credential(kept: str) -> Credential | None:
    """What `written` wrote."""
    if not kept:
        return None
    proof, person, ticket, related = json.loads(kept)
    return Credential(Proof(proof), Address(*person) if person else None, ticket, related)
