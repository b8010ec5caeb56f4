"""The ledger: every physical copy of a mail, its bytes, its one outcome and the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Boolean, Row, bindparam, false, func, insert, select, update
from sqlmodel import col

from rules.model import Copy, Credential, Line, Mail, Outcome, Settle, Taken
from store import forms
from store.tables import Ledger, Mailbox, Raw
from store.work import Transaction, table_of

# A copy with one of these outcomes took effect: the same mail again is a duplicate.
EFFECTIVE = (Outcome.OPENED, Outcome.NOTED, Outcome.AUTO_REPLY, Outcome.BOUNCE)
_LINE = select(*table_of(Ledger).c, col(Mailbox.folder)).join(
    Mailbox, col(Mailbox.id) == col(Ledger.mailbox_id)
)
_SAME = _LINE.where(
    col(Ledger.message_id) == bindparam("message_id"),
    col(Ledger.sender) == bindparam("sender"),
    col(Ledger.date) == bindparam("date"),
    col(Ledger.outcome).in_(EFFECTIVE),
).order_by(col(Ledger.body) != bindparam("body"), col(Ledger.id).desc())
_BY_ROW = _LINE.where(col(Ledger.id) == bindparam("one"))
_BY_ID = _LINE.where(col(Ledger.message_id) == bindparam("one")).order_by(col(Ledger.id))
_BY_FOLDED_ID = _LINE.where(func.lower(col(Ledger.message_id)) == bindparam("one"))
_BY_DIGEST = (
    _LINE.join(Raw, col(Raw.id) == col(Ledger.raw_id))
    .where(col(Raw.sha256) == bindparam("one"))
    .order_by(col(Ledger.id))
)
_HELD = _LINE.where(col(Ledger.outcome) == Outcome.HELD).order_by(col(Ledger.id))
_CONTACT = select(col(Mailbox.id), col(Mailbox.first_uid), col(Mailbox.since)).where(
    col(Mailbox.folder) == bindparam("folder"), col(Mailbox.uidvalidity) == bindparam("life")
)
_KNOWN = select(col(Ledger.uid), col(Ledger.id), col(Ledger.outcome), col(Ledger.attempts)).where(
    col(Ledger.mailbox_id) == bindparam("mailbox"),
    col(Ledger.uid).in_(bindparam("uids", expanding=True)),
)
_AGAIN = (
    update(Ledger)
    .where(col(Ledger.id) == bindparam("b_id"))
    .values(attempts=col(Ledger.attempts) + 1, taken_at=bindparam("now"))
)
# A copy that was held lies in the held folder: another outcome moves it on.
_REFILE = bindparam("open", type_=Boolean) & (col(Ledger.outcome) == Outcome.HELD)
_OUTCOME = ("outcome", "reason", "settled_at", "ticket", "entry_id")
_IDENTITY = ("message_id", "sender", "date", "body", "subject")
_SETTLE_BLIND = (
    update(Ledger)
    .where(col(Ledger.id) == bindparam("b_id"))
    .values({name: bindparam(f"new_{name}") for name in _OUTCOME} | {"refile": _REFILE})
)
_SETTLE = _SETTLE_BLIND.values({name: bindparam(f"new_{name}") for name in _IDENTITY})
_REFILED = update(Ledger).where(col(Ledger.id) == bindparam("b_id")).values(refile=false())
_CREDENTIAL = select(col(Ledger.credential)).where(col(Ledger.id) == bindparam("one"))
_RAW = select(col(Raw.data)).where(col(Raw.id) == bindparam("one"))
_RAW_IDS = select(col(Raw.sha256), col(Raw.id)).where(
    col(Raw.sha256).in_(bindparam("digests", expanding=True))
)
_ALIKE = select(func.count()).where(
    col(Ledger.raw_id)
    == select(col(Ledger.raw_id)).where(col(Ledger.id) == bindparam("one")).scalar_subquery(),
    col(Ledger.outcome) == Outcome.HELD,
)
_TO_REFILE = (
    select(col(Ledger.id), col(Raw.data), col(Ledger.whole))
    .join(Raw, col(Raw.id) == col(Ledger.raw_id))
    .where(col(Ledger.refile), col(Ledger.outcome) != Outcome.HELD)
)


def contact(
    tx: Transaction, folder: str, uidvalidity: int, uidnext: int, since: datetime
) -> tuple[int, int, datetime]:
    """The mailbox's (id, first UID after contact, since), written down at the first contact."""
    row = tx.first(_CONTACT, folder=folder, life=uidvalidity)
    if row is None:
        new = {"folder": folder, "uidvalidity": uidvalidity, "first_uid": uidnext, "since": since}
        tx.run(insert(Mailbox), new)
        row = tx.first(_CONTACT, folder=folder, life=uidvalidity)
    assert row is not None
    return row[0], row[1], row[2]


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger has on a UID."""

    id: int
    outcome: Outcome
    attempts: int


def known(tx: Transaction, mailbox: int, uids: Collection[int]) -> dict[int, Known]:
    """Of these UIDs, those that were taken before."""
    rows = tx.all(_KNOWN, mailbox=mailbox, uids=list(uids))
    return {uid: Known(row, Outcome(outcome), tries) for uid, row, outcome, tries in rows}


def take(
    tx: Transaction,
    mailbox: int,
    copies: Sequence[Copy],
    now: datetime,
    not_again: Collection[int] = (),
    credentials: Mapping[int, Credential] = MappingProxyType({}),
) -> list[Taken]:
    """Transaction (A): the bytes and one row per copy, with the attempt's number.

    Taking the UIDs in `not_again` once more counts as no further attempt. `credentials`
    has, by UID, what forms of the portal show.
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
            "credential": forms.written(credentials.get(copy.uid)),
        }
        for copy, raw_id in zip(copies, raw_ids, strict=True)
        if copy.uid not in before
    ]
    if fresh:
        tx.run(insert(Ledger), *fresh)
    again = [row.id for uid, row in before.items() if uid not in not_again]
    if again:
        tx.run(_AGAIN, *({"b_id": row, "now": now} for row in again))
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
            credentials.get(copy.uid),
        )
        for copy, raw_id in zip(copies, raw_ids, strict=True)
    ]


