"""Tickets and their history: found by what a mail cites, loaded, changed, listed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from rules.model import AddEntry, Address, Attachment, Entry, EntryKind, Ticket
from store import tables
from store.tables import Counter, Participant, ThreadId


class Belongs(StrEnum):
    """How somebody belongs to a ticket, from the least to the most."""

    STRANGER = ""  # was mailed once, such as one who is told that it is closed
    COPIED = "copied"  # was in copy of the request, as its writer pleased
    FULL = "full"  # the requester, an agent, or whom an agent wrote to


_CITED = 50  # ids remembered of one mail's References; a long thread cites about 20
_HAD = 20  # ids put into the References of one of ours (RFC 5322 3.6.4 sets no limit)


def load(tx: Session, number: int) -> Ticket | None:
    """The ticket, its row locked until the transaction ends; None when there is none."""
    row = tx.exec(
        select(tables.Ticket).where(col(tables.Ticket.number) == number).with_for_update()
    ).first()
    if row is None:
        return None
    told = select(Participant.address).where(
        col(Participant.ticket) == number, col(Participant.late_told)
    )
    return _ticket(row, frozenset(tx.exec(told)))


def open_ticket(
    tx: Session, subject: str, requester: Address | None, state: str, first: int, now: datetime
) -> Ticket:
    """A new ticket under the next number, `first` or above."""
    row = tables.Ticket(
        number=_next_number(tx, first),
        subject=subject,
        state=state,
        requester=requester.email if requester else "",
        requester_name=requester.name if requester else "",
        opened_at=now,
        changed_at=now,
    )
    tx.exec(insert(tables.Ticket), params=[row.model_dump()])
    return _ticket(row)


def change(tx: Session, number: int, now: datetime, state: str = "", owner: str = "") -> None:
    """Notes that the ticket changed, with its new state or owner where one is given."""
    values: dict[str, object] = {"changed_at": now}
    values |= {"state": state} if state else {}
    values |= {"owner": owner} if owner else {}
    tx.exec(update(tables.Ticket).where(col(tables.Ticket.number) == number).values(**values))


def add_entry(tx: Session, number: int, entry: AddEntry, now: datetime, raw_id: int | None) -> int:
    """Adds a line to the history and returns its id."""
    row = tables.Entry(
        ticket=number,
        kind=entry.kind,
        author=entry.author.email if entry.author else "",
        author_name=entry.author.name if entry.author else "",
        via=entry.via.email if entry.via else "",
        via_name=entry.via.name if entry.via else "",
        at=now,
        text=entry.text,
        quoted=entry.quoted,
        internal=entry.internal,
        verified=entry.verified,
        automatic=entry.automatic,
        pending=entry.pending,
        raw_id=raw_id if entry.attachments or entry.text or entry.quoted else None,
        attachments=json.dumps(
            [[a.part, a.name, a.type, a.size, a.content_id] for a in entry.attachments]
        ),
    )
    tx.add(row)
    tx.flush()
    assert row.id is not None
    return row.id


def join(tx: Session, number: int, person: Address, new_token: str, belongs: Belongs) -> str:
    """Makes this person known to the ticket and returns the token of the person's own link.

    `new_token` is used only for somebody new. Nobody comes to belong less.
    """
    row = tx.exec(
        select(Participant).where(
            col(Participant.ticket) == number, col(Participant.address) == person.email
        )
    ).first()
    if row is None:
        row = Participant(
            ticket=number,
            address=person.email,
            name=person.name,
            token=new_token,
            belongs=belongs,
        )
        tx.add(row)
    elif list(Belongs).index(belongs) > list(Belongs).index(Belongs(row.belongs)):
        row.belongs = belongs
    tx.flush()
    return row.token


def told_late(tx: Session, number: int, email: str) -> None:
    tx.exec(
        update(Participant)
        .where(col(Participant.ticket) == number, col(Participant.address) == email)
        .values(late_told=True)
    )


def belongs(tx: Session, number: int, email: str) -> Belongs | None:
    """How this address belongs to the ticket; None when it does not."""
    query = select(Participant.belongs).where(
        col(Participant.ticket) == number, col(Participant.address) == email
    )
    return Belongs(tx.exec(query).first() or Belongs.STRANGER) or None


def cite(tx: Session, number: int, author: str, message_id: str, cited: Iterable[str] = ()) -> None:
    """Remembers the Message-ID that `author` had or wrote, and those that its mail cites."""
    wanted = {(message_id, author)} | {(one, "") for one in list(cited)[-_CITED:]}
    query = select(ThreadId.message_id, ThreadId.address).where(
        col(ThreadId.ticket) == number,
        col(ThreadId.message_id).in_([one for one, _ in wanted]),
    )
    fresh = wanted - set(tx.exec(query).all())
    if fresh:
        rows = [{"message_id": m, "ticket": number, "address": a} for m, a in sorted(fresh)]
        tx.exec(insert(ThreadId), params=rows)


def citing(tx: Session, message_ids: Collection[str]) -> list[int]:
    """The tickets whose mails carried or cited one of these ids, newest first."""
    query = select(ThreadId.ticket).where(col(ThreadId.message_id).in_(message_ids))
    return sorted(set(tx.exec(query)), reverse=True)


def had(tx: Session, number: int, email: str) -> tuple[str, ...]:
    """The ids of this ticket that this address wrote or was sent, oldest first, at most 20."""
    query = (
        select(ThreadId.message_id)
        .where(col(ThreadId.ticket) == number, col(ThreadId.address) == email)
        .order_by(col(ThreadId.id))
    )
    ids = list(tx.exec(query))
    return tuple(ids[:1] + ids[1:][-(_HAD - 1) :])


def listing(tx: Session) -> list[Ticket]:
    """Every ticket, by number."""
    rows = tx.exec(select(tables.Ticket).order_by(col(tables.Ticket.number)))
    return [_ticket(row) for row in rows]


def history(tx: Session, number: int) -> list[Entry]:
    """The ticket's entries, oldest first."""
    query = (
        select(tables.Entry)
        .where(col(tables.Entry.ticket) == number)
        .order_by(col(tables.Entry.id))
    )
    return [_entry(row) for row in tx.exec(query)]


