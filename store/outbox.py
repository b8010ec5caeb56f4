"""Outgoing mails: queued with the change that causes them, claimed, sent, recorded."""

# Length: what is asked and told of one table.
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from rules.model import Address, EntryKind, Issued, OutboxMail
from store.tables import Entry, Outbox
from store.work import Transaction, table_of

_WAITING = ("queued", "sending")  # not settled: later mails to the same person wait behind it
_EARLIER = aliased(Outbox)
FACTS = [column for column in table_of(Outbox).c if column.name != "data"]

_MAY_GO = (
    col(Outbox.state) == "queued",
    col(Outbox.next_at) <= bindparam("now"),
    ~exists().where(
        col(_EARLIER.ticket) == col(Outbox.ticket),
        col(_EARLIER.recipient) == col(Outbox.recipient),
        col(_EARLIER.id) < col(Outbox.id),
        col(_EARLIER.state).in_(_WAITING),
    ),
)
_ANY_DUE = select(col(Outbox.id)).where(*_MAY_GO).limit(1)
_ANY_SENDING = select(col(Outbox.id)).where(col(Outbox.state) == "sending").limit(1)
_DUE = (
    select(*FACTS, func.length(col(Outbox.data)).label("size"))
    .where(*_MAY_GO)
    .order_by(col(Outbox.id))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(Outbox)
    .where(col(Outbox.id) == bindparam("b_id"))
    .values(state="sending", attempts=col(Outbox.attempts) + 1)
)
_RELEASE = (
    update(Outbox)
    .where(col(Outbox.id) == bindparam("b_id"))
    .values(state="queued", attempts=col(Outbox.attempts) - 1)
)
_SENT = (
    update(Outbox)
    .where(col(Outbox.id) == bindparam("b_id"))
    .values(state="sent", sent_at=bindparam("now"), error="")
)
_ALL_SENT = (
    update(Outbox)
    .where(col(Outbox.reference) == bindparam("b_reference"), col(Outbox.state) == "sending")
    .values(state="sent", sent_at=bindparam("now"), error="")
)
_LATER = (
    update(Outbox)
    .where(col(Outbox.id) == bindparam("b_id"))
    .values(state="queued", next_at=bindparam("again"), error=bindparam("why"))
)
_FAILED = (
    update(Outbox)
    .where(col(Outbox.id) == bindparam("b_id"))
    .values(state="failed", error=bindparam("why"))
)
_FORGET = update(Outbox).where(col(Outbox.id) == bindparam("b_id")).values(data=b"")
_BOUNCED = (
    update(Outbox)
    .where(col(Outbox.reference) == bindparam("b_reference"))
    .values(state="failed", error=bindparam("why"))
)
_EXPOSED = (
    update(Outbox).where(col(Outbox.reference) == bindparam("b_reference")).values(exposed=True)
)
_TAKE_OVER = update(Outbox).where(col(Outbox.state) == "sending").values(state="queued")
_ISSUED = (
    select(
        col(Outbox.reference),
        col(Outbox.ticket),
        col(Outbox.recipient),
        col(Outbox.recipient_name),
        col(Outbox.to_agent),
        col(Outbox.internal),
        col(Outbox.exposed),
        col(Outbox.entry_id),
        col(Outbox.event),
        col(Entry.pending),
        col(Entry.automatic),
        col(Entry.kind),
        col(Entry.addressed),
    )
    .join(Entry, col(Entry.id) == col(Outbox.entry_id))
    .where(col(Outbox.reference).in_(bindparam("references", expanding=True)))
)
_SINCE = select(func.count()).where(
    col(Outbox.budget) == bindparam("budget"),
    col(Outbox.queued_at) > bindparam("since"),
    col(Outbox.state) != "withheld",
)
_SENT_SINCE = _SINCE.where(col(Outbox.sent_at).is_not(None))
_BY_REFERENCE = select(*FACTS).where(col(Outbox.reference) == bindparam("one"))
_CONTENTS = select(col(Outbox.id), col(Outbox.data)).where(
    col(Outbox.id).in_(bindparam("mails", expanding=True))
)
_DATA = select(col(Outbox.data)).where(col(Outbox.reference) == bindparam("one"))
_RECIPIENTS = (
    select(col(Outbox.entry_id), col(Outbox.recipient), col(Outbox.recipient_name))
    .where(col(Outbox.entry_id).in_(bindparam("entries", expanding=True)), ~col(Outbox.to_agent))
    .order_by(col(Outbox.id))
)
_ABOUT = select(*FACTS).where(col(Outbox.entry_id) == bindparam("entry")).order_by(col(Outbox.id))


