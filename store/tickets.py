"""Tickets and their history: found by what a mail cites, loaded, changed, listed."""

# Length: every statement about a ticket, its people and its entries.

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import col

from rules.model import AddEntry, Address, EntryKind, Reach, Ticket, Withheld
from store import scans, tables
from store.tables import Counter, Participant, ThreadId
from store.work import File, Person, Transaction, table_of


class Belongs(StrEnum):
    """How somebody belongs to a ticket, from the least to the most."""

    STRANGER = ""  # was mailed once, such as one who is told that it is closed
    COPIED = "copied"  # was in copy of the request, as its writer pleased
    FULL = "full"  # the requester, an agent, or whom an agent wrote to


_CITED = 50  # ids remembered of one mail's References; a long thread cites about 20
_HAD_MOST = 20  # ids put into the References of one of ours (RFC 5322 3.6.4 sets no limit)


_TICKETS = (
    select(*table_of(tables.Ticket).c)
    .where(col(tables.Ticket.number).in_(bindparam("numbers", expanding=True)))
    .order_by(col(tables.Ticket.number))
    .with_for_update()
)
_PEOPLE = (
    select(
        col(Participant.ticket),
        col(Participant.address),
        col(Participant.token),
        col(Participant.belongs),
        col(Participant.late_told),
        col(Participant.name),
        col(Participant.failure),
        col(Participant.failing_at),
        col(Participant.absent_at),
        col(Participant.back_on),
    )
    .where(col(Participant.ticket).in_(bindparam("numbers", expanding=True)))
    .order_by(col(Participant.id))
)
_PERSON = (
    update(Participant)
    .where(
        col(Participant.ticket) == bindparam("b_ticket"),
        col(Participant.address) == bindparam("b_address"),
    )
    .values(
        {
            name: bindparam(name)
            for name in ("belongs", "late_told", "failure", "failing_at", "absent_at", "back_on")
        }
    )
)
_CITING = select(col(ThreadId.message_id), col(ThreadId.ticket)).where(
    col(ThreadId.message_id).in_(bindparam("ids", expanding=True))
)
_HAD = (
    select(col(ThreadId.ticket), col(ThreadId.address), col(ThreadId.message_id))
    .where(
        col(ThreadId.ticket).in_(bindparam("numbers", expanding=True)), col(ThreadId.address) != ""
    )
    .order_by(col(ThreadId.id))
)
_LAST_NUMBER = select(col(Counter.last)).where(col(Counter.name) == "ticket").with_for_update()
_CONFIRMED = (
    update(tables.Entry).where(col(tables.Entry.id) == bindparam("b_id")).values(pending=False)
)
_STANDING = select(col(tables.Entry.verified), col(tables.Entry.automatic)).where(
    col(tables.Entry.id) == bindparam("entry")
)
_PENDING = select(col(tables.Entry.raw_id), col(tables.Entry.kind)).where(
    col(tables.Entry.id) == bindparam("entry"), col(tables.Entry.pending)
)


def load(tx: Transaction, number: int) -> Ticket | None:
    """The ticket, its row locked until the transaction ends; None when there is none."""
    load_all(tx, [number])
    file = tx.files.get(number)
    return ticket_of(file.row, file.people) if file else None


def load_all(tx: Transaction, numbers: Collection[int]) -> None:
    """Loads these tickets, as far as there are such, in one query, their people in another."""
    asked = [number for number in numbers if number not in tx.files]
    if not asked:
        return
    people: dict[int, dict[str, Person]] = {number: {} for number in asked}
    for number, address, *rest in tx.all(_PEOPLE, numbers=asked):
        people[number][address] = Person(*rest)
    for row in tx.all(_TICKETS, numbers=asked):
        tx.files[row.number] = File(dict(row._mapping), people[row.number], new=False)


def open_ticket(
    tx: Transaction,
    subject: str,
    requester: Address | None,
    state: str,
    first: int,
    now: datetime,
) -> Ticket:
    """A new ticket under the next number, `first` or above."""
    row: dict[str, Any] = {
        "number": _next_number(tx, first),
        "subject": subject,
        "state": state,
        "requester": requester.email if requester else "",
        "requester_name": requester.name if requester else "",
        "owner": "",
        "bounce_told": False,
        "opened_at": now,
        "changed_at": now,
        "merged_into": None,
    }
    tx.files[row["number"]] = File(row, {}, new=True, named=True, ids_before={})
    return ticket_of(row)


