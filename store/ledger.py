"""The ledger: every physical copy of a mail, its bytes, its one outcome and the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from rules.model import Copy, Line, Mail, Outcome, Settle, Taken
from store.tables import Ledger, Mailbox, Raw

# A copy with one of these outcomes took effect: the same mail again is a duplicate.
_EFFECTIVE = (Outcome.OPENED, Outcome.NOTED, Outcome.AUTO_REPLY, Outcome.BOUNCE)


def contact(
    tx: Session, folder: str, uidvalidity: int, uidnext: int, since: datetime
) -> tuple[int, int, datetime]:
    """The mailbox's (id, first UID after contact, since), written down at the first contact."""
    query = select(Mailbox).where(
        col(Mailbox.folder) == folder, col(Mailbox.uidvalidity) == uidvalidity
    )
    row = tx.exec(query).first()
    if row is None:
        row = Mailbox(folder=folder, uidvalidity=uidvalidity, first_uid=uidnext, since=since)
        tx.add(row)
        tx.flush()
    assert row.id is not None
    return row.id, row.first_uid, row.since


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger has on a UID."""

    id: int
    outcome: Outcome
    attempts: int


def known(tx: Session, mailbox: int, uids: Collection[int]) -> dict[int, Known]:
    """Of these UIDs, those that were taken before."""
    query = select(Ledger.uid, Ledger.id, Ledger.outcome, Ledger.attempts).where(
        col(Ledger.mailbox_id) == mailbox, col(Ledger.uid).in_(uids)
    )
    rows = tx.exec(query).all()
    return {uid: Known(row or 0, Outcome(outcome), tries) for uid, row, outcome, tries in rows}


def take(
    tx: Session,
    mailbox: int,
    copies: Sequence[Copy],
    now: datetime,
    not_again: Collection[int] = (),
) -> list[Taken]:
    """Transaction (A): the bytes and one row per copy, with the attempt's number.

    Taking the UIDs in `not_again` once more counts as no further attempt.
    """
    raw_ids = _keep(tx, [copy.raw for copy in copies])
    before = known(tx, mailbox, [copy.uid for copy in copies])
    fresh = [
        {
            "mailbox_id": mailbox,
            "uid": copy.uid,
            "raw_id": raw_id,
            "whole": copy.whole,
            "received_at": copy.received or now,
            "taken_at": now,
            "attempts": 1,
            "outcome": Outcome.TAKEN,
        }
        for copy, raw_id in zip(copies, raw_ids, strict=True)
        if copy.uid not in before
    ]
    if fresh:
        tx.exec(insert(Ledger), params=fresh)
    again = [row.id for uid, row in before.items() if uid not in not_again]
    if again:
        tx.exec(
            update(Ledger)
            .where(col(Ledger.id).in_(again))
            .values(attempts=col(Ledger.attempts) + 1, taken_at=now)
        )
    rows = known(tx, mailbox, [copy.uid for copy in copies])
    return [
        Taken(
            rows[copy.uid].id,
            copy.uid,
            raw_id,
            rows[copy.uid].attempts,
            copy.received or now,
            copy.raw,
            copy.whole,
        )
        for copy, raw_id in zip(copies, raw_ids, strict=True)
    ]


def settle(
    tx: Session,
    row: int,
    what: Settle,
    now: datetime,
    mail: Mail | None = None,
    ticket: int | None = None,
    entry_id: int | None = None,
) -> None:
    """Writes the outcome of one copy, with what makes its mail the same as another."""
    values = {
        "outcome": what.outcome,
        "reason": what.reason,
        "settled_at": now,
        "ticket": ticket,
        "entry_id": entry_id,
        # A copy that was held lies in the held folder: another outcome moves it on.
        "refile": what.outcome != Outcome.HELD and col(Ledger.outcome) == Outcome.HELD,
    }
    if mail:
        values |= _identity(mail) | {"subject": mail.subject}
    tx.exec(update(Ledger).where(col(Ledger.id) == row).values(**values))


def same_mail(tx: Session, mail: Mail) -> tuple[bool, Line | None]:
    """The last copy with this Message-ID, sender and date that took effect, if any.

    One with the same body goes before others. A forger's copy may have come first.
    Returns (whether the body is the same too, that copy).
    """
    key = _identity(mail)
    query = (
        _lines()
        .where(
            col(Ledger.message_id) == key["message_id"],
            col(Ledger.sender) == key["sender"],
            col(Ledger.date) == key["date"],
            col(Ledger.outcome).in_(_EFFECTIVE),
        )
        .order_by(col(Ledger.body) != key["body"], col(Ledger.id).desc())
    )
    row = tx.exec(query).first()
    return (row[0].body == key["body"], _line(*row)) if row else (False, None)


def find(tx: Session, message_id: str = "", sha256: str = "", row: int = 0) -> list[Line]:
    """The ledger's lines for a Message-ID, for a mail's bytes, or for one row; oldest first."""
    query = _lines().order_by(col(Ledger.id))
    if row:
        query = query.where(col(Ledger.id) == row)
    elif sha256:
        query = query.join(Raw, col(Raw.id) == Ledger.raw_id).where(col(Raw.sha256) == sha256)
    else:
        query = query.where(col(Ledger.message_id) == message_id)
    return [_line(*found) for found in tx.exec(query)]


def held(tx: Session) -> list[Line]:
    """Every copy that waits for an admin, oldest first."""
    query = _lines().where(col(Ledger.outcome) == Outcome.HELD).order_by(col(Ledger.id))
    return [_line(*found) for found in tx.exec(query)]


def raw(tx: Session, raw_id: int) -> bytes:
    """A mail's bytes as they came."""
    return tx.exec(select(Raw.data).where(col(Raw.id) == raw_id)).one()


