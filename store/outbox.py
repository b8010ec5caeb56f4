"""OutboxMail mails: queued with the change that causes them, claimed, sent, recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import exists, func, insert, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from rules.model import Address, EntryKind, Issued, OutboxMail
from store.tables import Entry, Outbox

_WAITING = ("queued", "sending")  # not settled: later mails to the same person wait behind it


def enqueue(
    tx: Session,
    mail: OutboxMail,
    *,
    to_agent: bool,
    internal: bool,
) -> None:
    """Puts a rendered mail into the outbox; `mail.id` and `mail.attempts` do not count.

    `mail.state` is `queued`, or `withheld` with the reason in `mail.error`.
    """
    row = {
        "reference": mail.reference,
        "ticket": mail.ticket,
        "entry_id": mail.entry_id,
        "recipient": mail.recipient.email,
        "recipient_name": mail.recipient.name,
        "to_agent": to_agent,
        "internal": internal,
        "event": mail.event,
        "subject": mail.subject,
        "policy_row": mail.policy_row,
        "data": mail.data,
        "state": mail.state,
        "queued_at": mail.queued,
        "next_at": mail.queued,
        "error": mail.error,
    }
    tx.exec(insert(Outbox), params=[row])


def claim(tx: Session, now: datetime, limit: int) -> list[OutboxMail]:
    """Takes mails that are due and registers the attempt before it is made.

    Of the mails to one person about one ticket only the oldest unsettled one is
    handed out, so their order holds while one of them is retried.
    """
    query = _due(now).order_by(col(Outbox.id)).limit(limit).with_for_update(skip_locked=True)
    rows = [_outgoing(row, with_data=True) for row in tx.exec(query)]
    tx.exec(
        update(Outbox)
        .where(col(Outbox.id).in_([row.id for row in rows]))
        .values(state="sending", attempts=col(Outbox.attempts) + 1)
    )
    return [replace(row, attempts=row.attempts + 1) for row in rows]


def in_hand(tx: Session, now: datetime) -> bool:
    """Whether a mail is being sent, or could be sent now."""
    sending = select(Outbox).where(col(Outbox.state) == "sending")
    return any(tx.exec(query.limit(1)).first() for query in (sending, _due(now)))


def sent(tx: Session, mail: int, now: datetime) -> None:
    _record(tx, mail, state="sent", sent_at=now, error="")


def later(tx: Session, mail: int, next_at: datetime, error: str) -> None:
    """The mail could not be sent now and is due again at `next_at`."""
    _record(tx, mail, state="queued", next_at=next_at, error=error)


def failed(tx: Session, mail: int, error: str) -> None:
    """No server will take the mail: it is never tried again."""
    _record(tx, mail, state="failed", error=error)


def release(tx: Session, mails: Collection[int]) -> None:
    """Gives claimed mails back untried."""
    tx.exec(
        update(Outbox)
        .where(col(Outbox.id).in_(mails))
        .values(state="queued", attempts=col(Outbox.attempts) - 1)
    )


def take_over(tx: Session) -> int:
    """Puts back what a dead process had claimed; returns how many.

    The caller holds the database alone (Database.running), so whatever is marked
    `sending` belongs to nobody. It keeps its attempt and is due at once.
    """
    found = tx.exec(update(Outbox).where(col(Outbox.state) == "sending").values(state="queued"))
    return found.rowcount


def issued(tx: Session, references: Collection[str]) -> dict[str, Issued]:
    """Of these references, those that the desk gave out."""
    query = (
        select(Outbox, Entry.pending, Entry.automatic, Entry.kind)
        .join(Entry, col(Entry.id) == Outbox.entry_id)
        .where(col(Outbox.reference).in_(references))
    )
    return {
        row.reference: Issued(
            row.reference,
            row.ticket,
            Address(row.recipient, row.recipient_name),
            row.to_agent,
            row.internal,
            row.exposed,
            row.entry_id if pending and row.event == "trouble" else 0,
            (automatic != "" and kind != EntryKind.OPENING) or row.event == "trouble",
        )
        for row, pending, automatic, kind in tx.exec(query)
    }


def expose(tx: Session, references: Collection[str]) -> None:
    """Somebody else has seen these references: they prove no agent any more."""
    tx.exec(update(Outbox).where(col(Outbox.reference).in_(references)).values(exposed=True))


def bounced(tx: Session, reference: str, error: str) -> None:
    """A mail that was sent came back."""
    tx.exec(
        update(Outbox).where(col(Outbox.reference) == reference).values(state="failed", error=error)
    )


def count_since(tx: Session, recipient: str, since: datetime) -> int:
    """How many mails were queued for this address since then, withheld ones apart."""
    query = select(func.count()).where(
        col(Outbox.recipient) == recipient,
        col(Outbox.queued_at) > since,
        col(Outbox.state) != "withheld",
    )
    return int(tx.exec(query).one())


def next_due(tx: Session) -> datetime | None:
    """When the next mail is due; None while nothing waits."""
    query = select(func.min(col(Outbox.next_at))).where(col(Outbox.state) == "queued")
    return tx.exec(query).one()


def about(tx: Session, entry_id: int) -> list[OutboxMail]:
    """The mails that one entry caused, in the order in which they were queued."""
    query = select(Outbox).where(col(Outbox.entry_id) == entry_id).order_by(col(Outbox.id))
    return [_outgoing(row) for row in tx.exec(query)]


def _due(now: datetime) -> SelectOfScalar[Outbox]:
    """Mails that may be tried now: due, and not behind an unsettled one to the same person."""
    earlier = aliased(Outbox)
    waits = exists().where(
        col(earlier.ticket) == col(Outbox.ticket),
        col(earlier.recipient) == col(Outbox.recipient),
        col(earlier.id) < col(Outbox.id),
        col(earlier.state).in_(_WAITING),
    )
    return select(Outbox).where(col(Outbox.state) == "queued", col(Outbox.next_at) <= now, ~waits)


def _record(tx: Session, mail: int, **values: object) -> None:
    tx.exec(update(Outbox).where(col(Outbox.id) == mail).values(**values))


def _outgoing(row: Outbox, *, with_data: bool = False) -> OutboxMail:
    return OutboxMail(
        id=row.id or 0,
        reference=row.reference,
        ticket=row.ticket,
        entry_id=row.entry_id,
        recipient=Address(row.recipient, row.recipient_name),
        event=row.event,
        subject=row.subject,
        policy_row=row.policy_row,
        state=row.state,
        attempts=row.attempts,
        queued=row.queued_at,
        error=row.error,
        data=row.data if with_data else b"",
    )


def data(tx: Session, reference: str) -> bytes:
    """The bytes of the mail of ours that carries this reference, b"" when there is none."""
    return tx.exec(select(Outbox.data).where(col(Outbox.reference) == reference)).first() or b""


def by_reference(tx: Session, reference: str) -> OutboxMail | None:
    """The mail of ours that carries this reference."""
    row = tx.exec(select(Outbox).where(col(Outbox.reference) == reference)).first()
    return _outgoing(row) if row else None