def change(
    tx: Transaction,
    number: int,
    now: datetime,
    state: str = "",
    owner: str = "",
    requester: Address | None = None,
    merged_into: int | None = None,
) -> None:
    """Notes that the ticket changed, with what is given of it."""
    file = tx.files[number]
    file.changed = True
    given: dict[str, Any] = {"state": state, "owner": owner, "merged_into": merged_into}
    file.row |= {"changed_at": now} | {name: new for name, new in given.items() if new}
    if requester:  # his name too where he has none: it is not that of the one before
        file.row |= {"requester": requester.email, "requester_name": requester.name}
        file.named = True


def add_entry(
    tx: Transaction,
    number: int,
    entry: AddEntry,
    now: datetime,
    raw_id: int | None,
    addressed: int | None = None,
) -> int:
    """Adds a line to the history and returns its id.

    `addressed` is the merged ticket whose people it is from or for.
    """
    entry_id = tx.new_id(tables.Entry)
    # A mail that shows nothing may hold what could not be read.
    said = entry.kind is not EntryKind.STATE or bool(entry.text)
    tx.add(
        tables.Entry,
        id=entry_id,
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
        portal=entry.portal,
        raw_id=raw_id if said else None,
        attachments=scans.written(entry.attachments),
        addressed=addressed,
        lookalikes=json.dumps([[one.kind, one.shown, one.meant] for one in entry.lookalikes]),
    )
    if said and any(one.withheld == Withheld.UNSCANNED for one in entry.attachments):
        scans.wait(tx, entry_id, now)
    if entry.pending and raw_id:
        tx.pending[entry_id] = raw_id, entry.kind
    return entry_id


def join(tx: Transaction, number: int, person: Address, new_token: str, belongs: Belongs) -> str:
    """Makes this person known to the ticket and returns the token of the person's own link.

    `new_token` is used only for somebody new. Nobody comes to belong less.
    """
    people = tx.files[number].people
    known = people.get(person.email)
    if known is None:
        people[person.email] = Person(new_token, belongs, name=person.name)
        tx.add(
            Participant,
            ticket=number,
            address=person.email,
            name=person.name,
            token=new_token,
            belongs=belongs,
            late_told=False,
        )
        return new_token
    if list(Belongs).index(belongs) > list(Belongs).index(Belongs(known.belongs)):
        known.belongs = belongs
        update_person(tx, number, person.email, known)
    return known.token


def told_late(tx: Transaction, number: int, email: str) -> None:
    """Notes that this participant knows by now that the ticket is final."""
    known = tx.files[number].people[email]
    known.late_told = True
    update_person(tx, number, email, known)


def belongs(tx: Transaction, number: int, email: str) -> Belongs | None:
    """How this address belongs to the ticket; None when it does not."""
    if load(tx, number) is None:
        return None
    known = tx.files[number].people.get(email)
    return (Belongs(known.belongs) or None) if known else None


def people(tx: Transaction, number: int) -> tuple[Address, ...]:
    """Everybody known on a ticket, by the names they had when they became so."""
    load(tx, number)
    known = tx.files[number].people
    return tuple(Address(email, one.name) for email, one in known.items())


def cite(
    tx: Transaction, number: int, author: str, message_id: str, cited: Iterable[str] = ()
) -> None:
    """Remembers the Message-ID that `author` had or wrote, and those that its mail cites."""
    tx.files[number].ids.setdefault(author, []).append(message_id)
    for one, address in [(message_id, author), *((one, "") for one in list(cited)[-_CITED:])]:
        tx.citing[one].add(number)
        tx.add(ThreadId, message_id=one, ticket=number, address=address)


def look_up(tx: Transaction, message_ids: Collection[str]) -> None:
    """One query for what `citing` is going to be asked; it sees what this transaction adds."""
    if message_ids:
        for one, number in tx.all(_CITING, ids=list(message_ids)):
            tx.citing[one].add(number)
        tx.looked_up.update(message_ids)