def enqueue(
    tx: Transaction,
    mail: OutboxMail,
    data: Callable[[], bytes],
    *,
    budget: str,
    to_agent: bool,
    internal: bool,
) -> None:
    """Puts a mail into the outbox; `mail.id`, `mail.attempts` and `mail.data` do not count.

    `data` is asked for the bytes when the transaction ends. `budget` is whose ceiling the mail
    counts against. `mail.state` is `queued`, or
    `withheld` with the reason in `mail.error`.
    """
    if mail.state == "queued":
        tx.queued[budget] += 1
    row = tx.add(
        Outbox,
        reference=mail.reference,
        ticket=mail.ticket,
        entry_id=mail.entry_id,
        recipient=mail.recipient.email,
        recipient_name=mail.recipient.name,
        budget=budget,
        to_agent=to_agent,
        internal=internal,
        event=mail.event,
        subject=mail.subject,
        policy_row=mail.policy_row,
        state=mail.state,
        exposed=False,
        attempts=0,
        queued_at=mail.queued,
        next_at=mail.queued,
        error=mail.error,
    )
    tx.fill(row, "data", data)


def claim(tx: Transaction, now: datetime, most: int, size: int = 8_000_000) -> list[OutboxMail]:
    """Takes mails that are due and registers the attempt before it is made.

    At most so many, and as many as have `size` bytes together, or one. Of the mails to one
    person about one ticket only the oldest unsettled one is handed out, so their order holds
    while one of them is retried.
    """
    due = tx.all(_DUE, now=now, most=most)
    sums = accumulate(row.size for row in due)
    rows = [
        row
        for rank, (row, sum_) in enumerate(zip(due, sums, strict=True))
        if not rank or sum_ <= size
    ]
    if not rows:
        return []
    tx.run(_CLAIM, *({"b_id": row.id} for row in rows))
    data: dict[int, bytes] = dict(tx.all(_CONTENTS, mails=[row.id for row in rows]))
    return [outgoing(row, attempts=row.attempts + 1, data=data[row.id]) for row in rows]


def in_hand(tx: Transaction, now: datetime) -> bool:
    """Whether a mail is being sent, or could be sent now."""
    return tx.first(_ANY_SENDING) is not None or tx.first(_ANY_DUE, now=now) is not None


def sent(tx: Transaction, mail: int, now: datetime) -> None:
    """The SMTP server has taken the mail."""
    tx.run(_SENT, {"b_id": mail, "now": now})


def all_sent(tx: Transaction, mails: Iterable[tuple[str, datetime]]) -> None:
    """The server took these mails, by reference and moment; known ones stay as they are."""
    rows = [{"b_reference": reference, "now": at} for reference, at in mails]
    if rows:
        tx.run(_ALL_SENT, *rows)


def forget(tx: Transaction, mail: int) -> None:
    """The mail's bytes are kept no more."""
    tx.run(_FORGET, {"b_id": mail})


def later(tx: Transaction, mail: int, next_at: datetime, error: str) -> None:
    """The mail could not be sent now and is due again at `next_at`."""
    tx.run(_LATER, {"b_id": mail, "again": next_at, "why": error})