def again(tx: Session, row: int) -> Taken:
    """A held copy as it was taken, to be decided anew; `settle` then marks its file to be moved."""
    found = tx.exec(select(Ledger).where(col(Ledger.id) == row)).one()
    data = raw(tx, found.raw_id)
    return Taken(row, found.uid, found.raw_id, found.attempts, found.received_at, data, found.whole)


def to_refile(tx: Session) -> list[tuple[int, bytes, bool]]:
    """Copies settled while their file lay in the held folder: (ledger row, bytes, whole)."""
    query = (
        select(Ledger.id, Raw.data, Ledger.whole)
        .join(Raw, col(Raw.id) == Ledger.raw_id)
        .where(col(Ledger.refile), col(Ledger.outcome) != Outcome.HELD)
    )
    return [(row or 0, data, whole) for row, data, whole in tx.exec(query)]


def held_alike(tx: Session, row: int) -> int:
    """How many copies with the bytes of this one are still held: their files must stay."""
    bytes_of = select(Ledger.raw_id).where(col(Ledger.id) == row).scalar_subquery()
    query = select(func.count()).where(
        col(Ledger.raw_id) == bytes_of, col(Ledger.outcome) == Outcome.HELD
    )
    return int(tx.exec(query).one())


def refiled(tx: Session, row: int) -> None:
    """The file has been moved, or is not in the held folder any more."""
    tx.exec(update(Ledger).where(col(Ledger.id) == row).values(refile=False))


def drop(tx: Session, row: int, now: datetime) -> None:
    """Lets a held copy go; its bytes stay in the store, and why it was held."""
    reason = tx.exec(select(Ledger.reason).where(col(Ledger.id) == row)).one()
    gone = {"outcome": Outcome.DROPPED, "reason": f"dropped by an admin; was held: {reason}"}
    tx.exec(update(Ledger).where(col(Ledger.id) == row).values(settled_at=now, refile=True, **gone))


def _keep(tx: Session, mails: Sequence[bytes]) -> list[int]:
    digests = [hashlib.sha256(data).hexdigest() for data in mails]
    there = _raw_ids(tx, digests)
    missing = {d: data for d, data in zip(digests, mails, strict=True) if d not in there}
    if missing:
        tx.exec(insert(Raw), params=[{"sha256": d, "data": x} for d, x in missing.items()])
        there = _raw_ids(tx, digests)
    return [there[d] for d in digests]


def _raw_ids(tx: Session, digests: Sequence[str]) -> dict[str, int]:
    query = select(Raw.sha256, Raw.id).where(col(Raw.sha256).in_(digests))
    return {digest: row or 0 for digest, row in tx.exec(query)}


def _identity(mail: Mail) -> dict[str, str]:
    return {
        "message_id": mail.message_id,
        "sender": mail.sender.email if mail.sender else "",
        "date": mail.date.isoformat() if mail.date else "",
        "body": mail.body_digest,
    }


def _lines() -> Select[Ledger, str]:
    return select(Ledger, Mailbox.folder).join(Mailbox, col(Mailbox.id) == Ledger.mailbox_id)


def _line(row: Ledger, folder: str) -> Line:
    return Line(
        id=row.id or 0,
        folder=folder,
        uid=row.uid,
        received=row.received_at,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        attempts=row.attempts,
        message_id=row.message_id,
        sender=row.sender,
        subject=row.subject,
        ticket=row.ticket,
        entry_id=row.entry_id,
        raw_id=row.raw_id,
        whole=row.whole,
    )