def question(tx: Session, number: int, agents: Collection[str]) -> Entry | None:
    """The last public words that an agent wrote: what a reminder reminds of."""
    query = (
        select(tables.Entry)
        .where(
            col(tables.Entry.ticket) == number,
            col(tables.Entry.kind).in_((EntryKind.NOTE, EntryKind.REPLY)),
            col(tables.Entry.author).in_(agents),
        )
        .order_by(col(tables.Entry.id).desc())
    )
    row = tx.exec(query).first()
    return _entry(row) if row else None


def pending(tx: Session, entry_id: int) -> int | None:
    """The raw mail of an entry whose words wait for proof; None when they do not."""
    query = select(tables.Entry.raw_id).where(
        col(tables.Entry.id) == entry_id, col(tables.Entry.pending)
    )
    return tx.exec(query).first()


def doubtful(tx: Session, entry_id: int, *, verified: bool, automatic: bool) -> bool:
    """Whether an entry shows less of who wrote it than what is known of the same mail now."""
    query = select(tables.Entry).where(col(tables.Entry.id) == entry_id)
    row = tx.exec(query).one()
    return (verified and not row.verified) or (row.automatic != "" and not automatic)


def confirmed(tx: Session, entry_id: int) -> None:
    """The words have been carried out and wait no longer."""
    tx.exec(update(tables.Entry).where(col(tables.Entry.id) == entry_id).values(pending=False))


def _next_number(tx: Session, first: int) -> int:
    row = tx.exec(select(Counter).where(col(Counter.name) == "ticket").with_for_update()).first()
    if row is None:
        row = Counter(name="ticket", last=first - 1)
        tx.add(row)
    row.last = max(row.last + 1, first)
    tx.flush()
    return row.last


def _ticket(row: tables.Ticket, late_told: frozenset[str] = frozenset()) -> Ticket:
    return Ticket(
        number=row.number,
        subject=row.subject,
        state=row.state,
        requester=_person(row.requester, row.requester_name),
        owner=row.owner,
        opened=row.opened_at,
        changed=row.changed_at,
        late_told=late_told,
    )


def _entry(row: tables.Entry) -> Entry:
    parts: Sequence[tuple[int, str, str, int, str]] = json.loads(row.attachments)
    return Entry(
        id=row.id or 0,
        kind=EntryKind(row.kind),
        author=_person(row.author, row.author_name),
        via=_person(row.via, row.via_name),
        at=row.at,
        text=row.text,
        quoted=row.quoted,
        internal=row.internal,
        verified=row.verified,
        automatic=row.automatic,
        attachments=tuple(Attachment(*part) for part in parts),
        raw_id=row.raw_id,
    )


def _person(email: str, name: str) -> Address | None:
    return Address(email, name) if email else None