def settle(
    tx: Transaction,
    row: int,
    what: Settle,
    now: datetime,
    mail: Mail | None = None,
    ticket: int | None = None,
    entry_id: int | None = None,
) -> None:
    """Writes the outcome of one copy, with what makes its mail the same as another."""
    values: dict[str, object] = {
        "b_id": row,
        "open": what.outcome != Outcome.HELD,
        "new_outcome": what.outcome,
        "new_reason": what.reason,
        "new_settled_at": now,
        "new_ticket": ticket,
        "new_entry_id": entry_id,
    }
    if mail is None:
        tx.later(_SETTLE_BLIND, **values)
        return
    identity = _identity(mail) | {"subject": mail.subject}
    tx.settled.add(mail.message_id)
    tx.new_mails.discard(mail.message_id)
    tx.later(_SETTLE, **values, **{f"new_{name}": one for name, one in identity.items()})


def same_mail(tx: Transaction, mail: Mail) -> tuple[bool, Line | None]:
    """The last copy with this Message-ID, sender and date that took effect, if any.

    One with the same body goes before others. A forger's copy may have come first.
    Returns (whether the body is the same too, that copy).
    """
    if mail.message_id in tx.new_mails:
        return False, None
    if mail.message_id in tx.settled:
        tx.flush()
    key = _identity(mail)
    row = tx.first(_SAME, **key)
    return (row.body == key["body"], _line(row)) if row else (False, None)


def find(tx: Transaction, message_id: str = "", sha256: str = "", row: int = 0) -> list[Line]:
    """The lines for a Message-ID in any case, for a mail's bytes, or for one row; in order."""
    found = tx.all(_BY_ROW, one=row) if row else tx.all(_BY_DIGEST, one=sha256)
    if message_id:
        found = tx.all(_BY_ID, one=message_id) or tx.all(_BY_FOLDED_ID, one=message_id.lower())
    return [_line(one) for one in found]


def held(tx: Transaction) -> list[Line]:
    """Every copy that waits for an admin, oldest first."""
    return [_line(found) for found in tx.all(_HELD)]


def raw(tx: Transaction, raw_id: int) -> bytes:
    """A mail's bytes as they came. Raises LookupError for an id that is not there."""
    row = tx.first(_RAW, one=raw_id)
    if row is None:
        raise LookupError(f"no raw mail {raw_id}")
    return bytes(row[0])


def again(tx: Transaction, row: int) -> Taken:
    """A held copy as it was taken, to be decided anew; `settle` then marks its file to be moved.

    Raises LookupError for a line that is not there.
    """
    found = next(iter(find(tx, row=row)), None)
    if found is None:
        raise LookupError(f"no ledger line {row}")
    data = raw(tx, found.raw_id)
    shown = forms.credential(str(tx.first(_CREDENTIAL, one=row)[0]))  # type: ignore[index] # found above
    facts = (found.uid, found.raw_id, found.attempts, found.received, data, found.whole, shown)
    return Taken(row, *facts, released=True)


def to_refile(tx: Transaction) -> list[tuple[int, bytes, bool]]:
    """Copies settled while their file lay in the held folder: (ledger row, bytes, whole)."""
    return [(row, data, whole) for row, data, whole in tx.all(_TO_REFILE)]


def held_alike(tx: Transaction, row: int) -> int:
    """How many copies with the bytes of this one are still held: their files must stay."""
    found = tx.first(_ALIKE, one=row)
    return int(found[0]) if found else 0


def refiled(tx: Transaction, row: int) -> None:
    """The file has been moved, or is not in the held folder any more."""
    tx.run(_REFILED, {"b_id": row})


def drop(tx: Transaction, row: int, now: datetime) -> None:
    """Lets a held copy go; its bytes stay in the store, and why it was held."""
    (line,) = find(tx, row=row)
    reason = f"dropped by an admin; was held: {line.reason}"
    settle(tx, row, Settle(Outcome.DROPPED, reason), now, ticket=line.ticket)


def _keep(tx: Transaction, mails: Sequence[bytes]) -> list[int]:
    digests = [hashlib.sha256(data).hexdigest() for data in mails]
    there = _raw_ids(tx, digests)
    missing = {d: data for d, data in zip(digests, mails, strict=True) if d not in there}
    if missing:
        tx.run(insert(Raw), *({"sha256": d, "data": data} for d, data in missing.items()))
        there = _raw_ids(tx, digests)
    return [there[d] for d in digests]


def _raw_ids(tx: Transaction, digests: Sequence[str]) -> dict[str, int]:
    rows = tx.all(_RAW_IDS, digests=list(digests))
    return {str(digest): int(row) for digest, row in rows}


def _identity(mail: Mail) -> dict[str, str]:
    return {
        "message_id": mail.message_id,
        "sender": mail.sender.email if mail.sender else "",
        "date": mail.date.isoformat() if mail.date else "",
        "body": mail.body_digest,
    }


def _line(row: Row[Any]) -> Line:
    return Line(
        id=row.id,
        folder=row.folder,
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