def failed(tx: Transaction, mail: int, error: str) -> None:
    """No server will take the mail: it is never tried again."""
    tx.run(_FAILED, {"b_id": mail, "why": error})


def release(tx: Transaction, mails: Collection[int]) -> None:
    """Gives claimed mails back untried."""
    if mails:
        tx.run(_RELEASE, *({"b_id": mail} for mail in mails))


def take_over(tx: Transaction) -> int:
    """Puts back what a dead process had claimed; returns how many.

    The caller holds the database alone (Database.running), so whatever is marked
    `sending` belongs to nobody. It keeps its attempt and is due at once.
    """
    return tx.run(_TAKE_OVER)


def issued(tx: Transaction, references: Collection[str]) -> dict[str, Issued]:
    """Of these references, those that the desk gave out.

    Mails that this transaction adds have not been sent, so nobody can cite them.
    """
    return {
        row.reference: Issued(
            row.reference,
            row.ticket,
            Address(row.recipient, row.recipient_name),
            row.to_agent,
            row.internal,
            row.exposed,
            row.entry_id if row.pending and row.event == "trouble" else 0,
            (row.automatic != "" and row.kind != EntryKind.OPENING) or row.event == "trouble",
            row.addressed or 0,
        )
        for row in tx.all(_ISSUED, references=list(references))
    }


def expose(tx: Transaction, references: Collection[str]) -> None:
    """Somebody else has seen these references: they prove no agent any more."""
    if references:
        tx.run(_EXPOSED, *({"b_reference": one} for one in references))


def bounced(tx: Transaction, reference: str, error: str) -> None:
    """A mail that was sent came back."""
    tx.run(_BOUNCED, {"b_reference": reference, "why": error})


def count_since(tx: Transaction, budget: str, since: datetime) -> int:
    """How many mails were queued since then that count against this ceiling, and not withheld."""
    if budget in tx.sent_before:
        return tx.queued[budget] + tx.sent_before[budget]
    row = tx.first(_SINCE, budget=budget, since=since)
    return tx.queued[budget] + (int(row[0]) if row else 0)


def sent_since(tx: Transaction, budget: str, since: datetime) -> int:
    """How many of them have been taken by an SMTP server."""
    row = tx.first(_SENT_SINCE, budget=budget, since=since)
    return int(row[0]) if row else 0


def data(tx: Transaction, reference: str) -> bytes:
    """The bytes of the mail of ours that carries this reference, b"" when there is none."""
    row = tx.first(_DATA, one=reference)
    return bytes(row[0]) if row else b""


def by_reference(tx: Transaction, reference: str) -> OutboxMail | None:
    """The mail of ours that carries this reference."""
    row = tx.first(_BY_REFERENCE, one=reference)
    return outgoing(row) if row else None


def about(tx: Transaction, entry_id: int) -> list[OutboxMail]:
    """The mails that one entry caused, in the order in which they were queued."""
    return [outgoing(row) for row in tx.all(_ABOUT, entry=entry_id)]


def recipients(tx: Transaction, entries: Collection[int]) -> dict[int, list[Address]]:
    """Whom the mails of these entries went to, but for agents; those without any are left out."""
    found: dict[int, list[Address]] = {}
    for entry, address, name in tx.all(_RECIPIENTS, entries=list(entries)):
        found.setdefault(entry, []).append(Address(address, name))
    return found


def outgoing(row: Row[Any], *, attempts: int | None = None, data: bytes = b"") -> OutboxMail:
    return OutboxMail(
        id=row.id,
        reference=row.reference,
        ticket=row.ticket,
        entry_id=row.entry_id,
        recipient=Address(row.recipient, row.recipient_name),
        event=row.event,
        subject=row.subject,
        policy_row=row.policy_row,
        state=row.state,
        attempts=row.attempts if attempts is None else attempts,
        queued=row.queued_at,
        error=row.error,
        data=data,
    )