def citing(tx: Transaction, message_ids: Collection[str]) -> list[int]:
    """The tickets whose mails carried or cited one of these ids, newest first."""
    look_up(tx, [one for one in message_ids if one not in tx.looked_up])
    found = set().union(*(tx.citing.get(one, ()) for one in message_ids))
    return sorted(found, reverse=True)


def look_up_ids(tx: Transaction, numbers: Collection[int]) -> None:
    """One query for what `had` is going to be asked about these tickets in hand."""
    asked = [number for number in numbers if tx.files[number].ids_before is None]
    for number in asked:
        tx.files[number].ids_before = {}
    for number, address, one in tx.all(_HAD, numbers=asked) if asked else ():
        known = tx.files[number].ids_before
        assert known is not None
        known.setdefault(address, []).append(one)


def had(tx: Transaction, number: int, email: str) -> tuple[str, ...]:
    """The ids of this ticket that this address wrote or was sent, oldest first, at most 20."""
    look_up_ids(tx, [number])
    file = tx.files[number]
    before = (file.ids_before or {}).get(email, [])
    ids = list(dict.fromkeys((*before, *file.ids.get(email, []))))
    return tuple(ids[:1] + ids[1:][-(_HAD_MOST - 1) :])


def pending(tx: Transaction, entry_id: int) -> tuple[int, EntryKind] | None:
    """The raw mail of an entry whose words wait for proof, and its kind; None when they do not."""
    if entry_id in tx.pending:
        return tx.pending[entry_id]
    row = tx.first(_PENDING, entry=entry_id)
    return (int(row[0]), EntryKind(row[1])) if row else None


def doubtful(tx: Transaction, entry_id: int, *, verified: bool, automatic: bool) -> bool:
    """Whether an entry shows less of who wrote it than what is known of the same mail now."""
    tx.flush()  # the entry may be waiting itself
    row = tx.first(_STANDING, entry=entry_id)
    return row is not None and (
        (verified and not row.verified) or (row.automatic != "" and not automatic)
    )


def confirmed(tx: Transaction, entry_id: int) -> None:
    """The words have been carried out and wait no longer."""
    tx.pending.pop(entry_id, None)
    tx.flush()  # the entry may be waiting itself
    tx.run(_CONFIRMED, {"b_id": entry_id})


def update_person(tx: Transaction, number: int, email: str, person: Person) -> None:
    """Has what this transaction knows of a participant written."""
    tx.later(
        _PERSON,
        b_ticket=number,
        b_address=email,
        belongs=person.belongs,
        late_told=person.late_told,
        failure=person.failure,
        failing_at=person.failing_at,
        absent_at=person.absent_at,
        back_on=person.back_on,
    )


def _next_number(tx: Transaction, first: int) -> int:
    if tx.last_number is None:
        row = tx.first(_LAST_NUMBER)
        if row is None:
            tx.run(insert(Counter), {"name": "ticket", "last": first - 1})
        tx.last_number = int(row[0]) if row else first - 1
    tx.last_number = max(tx.last_number + 1, first)
    return tx.last_number


def ticket_of(row: Mapping[str, Any], people: Mapping[str, Person] | None = None) -> Ticket:
    """The record of a ticket's row, and of what its participants' rows say of their reach."""
    known = people or {}
    return Ticket(
        number=row["number"],
        subject=row["subject"],
        state=row["state"],
        requester=person_of(row["requester"], row["requester_name"]),
        owner=row["owner"],
        opened=row["opened_at"],
        changed=row["changed_at"],
        late_told=frozenset(email for email, one in known.items() if one.late_told),
        reach=tuple(
            Reach(Address(email, one.name), one.failure, one.failing_at, one.absent_at, one.back_on)
            for email, one in known.items()
            if one.failure or one.failing_at or one.absent_at
        ),
        bounce_told=row["bounce_told"],
        merged_into=row["merged_into"],
    )


def person_of(email: str, name: str) -> Address | None:
    return Address(email, name) if email else None
